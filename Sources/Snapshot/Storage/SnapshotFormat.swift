internal import CLibdeflate

/// The layout of a snapshot file: a header of one page, then the sections, each at a page's start. All numbers are
/// little-endian.
enum SnapshotFormat {
  /// Changes whenever the layout of files does.
  static let version: UInt32 = 1
  static let pageSize = 4096
  static let magic: UInt64 = 0x5041_4E53_544C_494B  // "KILTSNAP"
  static let journalMagic: UInt64 = 0x4C4E_524A_544C_494B  // "KILTJRNL"
  static let maximumSections = 64

  /// A section in the header.
  struct Section {
    var offset: UInt64
    var size: UInt64
    var checksum: UInt32
    var reserved: UInt32 = 0
  }

  static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    libdeflate_crc32(0, bytes.baseAddress, bytes.count)
  }

  static func roundedToPages(_ size: Int) -> Int { (size + pageSize - 1) & ~(pageSize - 1) }
}

/// Fixed-width numbers at the end of an array, and out of a buffer.
extension [UInt8] {
  mutating func append(fixed value: UInt64) {
    for shift in stride(from: 0, to: 64, by: 8) { append(UInt8(truncatingIfNeeded: value >> UInt64(shift))) }
  }

  /// `withUnsafeBytes` with a typed error.
  func withBytes<Result>(
    _ body: (UnsafeRawBufferPointer) throws(SnapshotError) -> Result
  ) throws(SnapshotError) -> Result {
    let outcome: Swift.Result<Result, SnapshotError> = withUnsafeBytes { bytes in
      do throws(SnapshotError) { return .success(try body(bytes)) } catch { return .failure(error) }
    }
    return try outcome.get()
  }

  mutating func append(fixed value: UInt32) {
    for shift in stride(from: 0, to: 32, by: 8) { append(UInt8(truncatingIfNeeded: value >> UInt32(shift))) }
  }
}

extension UnsafeRawBufferPointer {
  func fixed64(at offset: Int) -> UInt64 {
    UInt64(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }
  func fixed32(at offset: Int) -> UInt32 {
    UInt32(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }
}
