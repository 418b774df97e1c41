internal import Digests
internal import Glibc
internal import Snapshot
public import SystemPackage
public import SystemSupport

/// What a file held when it was read.
public struct FileContent: Sendable {
  /// What stat(2) said before it was read: a change since then is seen next time.
  var stat: StatTuple
  /// The bytes; nil where the file could not be read.
  public var bytes: [UInt8]?
  var digest = DigestRow()
}

extension FileState {
  /// Those of these files that are not as they were when they were last read, each looked at once.
  public func touched(among files: [FileID], root: FilePath) throws(SystemCallError) -> [FileID] {
    if files.isEmpty { return [] }
    let descriptor = try FileSystem.open(root, .readOnly, options: .directory)
    defer { FileSystem.close(descriptor) }
    let walk = StatWalk(
      state: self, root: descriptor.rawValue,
      ignoringInode: FileSystemTraits(of: descriptor.rawValue).hasUnstableInodes)
    return files.map(\.rawValue).withUnsafeBufferPointer { walk.files($0) }.map { FileID($0.0) }
  }

  /// Reads a file, on any thread; what it held is noted by ``note(_:of:capture:)``.
  public func read(_ path: FilePath, ignoringInode: Bool) -> FileContent {
    var status = Glibc.stat()
    let known = path.withPlatformString { stat($0, &status) } == 0
    var content = FileContent(stat: known ? StatTuple(status, ignoringInode: ignoringInode) : StatTuple())
    // One that can not be read is unknown, which is what its state then says.
    guard known, let bytes = try? FileSystem.read(path) else { return content }
    content.bytes = bytes
    content.digest = DigestRow(bytes)
    return content
  }

  /// The digest of a file, on any thread, without its bytes.
  public func readDigest(_ path: FilePath, ignoringInode: Bool) -> FileContent {
    var status = Glibc.stat()
    let known = path.withPlatformString { stat($0, &status) } == 0
    var content = FileContent(stat: known ? StatTuple(status, ignoringInode: ignoringInode) : StatTuple())
    // One that can not be read is unknown, which is what its state then says.
    guard known, let digest = try? SHA256Digest.ofFile(path).digest else { return content }
    content.bytes = []
    content.digest = DigestRow(digest)
    return content
  }

  /// Notes what a file held.
  ///
  /// - Parameter capture: the file system's time before the file was read.
  /// - Returns: whether it differs from what it held before, or may be executed now and could not be, or the reverse.
  @discardableResult
  public func note(_ content: FileContent, of file: FileID, capture: Int64) -> Bool {
    var row = files[file.index]
    let executableChanged = (row.stat.mode ^ content.stat.mode) & 0o111 != 0
    row.stat = content.stat
    row.flags &= ~(FileRow.racy | FileRow.unknown)
    if content.stat.isRacy(capture: capture) { row.flags |= FileRow.racy }
    if content.bytes == nil { row.flags |= FileRow.unknown }
    let contentDiffers = content.bytes == nil || !row.has(FileRow.digestKnown) || digests[file.index] != content.digest
    let differs = contentDiffers || executableChanged
    if differs { row.changedAt = beginGeneration() }
    if contentDiffers { row.flags |= FileRow.importsStale }
    if content.bytes != nil {
      row.flags |= FileRow.digestKnown
      digests[file.index] = content.digest
    } else {
      row.flags &= ~FileRow.digestKnown
    }
    files[file.index] = row
    return differs
  }
}

extension DigestRow {
  init(_ bytes: [UInt8]) { self.init(SHA256Digest.of(bytes)) }

  init(_ digest: SHA256Digest) {
    self.init()
    let bytes = digest.bytes
    withUnsafeMutableBytes(of: &words) { $0.copyBytes(from: bytes) }
  }
}
