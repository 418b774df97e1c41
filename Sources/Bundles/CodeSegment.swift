import ContentStore
import Digests
import SystemSupport
import Zip

/// The workspace's own files, sorted by path.
struct CodeSegment {
  private struct Member {
    var entry: ZipEntry
    var data: Data
  }

  private enum Data {
    case bytes([UInt8])
    /// Kept as it is, and copied when the bundle is written: too large to hold in memory.
    case file(FilePath)
  }

  private var members: [Member] = []
  /// The files by path, with the digests of their contents.
  private(set) var sources: [(source: SourceMember, digest: SHA256Digest)] = []
  /// A function of the paths, modes and contents.
  private(set) var digest = SHA256Digest.of([])
  private(set) var size: UInt64 = 0

  /// Files from this size on are stored, not deflated.
  static let largeSize: Int64 = 32 << 20
  /// Deflated files from this size on are kept in the content store; below, deflating costs less than looking.
  static let keptSize = 1 << 20
  private static let namespace = "deflate-6"

  /// - Parameter layout: of the bundle; only the one-file layout deflates.
  init(_ sources: [SourceMember], layout: BundleSpecification.Layout, store: ContentStore) throws {
    let sorted = sources.sorted { $0.bundlePath.utf8.lexicographicallyPrecedes($1.bundlePath.utf8) }
    var hasher = SHA256Hasher()
    var previous: String?
    for source in sorted {
      try Self.checkPath(source.bundlePath, layout)
      guard source.bundlePath != previous else { throw BundleError.duplicateSource(source.bundlePath) }
      previous = source.bundlePath
      do {
        let contents: SHA256Digest
        if layout == .zipapp {
          let member: Member
          (member, contents) = try Self.read(source, store: store)
          append(member)
        } else {
          contents = try Self.digest(source)
        }
        if let expected = source.digest, contents != expected { throw BundleError.sourceChanged(source.bundlePath) }
        hasher.update("\(source.bundlePath.utf8.count) \(source.bundlePath) \(source.isExecutable) \(contents)\n")
        self.sources.append((source, contents))
      } catch let error as SystemCallError {
        throw BundleError.unreadableSource(source.bundlePath, error)
      }
    }
    digest = hasher.digest()
  }

  private mutating func append(_ member: Member) {
    size += UInt64(member.entry.localHeaderSize) + member.entry.compressedSize
    members.append(member)
  }

  func write(to writer: ZipWriter) throws {
    for member in members {
      switch member.data {
      case .bytes(let bytes):
        try writer.begin(member.entry)
        try writer.write(bytes)
      case .file(let path):
        let file = try FileSystem.open(path, .readOnly)
        defer { FileSystem.close(file) }
        try writer.begin(member.entry)
        try writer.copy(0..<member.entry.size, of: file, entries: [])
      }
    }
  }

  /// Writes the files below a directory.
  ///
  /// - Throws: ``BundleError/sourceChanged(_:)`` for a changed file.
  func write(to directory: FilePath) throws {
    for (source, digest) in sources {
      let path = directory.pushing(FilePath(source.bundlePath))
      try FileSystem.createDirectories(path.removingLastComponent())
      let permissions: UInt32 = source.isExecutable ? 0o755 : 0o644
      switch source.contents {
      case .bytes(let bytes): try FileSystem.write(bytes, to: path, permissions: permissions)
      case .file(let file):
        try FileSystem.copyFile(file, to: path, permissions: permissions)
        guard try SHA256Digest.ofFile(path).digest == digest else {
          throw BundleError.sourceChanged(source.bundlePath)
        }
      }
    }
  }

  private static func digest(_ source: SourceMember) throws -> SHA256Digest {
    switch source.contents {
    case .bytes(let bytes): .of(bytes)
    case .file(let path): try SHA256Digest.ofFile(path).digest
    }
  }

  private static func checkPath(_ path: String, _ layout: BundleSpecification.Layout) throws {
    let reserved =
      [".deps", ".bootstrap", "__pex__", "PEX-INFO", "__main__.py"] + (layout == .zipapp ? [] : ["pex"])
    let components = path.split(separator: "/", omittingEmptySubsequences: false)
    if components.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }) || path.utf8.contains(0) {
      throw BundleError.badSourcePath(path, reason: "it is not a plain relative path")
    }
    if let first = components.first, reserved.contains(String(first)) {
      throw BundleError.badSourcePath(path, reason: "the bundle itself needs \"\(first)\" at this path")
    }
  }

  /// The member, and the digest of its content.
  private static func read(_ source: SourceMember, store: ContentStore) throws -> (Member, SHA256Digest) {
    let name = Array(source.bundlePath.utf8)
    let bytes: [UInt8]
    switch source.contents {
    case .bytes(let given): bytes = given
    case .file(let path):
      if try FileSystem.status(of: path, followingLinks: true).size >= largeSize {
        return try readLarge(source, path)
      }
      bytes = try FileSystem.read(path)
    }
    let digest = SHA256Digest.of(bytes)
    let contents = try deflated(bytes, digest, store: store)
    let entry = contents.entry(named: name, isExecutable: source.isExecutable)
    return (Member(entry: entry, data: .bytes(contents.bytes)), digest)
  }

  private static func deflated(_ bytes: [UInt8], _ digest: SHA256Digest, store: ContentStore) throws -> ZipContents {
    guard bytes.count >= keptSize else { return ZipContents(compressing: bytes) }
    let checksum = bytes.withUnsafeBytes { Deflate.crc32($0) }
    if let kept = try store.record(namespace, digest), kept.count < bytes.count {
      return ZipContents(method: .deflated, crc32: checksum, size: UInt64(bytes.count), bytes: kept)
    }
    let contents = ZipContents(compressing: bytes)
    if contents.method == .deflated { try store.setRecord(namespace, digest, to: contents.bytes) }
    return contents
  }

  private static func readLarge(_ source: SourceMember, _ path: FilePath) throws -> (Member, SHA256Digest) {
    let file = try FileSystem.open(path, .readOnly)
    defer { FileSystem.close(file) }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
    defer { buffer.deallocate() }
    var hasher = SHA256Hasher()
    var checksum: UInt32 = 0
    var size: UInt64 = 0
    while case let count = try FileSystem.read(file, into: buffer, path: path), count > 0 {
      let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
      hasher.update(bytes)
      checksum = Deflate.crc32(bytes, from: checksum)
      size += UInt64(count)
    }
    let entry = ZipEntry(
      name: Array(source.bundlePath.utf8), method: .stored, crc32: checksum, compressedSize: size, size: size,
      isExecutable: source.isExecutable)
    return (Member(entry: entry, data: .file(path)), hasher.digest())
  }
}
