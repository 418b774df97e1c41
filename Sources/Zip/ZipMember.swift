/// The storage of a member's bytes (APPNOTE 4.4.5).
///
/// Others are refused.
public enum ZipMethod: UInt16, Sendable, Hashable {
  case stored = 0
  case deflated = 8
}

/// One member of an archive, as its central directory and its local header agree on it.
public struct ZipMember: Sendable, Hashable {
  /// The name, `/` between components; a directory ends in `/`.
  public var nameBytes: [UInt8]
  /// The name is marked as UTF-8 (APPNOTE appendix D).
  ///
  /// An ASCII name needs no mark.
  public var isUTF8: Bool
  public var method: ZipMethod
  public var crc32: UInt32
  /// Bytes in the archive.
  public var compressedSize: UInt64
  /// Bytes when inflated.
  public var size: UInt64
  /// The Unix mode, 0 if the archive was created on another system.
  public var mode: UInt16
  /// The range of the compressed bytes in the file.
  public var dataRange: Range<Int>
  /// The start of the local header in the file.
  var headerOffset: Int

  /// The name for people.
  public var name: String { String(decoding: nameBytes, as: UTF8.self) }
  public var isDirectory: Bool { nameBytes.last == UInt8(ascii: "/") }
  /// Whether a mode marks a symbolic link; its contents are the path that it leads to.
  public var isLink: Bool { mode & 0o170000 == 0o120000 }
  public var isExecutable: Bool { mode & 0o111 != 0 && !isLink }
}

/// The limits of a foreign archive.
public struct ZipLimits: Sendable, Hashable {
  public var members = 1_000_000
  /// Bytes of one member when inflated.
  public var memberSize: UInt64 = 16 << 30
  /// Bytes of all members when inflated.
  public var totalSize: UInt64 = 64 << 30
  /// All inflated bytes to all compressed ones, checked from ``ratioFloor`` inflated bytes on.
  public var ratio: UInt64 = 200
  public var ratioFloor: UInt64 = 256 << 20

  public init() {}
}
