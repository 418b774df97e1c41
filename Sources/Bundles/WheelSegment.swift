import ContentStore
import Digests
import JSON
import Synchronization
import SystemSupport
import Zip

/// A wheel as a bundle holds it: its members, raw, in their order, below `.deps/FILE_NAME/`.
///
/// The bytes depend on the wheel and its file name alone, so every bundle that uses the wheel has the same segment, and
/// its digest is kept in the content store.
struct WheelSegment {
  let wheel: WheelInput
  let archive: ZipArchive
  /// The members that are files, with their paths below the wheel's directory and their names in the bundle.
  let members: [Member]
  /// Generated members: `.layout.json`, by which the tools of PEX recognize an installed wheel, and `RECORD` if members
  /// have other positions than in the wheel. Stored, so that the bytes never change.
  let generated: [(path: [UInt8], entry: ZipEntry, bytes: [UInt8])]
  let size: UInt64
  /// Known when some bundle with this wheel was built before.
  let knownDigest: SHA256Digest?

  struct Member {
    var member: ZipMember
    var path: [UInt8]
    var entry: ZipEntry
  }

  private static let namespace = "bundle-segment-2"
  /// Wheels whose members were compared with their checksums and `RECORD`.
  private static let checkedNamespace = "wheel-checked-1"

  private static func key(_ wheel: WheelInput) -> SHA256Digest { .of("\(wheel.sha256) \(wheel.fileName)") }

  /// The digest of a wheel's segment, where some bundle with this wheel was built before.
  static func digest(of wheel: WheelInput, in store: ContentStore) throws -> SHA256Digest? {
    try store.record(namespace, key(wheel)).flatMap { SHA256Digest(bytes: $0) }
  }

  /// Opens the wheel. One that is seen for the first time is inflated and checked in full.
  init(_ wheel: WheelInput, store: ContentStore) throws {
    self.wheel = wheel
    do {
      archive = try ZipArchive(path: wheel.path, name: wheel.fileName)
    } catch let error as SystemCallError {
      throw BundleError.unreadableWheel(wheel.fileName, error)
    }
    let archive = archive
    let prefix = Array(".deps/\(wheel.fileName)/".utf8)
    let record = try WheelRecord.find(in: archive)
    let isPure = try Self.isPure(archive, record: record)
    let installed = InstalledWheel(archive, fileName: wheel.fileName, record: record, isPure: isPure)
    members = archive.members.lazy.filter {
      !$0.isDirectory && !(installed.moves && $0.nameBytes == record.nameBytes)
    }.map {
      let path = installed.place(of: $0.nameBytes)
      return Member(member: $0, path: path, entry: ZipEntry($0, name: prefix + path))
    }
    var generated: [(path: [UInt8], bytes: [UInt8])] = []
    if installed.moves {
      generated.append((record.nameBytes, installed.placedRecord(try archive.contents(of: record))))
      try Self.checkPlaces(members, generated[0].path, archive)
    }
    generated.append((Array(".layout.json".utf8), Self.layout(wheel, record: record, isPure: isPure, installed)))
    self.generated = generated.map { path, bytes in
      let checksum = bytes.withUnsafeBytes { Deflate.crc32($0) }
      let entry = ZipEntry(
        name: prefix + path, method: .stored, crc32: checksum, compressedSize: UInt64(bytes.count),
        size: UInt64(bytes.count), isExecutable: false)
      return (path, entry, bytes)
    }
    size = (members.map(\.entry) + self.generated.map(\.entry)).reduce(0) {
      $0 + UInt64($1.localHeaderSize) + $1.compressedSize
    }
    knownDigest = try Self.digest(of: wheel, in: store)
    if knownDigest == nil, try store.record(Self.checkedNamespace, wheel.sha256) == nil {
      try WheelRecord.check(archive, record: record)
      try store.setRecord(Self.checkedNamespace, wheel.sha256, to: [])
    }
  }

  /// Opens wheels, several at a time: one that is new is inflated as a whole.
  static func open(_ inputs: [WheelInput], store: ContentStore) throws -> [WheelSegment] {
    let results = Mutex([Result<WheelSegment, any Error>?](repeating: nil, count: inputs.count))
    performInParallel(count: inputs.count) { index in
      let result = Result { try WheelSegment(inputs[index], store: store) }
      results.withLock { $0[index] = result }
    }
    return try results.withLock { try $0.compactMap { try $0?.get() } }
  }

  /// Keeps the digest for the next bundle that uses the wheel.
  func remember(_ digest: SHA256Digest, in store: ContentStore) throws {
    try store.setRecord(Self.namespace, Self.key(wheel), to: digest.bytes)
  }

  func write(to writer: ZipWriter) throws {
    var done = 0
    for member in members {
      try writer.copy(member.member, from: archive, as: member.entry)
      let end = member.member.dataRange.upperBound
      // Memory does not grow with the wheel.
      if end - done > 8 << 20 {
        archive.release(done..<end)
        done = end
      }
    }
    for (_, entry, bytes) in generated {
      try writer.begin(entry)
      try writer.write(bytes)
    }
    archive.release(0..<archive.file.bytes.count)
  }

  /// A file of `.data` can collide with another file of the wheel.
  private static func checkPlaces(_ members: [Member], _ record: [UInt8], _ archive: ZipArchive) throws {
    var paths: Set<[UInt8]> = [record, Array(".layout.json".utf8)]
    for member in members where !paths.insert(member.path).inserted {
      throw WheelError(wheel: archive.name, member: member.member.name, problem: .takenPlace)
    }
  }

  private static func isPure(_ archive: ZipArchive, record: ZipMember) throws -> Bool {
    guard let member = archive.member(named: record.name.dropLast("RECORD".count) + "WHEEL") else { return false }
    let text = String(decoding: try archive.contents(of: member), as: UTF8.self)
    return text.split(whereSeparator: \.isNewline).contains {
      $0.lowercased().filter { !$0.isWhitespace } == "root-is-purelib:true"
    }
  }

  private static func layout(
    _ wheel: WheelInput, record: ZipMember, isPure: Bool, _ installed: InstalledWheel
  ) -> [UInt8] {
    let value: JSONValue = [
      "fingerprint": .string(wheel.sha256.hex), "record_relpath": .string(record.name),
      "root_is_purelib": .bool(isPure),
      "stash_dir": ".prefix", "sys_path_entries": .strings(installed.pathEntries),
    ]
    return value.bytes(.canonical)
  }
}
