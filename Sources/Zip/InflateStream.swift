import CZlib

/// Raw deflate (RFC 1951) inflated piece by piece, by zlib: for members that are too large to be held in memory.
///
/// Half as fast as ``Deflate``, whose library works on whole buffers only.
struct InflateStream {
  /// The number of bytes that are inflated at a time.
  static let pieceSize = 1 << 20

  /// Passes the inflated bytes to `body`, in pieces, and the range of the input that is no longer needed to `used`.
  /// - Returns: whether `input` is one complete stream that ends at its end.
  static func inflate(
    _ input: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws -> Void,
    used: (UnsafeRawBufferPointer) -> Void
  ) rethrows -> Bool {
    var stream = z_stream()
    // A negative number of window bits means a stream without a header.
    guard inflateInit2_(&stream, -MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      return false
    }
    defer { inflateEnd(&stream) }
    let output = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceSize, alignment: 64)
    defer { output.deallocate() }
    var rest = input
    var piece = UnsafeRawBufferPointer(start: nil, count: 0)
    while true {
      if stream.avail_in == 0, !rest.isEmpty {
        used(piece)
        // zlib counts in 32 bits.
        piece = UnsafeRawBufferPointer(rebasing: rest.prefix(pieceSize))
        // It does not write to its input, although its type allows it.
        stream.next_in = UnsafeMutablePointer(mutating: piece.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.avail_in = UInt32(piece.count)
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(piece.count))
      }
      stream.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
      stream.avail_out = UInt32(pieceSize)
      let status = CZlib.inflate(&stream, Z_NO_FLUSH)
      guard status == Z_OK || status == Z_STREAM_END else { return false }
      let produced = pieceSize - Int(stream.avail_out)
      if produced > 0 { try body(UnsafeRawBufferPointer(rebasing: output[..<produced])) }
      if status == Z_STREAM_END { return rest.isEmpty && stream.avail_in == 0 }
    }
  }
}
