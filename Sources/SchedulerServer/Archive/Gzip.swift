internal import CLibdeflate

/// Whole buffers as gzip (RFC 1952), by libdeflate.
enum Gzip {
  /// Compresses; fast rather than small.
  static func compressed(_ bytes: [UInt8]) -> [UInt8] {
    guard let compressor = libdeflate_alloc_compressor(6) else { preconditionFailure("out of memory") }
    defer { libdeflate_free_compressor(compressor) }
    return [UInt8](unsafeUninitializedCapacity: libdeflate_gzip_compress_bound(compressor, bytes.count)) {
      buffer, count in
      count = bytes.withUnsafeBytes {
        libdeflate_gzip_compress(compressor, $0.baseAddress, $0.count, buffer.baseAddress, buffer.count)
      }
    }
  }

  /// Decompresses one member of at most `limit` bytes; nil for damaged bytes.
  static func decompressed(_ bytes: [UInt8], limit: Int) -> [UInt8]? {
    guard bytes.count >= 18 else { return nil }
    // The last four bytes are the size (RFC 1952, section 2.3.1).
    let size = bytes.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
    guard size <= limit, let decompressor = libdeflate_alloc_decompressor() else { return nil }
    defer { libdeflate_free_decompressor(decompressor) }
    var isWhole = false
    let result = [UInt8](unsafeUninitializedCapacity: max(size, 1)) { buffer, count in
      var written = 0
      let status = bytes.withUnsafeBytes {
        libdeflate_gzip_decompress(
          decompressor, $0.baseAddress, $0.count, buffer.baseAddress, size, &written)
      }
      isWhole = status == LIBDEFLATE_SUCCESS && written == size
      count = isWhole ? written : 0
    }
    return isWhole ? result : nil
  }
}
