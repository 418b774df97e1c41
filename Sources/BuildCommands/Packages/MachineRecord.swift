internal import Digests
internal import PythonPackaging
internal import Snapshot
internal import SystemSupport
internal import Workspace

/// The inputs of products besides the targets of the workspace: the interpreters and programs of this machine, and the
/// lockfiles. Each is identified by its result of stat(2), and so are the searched directories. So a check needs no new
/// search.
struct MachineRecord {
  /// The variables that say where to look.
  private static let variables = [
    "PATH", "HOME", "PYENV_ROOT", "PYENV_VERSION", "PEX_PYTHON", "PEX_PYTHON_PATH",
  ]
  /// The programs that make archives.
  private static let programs = ["tar", "gzip", "xz", "bzip2"]

  /// Values of the variables.
  private(set) var environment: [String]
  /// The searched directories.
  private(set) var folders: [ObservedPlace]
  /// The found files, in order, and the lockfiles.
  private(set) var found: [ObservedPlace]

  /// Searches for everything.
  init(_ workspace: Workspace, _ wheels: PlatformWheels) {
    environment = Self.currentEnvironment
    var paths = [environmentVariable("PATH"), environmentVariable("PEX_PYTHON_PATH")].compactMap { $0 }
      .flatMap { $0.split(separator: ":").map { FilePath(String($0)) } }
    let root =
      environmentVariable("PYENV_ROOT").map { FilePath($0) }
      ?? environmentVariable("HOME").map { FilePath($0).appending(".pyenv") }
    if let root { paths += [root.appending("versions"), root.appending("version")] }
    let interpreters = wheels.interpreters().map(\.path)
    paths += interpreters.map { $0.removingLastComponent() }
    var seen: Set<FilePath> = []
    folders = paths.filter { seen.insert($0).inserted }.map { ObservedPlace($0) }
    found = interpreters.map { ObservedPlace($0) }
    found += Self.programs.compactMap { Subprocess.find($0) }.map { ObservedPlace($0) }
    found += workspace.configuration.lockedResolves.map { ObservedPlace(workspace.root.appending($0.lockfile)) }
  }

  private static var currentEnvironment: [String] { variables.map { environmentVariable($0).map { "=" + $0 } ?? "" } }

  /// Whether everything is unchanged, as far as a check without a search can tell.
  var isCurrent: Bool {
    environment == Self.currentEnvironment && folders.allSatisfy(\.isSame) && found.allSatisfy(\.isSame)
  }

  /// Whether the found files are the same, regardless of the searched directories.
  func finds(_ other: MachineRecord) -> Bool { found == other.found }

  func isRacy(capture: Int64) -> Bool { (folders + found).contains { $0.isRacy(capture: capture) } }

  /// Identifies the found files.
  var identity: [UInt8] {
    var encoder = CanonicalEncoder()
    encoder.append(strings: found.map { "\($0.path) \($0.stamp)" })
    return Array(encoder.digest.bytes.prefix(16))
  }

  // MARK: Bytes

  var bytes: [UInt8] {
    var writer = ByteWriter()
    writer.write(list: environment) { $0.write($1) }
    for places in [folders, found] {
      writer.write(list: places) { writer, place in place.encode(into: &writer) }
    }
    return writer.bytes
  }

  /// Nil for no bytes.
  init?(bytes: [UInt8]) {
    guard !bytes.isEmpty else { return nil }
    func places(_ reader: inout ByteReader) throws(SnapshotError) -> [ObservedPlace] {
      try reader.list { reader throws(SnapshotError) in try ObservedPlace(from: &reader) }
    }
    let read = bytes.withUnsafeBytes {
      buffer -> (environment: [String], folders: [ObservedPlace], found: [ObservedPlace])? in
      var reader = ByteReader(buffer)
      do throws(SnapshotError) {
        return (
          try reader.list { reader throws(SnapshotError) in try reader.string() }, try places(&reader),
          try places(&reader)
        )
      } catch {
        // Then nothing is known.
        return nil
      }
    }
    guard let read else { return nil }
    (environment, folders, found) = read
  }
}
