/// Options for writing a JSON value.
public struct JSONFormat: Sendable {
  /// Spaces an indentation level; nil writes everything on one line.
  public var indent: Int?
  /// Whether object members are written in the order of their names' bytes instead of their own.
  public var sortsMembers: Bool

  public init(indent: Int? = nil, sortsMembers: Bool = false) {
    self.indent = indent
    self.sortsMembers = sortsMembers
  }

  /// On one line, members in their own order.
  public static let compact = JSONFormat()
  /// For people: two spaces, members in their own order.
  public static let pretty = JSONFormat(indent: 2)
  /// One line, members sorted: equal values give equal bytes.
  public static let canonical = JSONFormat(sortsMembers: true)
}

extension JSONValue {
  /// The value as UTF-8 bytes, without a final newline.
  public func bytes(_ format: JSONFormat = .compact) -> [UInt8] {
    var writer = JSONWriter(format: format)
    writer.write(self, depth: 0)
    return writer.output
  }

  /// The value as text, without a final newline.
  public func text(_ format: JSONFormat = .compact) -> String { String(decoding: bytes(format), as: UTF8.self) }
}

private struct JSONWriter {
  let format: JSONFormat
  var output: [UInt8] = []

  init(format: JSONFormat) { self.format = format }

  mutating func write(_ value: JSONValue, depth: Int) {
    switch value {
    case .null: append("null")
    case .bool(let value): append(value ? "true" : "false")
    case .int(let value): append(String(value))
    // JSON has no form for infinities and NaN (RFC 8259 section 6).
    case .double(let value): append(value.isFinite ? "\(value)" : "null")
    case .string(let value): write(value)
    case .array(let elements):
      sequence(open: UInt8(ascii: "["), close: UInt8(ascii: "]"), count: elements.count, depth: depth) {
        writer, position in
        writer.write(elements[position], depth: depth + 1)
      }
    case .object(let object):
      let members = format.sortsMembers ? object.members.sorted { $0.name < $1.name } : object.members
      let separator = format.indent == nil ? ":" : ": "
      sequence(open: UInt8(ascii: "{"), close: UInt8(ascii: "}"), count: members.count, depth: depth) {
        writer, position in
        writer.write(members[position].name)
        writer.append(separator)
        writer.write(members[position].value, depth: depth + 1)
      }
    }
  }

  private mutating func sequence(
    open: UInt8, close: UInt8, count: Int, depth: Int, element: (inout JSONWriter, Int) -> Void
  ) {
    output.append(open)
    for position in 0..<count {
      if position > 0 { output.append(UInt8(ascii: ",")) }
      newline(depth + 1)
      element(&self, position)
    }
    if count > 0 { newline(depth) }
    output.append(close)
  }

  private mutating func newline(_ depth: Int) {
    guard let indent = format.indent else { return }
    output.append(UInt8(ascii: "\n"))
    output.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indent * depth))
  }

  private mutating func append(_ text: String) { output.append(contentsOf: text.utf8) }

  private mutating func write(_ string: String) {
    output.append(UInt8(ascii: "\""))
    for byte in string.utf8 {
      switch byte {
      case UInt8(ascii: "\""): append("\\\"")
      case UInt8(ascii: "\\"): append("\\\\")
      case 0x0A: append("\\n")
      case 0x0D: append("\\r")
      case 0x09: append("\\t")
      case 0..<0x20, 0x7F:
        append("\\u00")
        output.append(hexDigit(byte >> 4))
        output.append(hexDigit(byte & 15))
      default: output.append(byte)
      }
    }
    output.append(UInt8(ascii: "\""))
  }

  private func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 87 + value }
}
