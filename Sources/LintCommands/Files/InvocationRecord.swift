internal import BuildFiles
internal import Digests
internal import Snapshot
public import SystemSupport
public import TargetGraph
public import Workspace

/// A run that found nothing, and everything it rests on, by stat(2): an equal run later ends after one look at each place.
///
/// No state is loaded and no BUILD file is read for it. A run that rests on more is not recorded.
public struct InvocationRecord {
  private static let magic: UInt64 = 0x6B69_6C74_7265_6331
  /// The program itself: another build may judge otherwise.
  private static let program = "/proc/self/exe"

  private let path: FilePath
  private let root: FilePath
  private let directory: StateDirectory
  private let key: [UInt8]

  /// - Parameters:
  ///   - root: the workspace's.
  ///   - state: its state directory.
  ///   - arguments: all that the command was told, the working directory among it.
  public init(root: FilePath, state: StateDirectory, arguments: [String]) {
    self.root = root
    directory = state
    var encoder = CanonicalEncoder()
    encoder.append("invocation 1")
    encoder.append(strings: arguments)
    encoder.append(root.string)
    let prefixes = ["PATH=", "HOME=", "XDG_", "KILT_", "PANTS_", "PIP_", "UV_", "PYENV_", "PEX_"]
    encoder.append(
      strings: environmentStrings().filter { entry in prefixes.contains { entry.hasPrefix($0) } }.sorted())
    key = encoder.digest.bytes
    path = state.path.appending("lint/quiet-" + String(encoder.digest.hex.prefix(24)))
  }

  /// What the earlier run said at its end, if nothing that it rests on has changed.
  public func recall() -> String? {
    // What cannot be read, or is damaged, is as good as not there: the run then does all the work.
    guard environmentVariable("KILT_SNAPSHOT") != "off", let file = try? MappedFile(path), file.bytes.count > 80,
      let descriptor = try? FileSystem.open(root, .readOnly, options: .directory)
    else { return nil }
    defer { FileSystem.close(descriptor) }
    let bytes = file.bytes
    guard SHA256Digest(bytes: bytes[..<32]) == .of(UnsafeRawBufferPointer(rebasing: bytes[32...])) else { return nil }
    var reader = RecordReader(bytes: UnsafeRawBufferPointer(rebasing: bytes[32...]))
    guard reader.number() == Self.magic, reader.data() == key, let text = reader.data(),
      let ignoresInodes = reader.number(), let count = reader.number().flatMap({ Int(exactly: $0) })
    else { return nil }
    let places = RecordPlaces(bytes: reader.rest, count: count, ignoresInodes: ignoresInodes == 1)
    return withExtendedLifetime(file) {
      places.areSame(root: descriptor.rawValue) ? String(decoding: text, as: UTF8.self) : nil
    }
  }

  /// Keeps a run.
  ///
  /// - Parameters:
  ///   - text: what the run said at its end.
  ///   - files: the files that it was about, each looked at in this run.
  ///   - others: further files that it rests on, from the workspace root or absolute; they need not exist.
  ///   - resolver: of the run; its state has what stat(2) said before anything was read.
  public func keep(_ text: String, files: [FileID], others: [String], in resolver: DependencyResolver) throws {
    guard let state = resolver.graph.state, state.isKept, let table = try resolver.readContents(of: []) else { return }
    let capture = state.captureTime()
    var entries = RecordWriter()
    var count: UInt64 = 0
    var isRacy = false
    func add(_ path: String, _ tuple: RecordPlaces.Tuple, _ kind: RecordPlaces.Kind) {
      count += 1
      entries.place(path, tuple, kind)
      if tuple.modified >= capture || tuple.changed >= capture { isRacy = true }
    }
    let names = resolver.graph.files
    for directory in names.allDirectories {
      add(names.path(of: directory), RecordPlaces.Tuple(table.directories[directory.index].stat), .directory)
    }
    var seen: Set<FileID> = []
    for file in files + table.watched[0..<table.watched.count].map({ FileID(Int($0)) })
    where seen.insert(file).inserted {
      let row = table.files[file.index]
      if row.has(FileRow.dead) { continue }
      if row.has(FileRow.racy | FileRow.unknown) { isRacy = true }
      add(names.path(of: file), RecordPlaces.Tuple(row.stat), .file)
    }
    for other in others + [Self.program] {
      let path = other.hasPrefix("/") ? other : root.appending(other).string
      let tuple = RecordPlaces.look(path, ignoringInode: state.ignoringInode)
      // A file that comes into a directory changes the directory.
      if tuple == RecordPlaces.Tuple(), path != other, names.directory(at: Paths.parent(other)) != nil { continue }
      add(path, tuple, .other)
    }
    guard !isRacy else { return }
    var writer = RecordWriter()
    writer.number(Self.magic)
    writer.data(key)
    writer.data(Array(text.utf8))
    writer.number(state.ignoringInode ? 1 : 0)
    writer.number(count)
    let bytes = writer.bytes + entries.bytes
    // One that cannot be kept costs the next run its work.
    do throws(SystemCallError) {
      try directory.create()
      try FileSystem.createDirectories(path.removingLastComponent())
      try FileSystem.write(SHA256Digest.of(bytes).bytes + bytes, to: path)
    } catch {
      return
    }
  }
}
