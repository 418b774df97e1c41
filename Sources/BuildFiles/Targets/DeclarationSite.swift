public import Diagnostics
public import Starlark

/// The location of a target's declaration, precise to the argument of the call if a message needs it.
public struct DeclarationSite: Sendable {
  /// The BUILD file.
  public let source: SourceFile
  /// The offset of the call.
  public let offset: Int

  /// The place `offset` bytes into `source`.
  public init(source: SourceFile, offset: Int) {
    self.source = source
    self.offset = offset
  }

  /// The path of the BUILD file, from the workspace root.
  public var path: String { source.name }
  /// The line of the call, from 1.
  public var line: Int { source.line(at: offset) }

  /// Whether the location is a call in a BUILD file, not a key of a `pyproject.toml`.
  public var isCall: Bool { !source.name.hasSuffix(".toml") }

  /// The place of the call; of an argument of it, where one is named and written there; of a string in the argument, or
  /// in the whole call where no argument is named, where a text is named and written there.
  public func location(field: String? = nil, text: String? = nil) -> SourceLocation {
    var range = nameRange(at: offset)
    if !isCall { return Self.location(in: source, range: range) }
    if let field {
      if let argument = argumentRange(field) {
        range = argument.name
        if let text, let found = stringRange(text, in: argument.value) { range = found }
      }
    } else if let text, let found = stringRange(text, in: argumentRanges().whole) {
      range = found
    }
    return Self.location(in: source, range: range)
  }

  /// The place of a string in the argument at a position of the call; of the argument where it is not written there; of
  /// the call where no argument is.
  public func location(position: Int, text: String) -> SourceLocation {
    if !isCall { return location() }
    let arguments = argumentRanges().each
    guard position < arguments.count else { return location() }
    return Self.location(in: source, range: stringRange(text, in: arguments[position]) ?? arguments[position])
  }

  /// The text between the call's parentheses, and each argument in it without the space before.
  func argumentRanges() -> (whole: Range<Int>, each: [Range<Int>]) {
    let bytes = source.bytes
    guard var index = bytes[min(offset, bytes.count)...].firstIndex(of: UInt8(ascii: "(")) else {
      return (offset..<offset, [])
    }
    let opening = index
    var depth = 0
    var start: Int?
    var found: [Range<Int>] = []
    func end(_ index: Int) {
      if let first = start { found.append(first..<index) }
      start = nil
    }
    while index < bytes.count {
      let byte = bytes[index]
      switch byte {
      case UInt8(ascii: "#"):
        while index < bytes.count, bytes[index] != 0x0A { index += 1 }
        continue
      case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
        depth -= 1
        if depth == 0 {
          end(index)
          return ((opening + 1)..<index, found)
        }
      case UInt8(ascii: ",") where depth == 1: end(index)
      case 0x09, 0x0A, 0x0D, 0x20: break
      default:
        if depth == 1, start == nil { start = index }
        if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
          index = stringEnd(at: index)
          continue
        }
        if byte == UInt8(ascii: "(") || byte == UInt8(ascii: "[") || byte == UInt8(ascii: "{") { depth += 1 }
      }
      index += 1
    }
    return ((opening + 1)..<bytes.count, found)
  }

  /// The place of a range of bytes.
  static func location(in source: SourceFile, range: Range<Int>) -> SourceLocation {
    let line = source.line(at: range.lowerBound)
    var start = min(range.lowerBound, source.bytes.count)
    while start > 0, source.bytes[start - 1] != 0x0A { start -= 1 }
    return SourceLocation(
      path: source.name, line: line, column: range.lowerBound - start + 1, length: max(1, range.count),
      lineText: source.text(ofLine: line))
  }

  private func nameRange(at offset: Int) -> Range<Int> {
    var end = offset
    while end < source.bytes.count, Self.isName(source.bytes[end]) { end += 1 }
    return offset..<max(end, min(offset + 1, source.bytes.count))
  }

  static func isName(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
      true
    default: false
    }
  }

  /// The ranges of `field=` and its value in the call's parentheses.
  func argumentRange(_ field: String) -> (name: Range<Int>, value: Range<Int>)? {
    let bytes = source.bytes
    let name = Array(field.utf8)
    guard var index = bytes[min(offset, bytes.count)...].firstIndex(of: UInt8(ascii: "(")) else { return nil }
    var depth = 0
    var found: Range<Int>?
    var valueStart = 0
    while index < bytes.count {
      switch bytes[index] {
      case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
      case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
        depth -= 1
        if depth == 0 { return found.map { ($0, valueStart..<index) } }
      case UInt8(ascii: ",") where depth == 1:
        if let found { return (found, valueStart..<index) }
      case UInt8(ascii: "\""), UInt8(ascii: "'"):
        index = stringEnd(at: index)
        continue
      case UInt8(ascii: "#"):
        while index < bytes.count, bytes[index] != 0x0A { index += 1 }
        continue
      case let byte where depth == 1 && found == nil && Self.isName(byte):
        var end = index
        while end < bytes.count, Self.isName(bytes[end]) { end += 1 }
        var next = end
        while next < bytes.count, bytes[next] == UInt8(ascii: " ") { next += 1 }
        if bytes[index..<end].elementsEqual(name), next + 1 < bytes.count, bytes[next] == UInt8(ascii: "="),
          bytes[next + 1] != UInt8(ascii: "=")
        {
          found = index..<end
          valueStart = next + 1
        }
        index = end
        continue
      default: break
      }
      index += 1
    }
    return found.map { ($0, valueStart..<bytes.count) }
  }

  func stringEnd(at start: Int) -> Int {
    let bytes = source.bytes
    let quote = bytes[start]
    let isTriple = start + 2 < bytes.count && bytes[start + 1] == quote && bytes[start + 2] == quote
    var index = start + (isTriple ? 3 : 1)
    while index < bytes.count {
      if bytes[index] == UInt8(ascii: "\\") {
        index += 2
      } else if bytes[index] == quote {
        if !isTriple { return index + 1 }
        if index + 2 < bytes.count, bytes[index + 1] == quote, bytes[index + 2] == quote { return index + 3 }
        index += 1
      } else {
        index += 1
      }
    }
    return bytes.count
  }

  func stringRange(_ text: String, in range: Range<Int>) -> Range<Int>? {
    let bytes = source.bytes
    let wanted = Array(text.utf8)
    var index = range.lowerBound
    while index < range.upperBound {
      switch bytes[index] {
      case UInt8(ascii: "\""), UInt8(ascii: "'"):
        let end = stringEnd(at: index)
        if end - 1 > index, bytes[(index + 1)..<(end - 1)].elementsEqual(wanted) { return (index + 1)..<(end - 1) }
        index = end
      case UInt8(ascii: "#"): while index < range.upperBound, bytes[index] != 0x0A { index += 1 }
      default: index += 1
      }
    }
    return nil
  }
}
