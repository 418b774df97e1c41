import Digests
import SystemSupport

/// What the cache remembers of a bundle it verified: its digest, and what stat(2) said of the file then.
///
/// As long as size, modification time, change time and inode are the same, the file has not been written to, and its
/// bytes need not be hashed again: the change time cannot be set back by a program.
struct HitRecord: Sendable, Hashable {
  var digest: SHA256Digest
  /// The file's name in the bundle's folder: `NAME.pex`.
  var fileName: String
  var size: Int64
  var modificationTime: Int64
  var changeTime: Int64
  var inode: UInt64
  /// When the manifest was made, in seconds since 1970: decides which commit of a name is the newest.
  var created: Int64

  init(digest: SHA256Digest, fileName: String, status: FileStatus, created: Int64) {
    self.digest = digest
    self.fileName = fileName
    self.created = created
    size = status.size
    modificationTime = status.modificationTime
    changeTime = status.changeTime
    inode = status.inode
  }

  func matches(_ status: FileStatus) -> Bool {
    status.kind == .file && size == status.size && modificationTime == status.modificationTime
      && changeTime == status.changeTime && inode == status.inode
  }

  /// One line: `kilt-hit-1 DIGEST FILE SIZE MTIME CTIME INODE CREATED`.
  var bytes: [UInt8] {
    Array("kilt-hit-1 \(digest) \(fileName) \(size) \(modificationTime) \(changeTime) \(inode) \(created)\n".utf8)
  }

  /// Nil for a record of another version, or a damaged one: it counts as absent.
  init?(parsing bytes: [UInt8]) {
    guard bytes.last == UInt8(ascii: "\n") else { return nil }
    let fields = bytes.dropLast().split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
      .map { String(decoding: $0, as: UTF8.self) }
    guard fields.count == 8, fields[0] == "kilt-hit-1", let digest = SHA256Digest(hex: fields[1]),
      ArtifactName(fields[2]) != nil, let size = Int64(fields[3]), let modificationTime = Int64(fields[4]),
      let changeTime = Int64(fields[5]), let inode = UInt64(fields[6]), let created = Int64(fields[7])
    else { return nil }
    self.digest = digest
    fileName = fields[2]
    self.size = size
    self.modificationTime = modificationTime
    self.changeTime = changeTime
    self.inode = inode
    self.created = created
  }
}
