/// Cuts bytes into whole lines. A line without an end is cut too: a task must not fill this process's memory.
struct LineBuffer {
  private var pending: [UInt8] = []
  private static let longestLine = 64 << 10

  mutating func take(_ bytes: UnsafeRawBufferPointer) -> [[UInt8]] {
    pending.append(contentsOf: bytes)
    var lines: [[UInt8]] = []
    if let end = pending.lastIndex(of: 0x0A) {
      lines = pending[..<end].split(separator: 0x0A, omittingEmptySubsequences: false).map { Array($0) }
      pending.removeSubrange(...end)
    }
    while pending.count > Self.longestLine {
      lines.append(Array(pending.prefix(Self.longestLine)))
      pending.removeFirst(Self.longestLine)
    }
    return lines
  }

  mutating func rest() -> [[UInt8]] {
    defer { pending = [] }
    return pending.isEmpty ? [] : [pending]
  }
}
