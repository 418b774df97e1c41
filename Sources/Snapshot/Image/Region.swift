internal import Glibc

/// One growable piece of a ``StateImage``: a range of addresses that never moves, whose beginning can be a mapped file.
///
/// Addresses are reserved without memory behind them and become usable as the piece grows. So a pointer into it stays
/// valid, and appending copies no mapped bytes.
@usableFromInline final class Region {
  /// The maximum size of one piece: offsets have 32 bits.
  static let limit = 1 << 32
  private static let chunk = 1 << 20

  let base: UnsafeMutableRawPointer
  private let reserved: Int
  private var usable = 0
  /// The bytes in use.
  @usableFromInline private(set) var count = 0
  /// The bytes that were there when the image was opened or last saved: later ones are new without being noted.
  var savedCount = 0
  /// Changes of bytes below ``savedCount`` since then.
  var changes: [Range<Int>] = []

  init() throws(SnapshotError) {
    var size = Self.limit
    while true {
      let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
      if let address = mmap(nil, size, PROT_NONE, flags, -1, 0), address != MAP_FAILED {
        base = address
        reserved = size
        return
      }
      // Address space can be limited (ulimit -v).
      size /= 4
      if size < Self.chunk { throw .outOfMemory }
    }
  }

  deinit { munmap(base, reserved) }

  /// Puts `size` bytes of a file at the beginning; writing to them changes memory alone.
  func map(_ file: CInt, offset: Int, size: Int, capacity: Int) throws(SnapshotError) {
    guard size > 0 else { return }
    guard capacity <= reserved else { throw .outOfMemory }
    let result = mmap(base, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, file, off_t(offset))
    guard result != MAP_FAILED else { throw .outOfMemory }
    usable = (size + 4095) & ~4095
    count = size
    savedCount = size
  }

  /// Reserves bytes at the end and returns their offset. The bytes are zero.
  func grow(by size: Int) throws(SnapshotError) -> Int {
    let start = count
    try setCount(start + size)
    return start
  }

  func setCount(_ size: Int) throws(SnapshotError) {
    if size > usable {
      guard size <= reserved else { throw .outOfMemory }
      let wanted = min(reserved, (max(size, min(usable * 2, usable + (64 << 20))) + Self.chunk - 1) & ~(Self.chunk - 1))
      guard mprotect(base + usable, wanted - usable, PROT_READ | PROT_WRITE) == 0 else { throw .outOfMemory }
      usable = wanted
    }
    count = size
  }

  /// Notes that bytes have been written over.
  @inline(__always)
  func note(_ offset: Int, _ size: Int) {
    guard offset < savedCount else { return }
    if let last = changes.indices.last, changes[last].upperBound == offset {
      changes[last] = changes[last].lowerBound..<(offset + size)
    } else {
      changes.append(offset..<(offset + size))
    }
  }
}
