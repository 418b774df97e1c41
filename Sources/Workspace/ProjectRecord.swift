internal import BuildFiles
internal import PythonProjects
internal import Snapshot
internal import SystemPackage
internal import SystemSupport

/// An earlier run's findings about Python projects, in a file of the state: valid while stat(2) of every checked file
/// and directory is the same. So a run in which nothing has changed parses no `pyproject.toml`.
struct ProjectRecord {
  private static let version = 2
  private let workspace: Workspace
  private var path: FilePath { workspace.stateDirectory.path.appending("projects") }

  init(_ workspace: Workspace) { self.workspace = workspace }

  /// The projects; nil where there are none.
  ///
  /// - Throws: `Diagnostic` for a uv workspace that uv would refuse.
  func table() throws -> ProjectTable? {
    let isUsed = environmentVariable("KILT_SNAPSHOT") != "off"
    if isUsed, let known = load() { return known }
    let files = ObservedFiles(root: workspace.root)
    guard let table = try ProjectSearch(files).table() else { return nil }
    if isUsed { save(table, files.places) }
    return table
  }

  /// The program: another build can find other projects.
  private static var program: String {
    guard let status = try? FileSystem.status(of: "/proc/self/exe", followingLinks: true) else { return kiltVersion }
    return "\(kiltVersion) \(status.size) \(status.modificationTime) \(status.inode)"
  }

  static func list(_ path: FilePath) throws -> [ProjectEntry]? {
    do throws(SystemCallError) {
      return try FileSystem.list(path).filter(\.isValidName).map { entry throws(SystemCallError) in
        ProjectEntry(name: entry.name, isDirectory: try isDirectory(entry, in: path))
      }
    } catch {
      if error.isMissing || error.errno == .notDirectory { return nil }
      throw error
    }
  }

  /// Whether an entry is a directory. A link counts as what it leads to.
  ///
  /// - Throws: what the system says of a link, unless the link leads nowhere, or to where this user may not look: a shortage
  ///   must not make a project disappear.
  private static func isDirectory(_ entry: DirectoryEntry, in directory: FilePath) throws(SystemCallError) -> Bool {
    guard entry.kind == .symbolicLink else { return entry.kind == .directory }
    do throws(SystemCallError) {
      return try FileSystem.status(of: directory.appending(entry.name), followingLinks: true).kind == .directory
    } catch {
      let leadsNowhere: [Errno] = [.notDirectory, .tooManySymbolicLinkLevels, .permissionDenied, .fileNameTooLong]
      if error.isMissing || leadsNowhere.contains(error.errno) { return false }
      throw error
    }
  }

  // MARK: Bytes

  /// The findings, if all checked files are unchanged. An unreadable record is computed again.
  private func load() -> ProjectTable? {
    guard let bytes = try? FileSystem.read(path, limit: 64 << 20) else { return nil }
    return bytes.withUnsafeBytes { buffer in
      var reader = ByteReader(buffer)
      return try? decode(&reader)
    }
  }

  private func decode(_ reader: inout ByteReader) throws(SnapshotError) -> ProjectTable? {
    guard try reader.int() == Self.version, try reader.string() == workspace.root.string,
      try reader.string() == Self.program
    else { return nil }
    let places = try reader.list { reader throws(SnapshotError) in try ObservedPlace(from: &reader) }
    guard places.allSatisfy(\.isSame) else { return nil }
    let text = { (reader: inout ByteReader) throws(SnapshotError) -> String in try reader.string() }
    let roots = try reader.list { reader throws(SnapshotError) in
      ProjectTable.Root(
        directory: try reader.string(), lockfile: try reader.string(), isProject: try reader.bool())
    }
    let entries = try reader.list { reader throws(SnapshotError) in
      ProjectTable.Entry(
        directory: try reader.string(), name: try reader.string(), sourceRoots: try reader.list(text),
        root: try reader.int())
    }
    guard entries.allSatisfy({ roots.indices.contains($0.root) }) else { return nil }
    return ProjectTable(roots: roots, entries: entries, requiresPython: try reader.list(text))
  }

  /// Saves the findings. If they cannot be saved, the next run computes them again.
  private func save(_ table: ProjectTable, _ places: [ObservedPlace]) {
    var writer = ByteWriter()
    writer.write(Self.version)
    writer.write(workspace.root.string)
    writer.write(Self.program)
    writer.write(list: places) { writer, place in place.encode(into: &writer) }
    writer.write(list: table.roots) { writer, root in
      writer.write(root.directory)
      writer.write(root.lockfile)
      writer.write(root.isProject)
    }
    writer.write(list: table.entries) { writer, entry in
      writer.write(entry.directory)
      writer.write(entry.name)
      writer.write(list: entry.sourceRoots) { $0.write($1) }
      writer.write(entry.root)
    }
    writer.write(list: table.requiresPython) { $0.write($1) }
    do throws(SystemCallError) {
      try workspace.stateDirectory.create()
      let descriptor = try FileSystem.open(workspace.root, .readOnly, options: .directory)
      let slack = FileSystemTraits(of: descriptor.rawValue).timestampSlack
      FileSystem.close(descriptor)
      // The file system's own time: a file touched in the same tick can change again without a sign, so nothing is
      // saved.
      let probe = workspace.stateDirectory.path.appending(".projects")
      try FileSystem.write(text: "", to: probe)
      let capture = try FileSystem.status(of: probe).modificationTime - slack
      guard !places.contains(where: { $0.isRacy(capture: capture) }) else { return }
      try FileSystem.write(writer.bytes, to: path)
    } catch {
      // A state that cannot be written costs time, nothing else.
      return
    }
  }
}

/// The disk, with the results of stat(2) for all checked files. Used by one thread.
private final class ObservedFiles: ProjectFiles {
  private let root: FilePath
  private(set) var places: [ObservedPlace] = []

  init(root: FilePath) { self.root = root }

  func read(_ path: String) throws -> [UInt8]? {
    let full = root.appending(path)
    // Before it is read: the next run sees changes in between.
    places.append(ObservedPlace(full))
    do throws(SystemCallError) {
      return try FileSystem.read(full, limit: 16 << 20)
    } catch {
      if error.isMissing || error.errno == .notDirectory || error.errno == .isDirectory { return nil }
      throw error
    }
  }

  func entries(of directory: String) throws -> [ProjectEntry]? {
    let full = directory.isEmpty ? root : root.appending(directory)
    places.append(ObservedPlace(full))
    return try ProjectRecord.list(full)
  }
}
