/// Sizes and signatures of the zip format (PKWARE APPNOTE.TXT 6.3, section 4.3).
enum ZipFormat {
  static let localSignature: UInt32 = 0x0403_4b50
  static let centralSignature: UInt32 = 0x0201_4b50
  static let endSignature: UInt32 = 0x0605_4b50
  static let end64Signature: UInt32 = 0x0606_4b50
  static let end64LocatorSignature: UInt32 = 0x0706_4b50

  static let localSize = 30
  static let centralSize = 46
  static let endSize = 22
  static let end64Size = 56
  static let end64LocatorSize = 20

  static let extra64: UInt16 = 0x0001

  static let flagEncrypted: UInt16 = 1 << 0
  static let flagDescriptor: UInt16 = 1 << 3
  static let flagPatch: UInt16 = 1 << 5
  static let flagStrongEncryption: UInt16 = 1 << 6
  static let flagUTF8: UInt16 = 1 << 11
  static let flagMaskedHeaders: UInt16 = 1 << 13

  /// 1980-01-01, the first date the format can say.
  static let fixedDate: UInt16 = 0x0021

  /// The most deflate can shrink: 258 bytes in two bits, less block overhead.
  static let maximumRatio: UInt64 = 1032
}

/// Little-endian fields of the mapped file. Callers check the range first; a read outside traps.
extension UnsafeRawBufferPointer {
  func u16(_ offset: Int) -> UInt16 { UInt16(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt16.self)) }
  func u32(_ offset: Int) -> UInt32 { UInt32(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt32.self)) }
  func u64(_ offset: Int) -> UInt64 { UInt64(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt64.self)) }
}

extension [UInt8] {
  mutating func put16(_ value: UInt16) {
    append(UInt8(truncatingIfNeeded: value))
    append(UInt8(truncatingIfNeeded: value >> 8))
  }
  mutating func put32(_ value: UInt32) {
    put16(UInt16(truncatingIfNeeded: value))
    put16(UInt16(truncatingIfNeeded: value >> 16))
  }
  mutating func put64(_ value: UInt64) {
    put32(UInt32(truncatingIfNeeded: value))
    put32(UInt32(truncatingIfNeeded: value >> 32))
  }
}
