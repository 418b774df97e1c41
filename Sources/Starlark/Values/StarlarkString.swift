/// A Starlark string: a sequence of bytes, by convention UTF-8. Slices may cut a code point in two.
public struct StarlarkString: Hashable, Sendable, Comparable {
  /// The bytes, whose number is the string's length.
  public let utf8: [UInt8]

  /// A string of these bytes.
  public init(utf8: [UInt8]) { self.utf8 = utf8 }

  /// A string of this text.
  public init(_ text: String) { utf8 = Array(text.utf8) }

  /// The text; bytes that are not UTF-8 become U+FFFD.
  public var text: String { String(decoding: utf8, as: UTF8.self) }

  /// Compares by bytes, which for UTF-8 is the order of code points.
  public static func < (left: StarlarkString, right: StarlarkString) -> Bool {
    left.utf8.lexicographicallyPrecedes(right.utf8)
  }
}

/// A Starlark byte string.
public struct StarlarkBytes: Hashable, Sendable {
  /// The bytes.
  public let bytes: [UInt8]

  /// A byte string of these bytes.
  public init(_ bytes: [UInt8]) { self.bytes = bytes }
}

/// A view of a string's or byte string's parts that is iterable without being a list.
public final class StringElements: Sendable {
  enum Kind { case elements, ordinals, codePoints, codePointOrdinals, byteOrdinals }

  let bytes: [UInt8]
  let kind: Kind
  /// Where each code point begins, with the end; empty for views of single bytes.
  private let starts: [Int]

  init(_ bytes: [UInt8], _ kind: Kind) {
    self.bytes = bytes
    self.kind = kind
    switch kind {
    case .codePoints, .codePointOrdinals:
      var starts = [0]
      var index = 0
      while index < bytes.count {
        index += decodeCodePoint(bytes, at: index).length
        starts.append(index)
      }
      self.starts = starts
    default:
      starts = []
    }
  }

  var typeName: String {
    switch kind {
    case .elements, .ordinals: "string.elems"
    case .codePoints, .codePointOrdinals: "string.codepoints"
    case .byteOrdinals: "bytes.elems"
    }
  }

  var count: Int { starts.isEmpty ? bytes.count : starts.count - 1 }

  subscript(index: Int) -> Value {
    switch kind {
    case .elements: .string(StarlarkString(utf8: [bytes[index]]))
    case .ordinals, .byteOrdinals: .int(Int(bytes[index]))
    case .codePoints: .string(StarlarkString(utf8: Array(bytes[starts[index]..<starts[index + 1]])))
    case .codePointOrdinals: .int(Int(decodeCodePoint(bytes, at: starts[index]).scalar))
    }
  }
}

/// The code point at `index`, and its length in bytes; U+FFFD with length 1 where the bytes are not UTF-8.
func decodeCodePoint(_ bytes: [UInt8], at index: Int) -> (scalar: UInt32, length: Int) {
  let first = bytes[index]
  if first < 0x80 { return (UInt32(first), 1) }
  let length: Int
  var scalar: UInt32
  switch first {
  case 0xC2...0xDF: (length, scalar) = (2, UInt32(first & 0x1F))
  case 0xE0...0xEF: (length, scalar) = (3, UInt32(first & 0x0F))
  case 0xF0...0xF4: (length, scalar) = (4, UInt32(first & 0x07))
  default: return (0xFFFD, 1)
  }
  guard index + length <= bytes.count else { return (0xFFFD, 1) }
  for next in bytes[(index + 1)..<(index + length)] {
    guard next & 0xC0 == 0x80 else { return (0xFFFD, 1) }
    scalar = scalar << 6 | UInt32(next & 0x3F)
  }
  let isOverlong = (length == 3 && scalar < 0x800) || (length == 4 && scalar < 0x10000)
  guard !isOverlong, Unicode.Scalar(scalar) != nil else { return (0xFFFD, 1) }
  return (scalar, length)
}

/// Appends the UTF-8 form of a valid code point.
func appendUTF8(_ scalar: Unicode.Scalar, to bytes: inout [UInt8]) {
  bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
}
