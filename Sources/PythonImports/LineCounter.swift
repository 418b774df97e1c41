extension ImportScanner {
  /// Turns the offsets of all findings into line numbers.
  mutating func numberLines() {
    var counter = LineCounter(bytes: bytes, hasCarriageReturns: hasCarriageReturns)
    for index in found.imports.indices { found.imports[index].line = counter.line(at: found.imports[index].line) }
    counter = LineCounter(bytes: bytes, hasCarriageReturns: hasCarriageReturns)
    for index in found.assets.indices { found.assets[index].line = counter.line(at: found.assets[index].line) }
    counter = LineCounter(bytes: bytes, hasCarriageReturns: hasCarriageReturns)
    for index in found.explicitDependencies.indices {
      found.explicitDependencies[index].line = counter.line(at: found.explicitDependencies[index].line)
    }
  }
}

/// Lines of offsets that do not decrease, from 1: it counts the line breaks between one and the next.
struct LineCounter {
  let bytes: UnsafeBufferPointer<UInt8>
  let hasCarriageReturns: Bool
  private var offset = 0
  private var line = 1

  init(bytes: UnsafeBufferPointer<UInt8>, hasCarriageReturns: Bool) {
    self.bytes = bytes
    self.hasCarriageReturns = hasCarriageReturns
  }

  /// The line of the byte at an offset.
  mutating func line(at target: Int) -> Int {
    let end = min(target, bytes.count)
    guard offset < end else { return line }
    for index in offset..<end { line &+= bytes[index] == 0x0A ? 1 : 0 }
    if hasCarriageReturns {
      // A CR alone ends a line as well; one before a LF was counted with it.
      for index in offset..<end where bytes[index] == 0x0D {
        line += index + 1 < bytes.count && bytes[index + 1] == 0x0A ? 0 : 1
      }
    }
    offset = end
    return line
  }
}
