import Diagnostics

/// The lines of a text as libyaml counts them, to turn its marks (in characters) into places (in bytes).
struct SourceLines: Sendable {
  let path: String
  let bytes: [UInt8]
  /// The offset of each line's first byte.
  let starts: [Int]

  init(path: String, bytes: [UInt8]) {
    self.path = path
    self.bytes = bytes
    // A byte order mark belongs to no column.
    var starts = [bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0]
    var index = 0
    while index < bytes.count {
      let width = Self.breakWidth(bytes, at: index)
      index += max(1, width)
      if width > 0 { starts.append(index) }
    }
    self.starts = starts
  }

  /// CR LF, LF, CR, and NEL, LS, PS of Unicode (YAML 1.1, section 5.4).
  private static func breakWidth(_ bytes: [UInt8], at index: Int) -> Int {
    func next(_ offset: Int) -> UInt8 { index + offset < bytes.count ? bytes[index + offset] : 0 }
    switch bytes[index] {
    case 0x0A: return 1
    case 0x0D: return next(1) == 0x0A ? 2 : 1
    case 0xC2: return next(1) == 0x85 ? 2 : 0
    case 0xE2: return next(1) == 0x80 && (next(2) == 0xA8 || next(2) == 0xA9) ? 3 : 0
    default: return 0
    }
  }

  /// The bytes of a line (from 0), without its end.
  private func range(ofLine line: Int) -> Range<Int> {
    guard line < starts.count else { return bytes.count..<bytes.count }
    var end = line + 1 < starts.count ? starts[line + 1] : bytes.count
    while end > starts[line], bytes[end - 1] == 0x0A || bytes[end - 1] == 0x0D { end -= 1 }
    return min(starts[line], bytes.count)..<max(end, min(starts[line], bytes.count))
  }

  /// The column in bytes (from 0) of a column in characters (from 0).
  func byteColumn(line: Int, characters: Int) -> Int {
    let range = range(ofLine: line)
    var index = range.lowerBound, left = characters
    while left > 0, index < range.upperBound {
      index += 1
      while index < range.upperBound, bytes[index] & 0xC0 == 0x80 { index += 1 }
      left -= 1
    }
    return index - range.lowerBound + left
  }

  /// A place by line and column, both from 1, the column in bytes.
  func location(line: Int, column: Int?, length: Int = 1) -> SourceLocation {
    SourceLocation(
      path: path, line: line, column: column, length: length,
      lineText: String(decoding: bytes[range(ofLine: line - 1)], as: UTF8.self))
  }

  func location(offset: Int) -> SourceLocation {
    let line = max(0, (starts.firstIndex { $0 > offset } ?? starts.count) - 1)
    return location(line: line + 1, column: max(0, offset - starts[line]) + 1)
  }
}

enum UTF8Check {
  /// The offset of the first byte that does not belong to valid UTF-8.
  static func firstInvalidByte(in bytes: [UInt8]) -> Int? {
    var decoder = Unicode.UTF8.ForwardParser()
    var iterator = bytes.makeIterator()
    var offset = 0
    while true {
      switch decoder.parseScalar(from: &iterator) {
      case .valid(let scalar): offset += scalar.count
      case .emptyInput: return nil
      case .error: return offset
      }
    }
  }
}
