import StarlarkSyntax

/// A Starlark string: a sequence of bytes, by convention UTF-8. Slices can cut a code point in two.
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
  /// The start of each code point, and the end; empty for views of single bytes.
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
