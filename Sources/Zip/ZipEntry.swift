/// A member to write: its headers are functions of these facts alone, so that equal members have equal bytes.
public struct ZipEntry: Sendable, Hashable {
  /// `/` between components.
  public var name: [UInt8]
  public var method: ZipMethod
  public var crc32: UInt32
  public var compressedSize: UInt64
  public var size: UInt64
  public var isExecutable: Bool

  public init(
    name: [UInt8], method: ZipMethod, crc32: UInt32, compressedSize: UInt64, size: UInt64, isExecutable: Bool
  ) {
    self.name = name
    self.method = method
    self.crc32 = crc32
    self.compressedSize = compressedSize
    self.size = size
    self.isExecutable = isExecutable
  }

  /// A member of another archive under a new name.
  public init(_ member: ZipMember, name: [UInt8]) {
    self.init(
      name: name, method: member.method, crc32: member.crc32, compressedSize: member.compressedSize,
      size: member.size, isExecutable: member.isExecutable)
  }

  private var isASCII: Bool { name.allSatisfy { $0 < 0x80 } }
  private var flags: UInt16 { isASCII ? 0 : ZipFormat.flagUTF8 }
  private var needs64: Bool { compressedSize >= 0xffff_ffff || size >= 0xffff_ffff }

  /// Bytes of the local header.
  public var localHeaderSize: Int { ZipFormat.localSize + name.count + (needs64 ? 20 : 0) }

  /// Appends the local header (APPNOTE 4.3.7).
  ///
  /// The data follows it.
  public func writeLocalHeader(to output: inout [UInt8]) {
    output.put32(ZipFormat.localSignature)
    output.put16(needs64 ? 45 : 20)
    output.put16(flags)
    output.put16(method.rawValue)
    output.put16(0)
    output.put16(ZipFormat.fixedDate)
    output.put32(crc32)
    output.put32(needs64 ? 0xffff_ffff : UInt32(compressedSize))
    output.put32(needs64 ? 0xffff_ffff : UInt32(size))
    output.put16(UInt16(name.count))
    output.put16(needs64 ? 20 : 0)
    output += name
    if needs64 {
      output.put16(ZipFormat.extra64)
      output.put16(16)
      output.put64(size)
      output.put64(compressedSize)
    }
  }

  /// Appends the directory record (APPNOTE 4.3.12) of the member whose local header is at `offset`.
  public func writeCentralRecord(to output: inout [UInt8], offset: UInt64) {
    let offset64 = offset >= 0xffff_ffff
    let extra = (needs64 ? 16 : 0) + (offset64 ? 8 : 0)
    output.put32(ZipFormat.centralSignature)
    output.put16(3 << 8 | 45)
    output.put16(extra > 0 ? 45 : 20)
    output.put16(flags)
    output.put16(method.rawValue)
    output.put16(0)
    output.put16(ZipFormat.fixedDate)
    output.put32(crc32)
    output.put32(needs64 ? 0xffff_ffff : UInt32(compressedSize))
    output.put32(needs64 ? 0xffff_ffff : UInt32(size))
    output.put16(UInt16(name.count))
    output.put16(UInt16(extra > 0 ? extra + 4 : 0))
    output.put16(0)
    output.put16(0)
    output.put16(0)
    output.put32(UInt32(isExecutable ? 0o100755 : 0o100644) << 16)
    output.put32(offset64 ? 0xffff_ffff : UInt32(offset))
    output += name
    if extra > 0 {
      output.put16(ZipFormat.extra64)
      output.put16(UInt16(extra))
      if needs64 {
        output.put64(size)
        output.put64(compressedSize)
      }
      if offset64 { output.put64(offset) }
    }
  }
}

/// Contents made ready for an archive: deflated where that is smaller.
///
/// Worth keeping by the digest of the input.
public struct ZipContents: Sendable, Hashable {
  public var method: ZipMethod
  public var crc32: UInt32
  public var size: UInt64
  /// The bytes as the archive holds them.
  public var bytes: [UInt8]

  /// Compresses `input`, or keeps it unchanged if that is not larger.
  public init(compressing input: UnsafeRawBufferPointer) {
    crc32 = Deflate.crc32(input)
    size = UInt64(input.count)
    if let compressed = Deflate.compress(input) {
      method = .deflated
      bytes = compressed
    } else {
      method = .stored
      bytes = Array(input)
    }
  }

  public init(compressing input: [UInt8]) {
    self = input.withUnsafeBytes { ZipContents(compressing: $0) }
  }

  /// Keeps `input` as it is.
  public init(storing input: [UInt8]) {
    crc32 = input.withUnsafeBytes { Deflate.crc32($0) }
    size = UInt64(input.count)
    method = .stored
    bytes = input
  }

  /// Compresses `input` as well as deflate can, even if the result is not smaller: for data that is read without its
  /// header.
  public init(deflating input: [UInt8]) {
    crc32 = input.withUnsafeBytes { Deflate.crc32($0) }
    size = UInt64(input.count)
    method = .deflated
    bytes = input.withUnsafeBytes { Deflate.compressAlways($0) }
  }

  public init(method: ZipMethod, crc32: UInt32, size: UInt64, bytes: [UInt8]) {
    self.method = method
    self.crc32 = crc32
    self.size = size
    self.bytes = bytes
  }

  public func entry(named name: [UInt8], isExecutable: Bool = false) -> ZipEntry {
    ZipEntry(
      name: name, method: method, crc32: crc32, compressedSize: UInt64(bytes.count), size: size,
      isExecutable: isExecutable)
  }
}
