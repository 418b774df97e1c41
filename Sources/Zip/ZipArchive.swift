// Zip: archives for reading (wheels and bundles from outside, never trusted) and for writing (bundles, deterministic).
// Members are copied between archives as they are, without inflating them.

import Diagnostics
public import SystemPackage
public import SystemSupport

/// A zip archive mapped into memory, its directory read and checked.
///
/// Opening it refuses everything that two readers could read differently or that could mislead an unpacker: names that
/// leave the directory, links, duplicates, overlaps, sizes that contradict each other. Data is checked when it is read:
/// ``contents(of:)``, ``verify()``.
public final class ZipArchive: Sendable {
  /// The archive as messages name it.
  public let name: String
  public let file: MappedFile
  /// In the order of the central directory.
  public let members: [ZipMember]
  /// Bytes before the first member, such as a `#!` line.
  public let prefixSize: Int

  /// Reads the directory of the archive at `path`.
  /// - Parameter name: the name in messages; the last component of the path by default.
  /// - Throws: ``ZipError``, or the error of opening the file.
  public convenience init(path: FilePath, name: String? = nil, limits: ZipLimits = ZipLimits()) throws {
    try self.init(file: MappedFile(path), name: name ?? path.lastComponent?.string ?? path.string, limits: limits)
  }

  /// Reads the directory of a file that is mapped already.
  public init(file: MappedFile, name: String, limits: ZipLimits = ZipLimits()) throws {
    self.name = name
    self.file = file
    members = try withExtendedLifetime(file) {
      try ZipDirectoryReader(archive: name, bytes: file.bytes, limits: limits).members()
    }
    prefixSize = try ZipChecks(archive: name, limits: limits).check(members)
  }

  /// The bytes of a member, inflated, and equal to its size and checksum.
  public func contents(of member: ZipMember) throws -> [UInt8] {
    let found = try withExtendedLifetime(file) { () throws -> [UInt8] in
      let raw = rawData(of: member)
      guard member.method == .deflated else { return Array(raw) }
      guard let result = Deflate.decompress(raw, size: Int(member.size)) else {
        throw ZipError(archive: name, member: member.name, .damagedData)
      }
      return result
    }
    guard found.count == member.size else {
      throw ZipError(archive: name, member: member.name, .wrongSize(expected: member.size))
    }
    let checksum = found.withUnsafeBytes { Deflate.crc32($0) }
    guard checksum == member.crc32 else {
      throw ZipError(archive: name, member: member.name, .wrongChecksum(expected: member.crc32, found: checksum))
    }
    return found
  }

  /// Members from this size on are inflated piece by piece.
  public static let largeSize: UInt64 = 16 << 20

  /// Passes the inflated bytes of a member to `body`: at once, or in pieces for a large member, so that it is never in
  /// memory as a whole. Size and checksum are compared at the end: do not trust the bytes before this function returns.
  public func forEachPiece(of member: ZipMember, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    guard member.size >= Self.largeSize else { return try contents(of: member).withUnsafeBytes(body) }
    var checksum: UInt32 = 0
    var size: UInt64 = 0
    func take(_ piece: UnsafeRawBufferPointer) throws {
      checksum = Deflate.crc32(piece, from: checksum)
      size += UInt64(piece.count)
      // A member that continues beyond its stated size need not be inflated to its end.
      guard size <= member.size else {
        throw ZipError(archive: name, member: member.name, .wrongSize(expected: member.size))
      }
      try body(piece)
    }
    try withExtendedLifetime(file) {
      let raw = rawData(of: member)
      if member.method == .stored {
        for start in stride(from: 0, to: raw.count, by: InflateStream.pieceSize) {
          let piece = UnsafeRawBufferPointer(rebasing: raw[start..<min(raw.count, start + InflateStream.pieceSize)])
          try take(piece)
          ZipWriter.release(piece)
        }
      } else if try !InflateStream.inflate(raw, take, used: ZipWriter.release) {
        throw ZipError(archive: name, member: member.name, .damagedData)
      }
    }
    guard size == member.size else {
      throw ZipError(archive: name, member: member.name, .wrongSize(expected: member.size))
    }
    guard checksum == member.crc32 else {
      throw ZipError(archive: name, member: member.name, .wrongChecksum(expected: member.crc32, found: checksum))
    }
  }

  /// Releases the memory of a range of the mapped file; the range is read again at its next use.
  public func release(_ range: Range<Int>) {
    ZipWriter.release(UnsafeRawBufferPointer(rebasing: file.bytes[range]))
  }

  /// The bytes of a member as the archive holds them; valid as long as ``file`` lives.
  public func rawData(of member: ZipMember) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: file.bytes[member.dataRange])
  }

  /// The member of that name, or nil.
  ///
  /// Looks through all: for a few look-ups.
  public func member(named name: String) -> ZipMember? {
    let bytes = Array(name.utf8)
    return members.first { $0.nameBytes == bytes }
  }

  /// Inflates every member and compares sizes and checksums.
  public func verify() throws {
    for member in members where !member.isDirectory { try forEachPiece(of: member) { _ in } }
  }

  /// Names that are one on a file system that does not tell cases apart, in groups.
  public func caseCollisions() -> [[String]] {
    var groups: [String: [String]] = [:]
    for member in members { groups[member.name.lowercased(), default: []].append(member.name) }
    return groups.values.filter { $0.count > 1 }.map { $0.sorted() }.sorted { $0[0] < $1[0] }
  }
}
