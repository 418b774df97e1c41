import Digests
import SystemSupport

/// The result of verifying a cached bundle: its digest, and the result of stat(2) at that time.
///
/// While size, modification time, change time and inode are the same, nobody has written to the file, and its bytes
/// need not be hashed again: a program cannot set the change time back.
struct HitRecord: Sendable, Hashable {
  /// The kind of data that the digest covers.
  enum Form: String, Sendable { case file, tree }

  var form: Form
  var digest: SHA256Digest
  /// The file's name in the bundle's directory: `NAME.pex`.
  var fileName: String
  var size: Int64
  var modificationTime: Int64
  var changeTime: Int64
  var inode: UInt64
  /// When the manifest was created, in seconds since 1970: decides which commit of a name is the newest.
  var created: Int64
  /// The boot of the machine in which the bytes were written without waiting for the disk; `-` once they are on it.
  /// After another boot the record counts for nothing: a power cut can have left zeros.
  var boot: String
  /// The policies that admitted the bundle; `-` for none. See ``TrustContext/identity``.
  var trust: String

  init(_ manifest: Manifest, fileName: String, status: FileStatus, boot: String, trust: String = "-") {
    form = manifest.format == 1 ? .file : .tree
    digest = manifest.digest
    self.fileName = fileName
    created = manifest.created
    self.boot = boot
    self.trust = trust
    (size, modificationTime, changeTime, inode) = (0, 0, 0, 0)
    renew(status)
  }

  /// Adopts the file's current result of stat(2).
  mutating func renew(_ status: FileStatus) {
    size = status.size
    modificationTime = status.modificationTime
    changeTime = status.changeTime
    inode = status.inode
  }

  func matches(_ status: FileStatus) -> Bool {
    status.kind == .file && size == status.size && modificationTime == status.modificationTime
      && changeTime == status.changeTime && inode == status.inode
  }

  private static let mark = "kilt-hit-2"

  /// One line: `kilt-hit-2 FORM DIGEST FILE SIZE MTIME CTIME INODE CREATED BOOT TRUST CHECK`. The check is the
  /// beginning of the SHA-256 of everything before it: a record with a changed bit counts as absent.
  var bytes: [UInt8] {
    let text =
      "\(Self.mark) \(form.rawValue) \(digest) \(fileName) \(size) \(modificationTime) \(changeTime) \(inode) "
      + "\(created) \(boot) \(trust)"
    return Array("\(text) \(Self.check(text))\n".utf8)
  }

  private static func check(_ text: some StringProtocol) -> String {
    String(SHA256Digest.of(String(text)).hex.prefix(16))
  }

  /// Nil for a record of another version, or a damaged one: it counts as absent.
  init?(parsing bytes: [UInt8]) {
    guard bytes.last == UInt8(ascii: "\n"), let text = String(validating: bytes.dropLast(), as: UTF8.self) else {
      return nil
    }
    let fields = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    guard fields.count == 12, fields[0] == Self.mark, fields[11] == Self.check(text.dropLast(17)),
      let form = Form(rawValue: fields[1]), let digest = SHA256Digest(hex: fields[2]), ArtifactName(fields[3]) != nil,
      let size = Int64(fields[4]), let modificationTime = Int64(fields[5]), let changeTime = Int64(fields[6]),
      let inode = UInt64(fields[7]), let created = Int64(fields[8])
    else { return nil }
    self.form = form
    self.digest = digest
    fileName = fields[3]
    self.size = size
    self.modificationTime = modificationTime
    self.changeTime = changeTime
    self.inode = inode
    self.created = created
    boot = fields[9]
    trust = fields[10]
  }

  /// The kernel's name for this boot (random(4)); a new one each time if the kernel does not say.
  static var currentBoot: String {
    guard let bytes = smallFile("/proc/sys/kernel/random/boot_id") else { return "unknown-\(monotonicNanoseconds())" }
    return String(decoding: bytes.prefix { $0 > 32 }, as: UTF8.self)
  }
}
