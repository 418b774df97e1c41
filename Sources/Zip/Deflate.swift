import CLibdeflate

/// Raw deflate (RFC 1951) and CRC-32 by libdeflate, whole buffers at a time.
public enum Deflate {
  /// The level the bundle writer uses.
  ///
  /// A change of it, or of libdeflate's version, changes the bytes of bundles.
  public static let level: Int32 = 6

  /// `bytes` compressed, or nil when that would not be smaller.
  public static func compress(_ bytes: UnsafeRawBufferPointer, level: Int32 = Deflate.level) -> [UInt8]? {
    guard bytes.count > 1, let compressor = libdeflate_alloc_compressor(level) else { return nil }
    defer { libdeflate_free_compressor(compressor) }
    // A result that does not fit in one byte less than the input is not worth keeping.
    let result = [UInt8](unsafeUninitializedCapacity: bytes.count - 1) { buffer, count in
      count = libdeflate_deflate_compress(
        compressor, bytes.baseAddress, bytes.count, buffer.baseAddress, buffer.count)
    }
    return result.isEmpty ? nil : result
  }

  /// Compresses `bytes` as far as possible, even if the result is not smaller.
  static func compressAlways(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    guard let compressor = libdeflate_alloc_compressor(12) else { preconditionFailure("out of memory") }
    defer { libdeflate_free_compressor(compressor) }
    return [UInt8](unsafeUninitializedCapacity: libdeflate_deflate_compress_bound(compressor, bytes.count)) {
      buffer, count in
      count = libdeflate_deflate_compress(
        compressor, bytes.baseAddress, bytes.count, buffer.baseAddress, buffer.count)
    }
  }

  /// The checksum of `bytes`, going on from `seed`.
  public static func crc32(_ bytes: UnsafeRawBufferPointer, from seed: UInt32 = 0) -> UInt32 {
    libdeflate_crc32(seed, bytes.baseAddress, bytes.count)
  }

  /// Exactly `size` bytes out of `bytes`; nil when the data is damaged or does not have that size.
  static func decompress(_ bytes: UnsafeRawBufferPointer, size: Int) -> [UInt8]? {
    guard let decompressor = libdeflate_alloc_decompressor() else { return nil }
    defer { libdeflate_free_decompressor(decompressor) }
    var whole = false
    let result = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      var consumed = 0
      var produced = 0
      let status = libdeflate_deflate_decompress_ex(
        decompressor, bytes.baseAddress, bytes.count, buffer.baseAddress, size, &consumed, &produced)
      whole = status == LIBDEFLATE_SUCCESS && produced == size && consumed == bytes.count
      count = whole ? size : 0
    }
    return whole ? result : nil
  }
}
