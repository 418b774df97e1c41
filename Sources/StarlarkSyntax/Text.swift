/// The code point at `index`, and its length in bytes; U+FFFD with length 1 where the bytes are not UTF-8.
package func decodeCodePoint(_ bytes: [UInt8], at index: Int) -> (scalar: UInt32, length: Int) {
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
package func appendUTF8(_ scalar: Unicode.Scalar, to bytes: inout [UInt8]) {
  bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
}

/// Strings as they are written in source.
package enum Quoting {
  /// A text in double quotes, as in Starlark source.
  package static func quoted(_ text: String) -> String {
    String(decoding: quoted(Array(text.utf8), isBytes: false), as: UTF8.self)
  }

  package static func quoted(_ bytes: [UInt8], isBytes: Bool) -> [UInt8] {
    var result: [UInt8] = isBytes ? [0x62, 0x22] : [0x22]
    result.reserveCapacity(bytes.count + 2)
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      switch byte {
      case 0x22, 0x5C: result += [0x5C, byte]
      case 0x0A: result += [0x5C, 0x6E]
      case 0x0D: result += [0x5C, 0x72]
      case 0x09: result += [0x5C, 0x74]
      case 0x20..<0x7F: result.append(byte)
      case 0x80...:
        let (scalar, length) = decodeCodePoint(bytes, at: index)
        if scalar == 0xFFFD, length == 1 {
          result += hexEscape(byte)
        } else {
          result += bytes[index..<(index + length)]
          index += length - 1
        }
      default: result += hexEscape(byte)
      }
      index += 1
    }
    result.append(0x22)
    return result
  }

  private static func hexEscape(_ byte: UInt8) -> [UInt8] {
    let digits = Array("0123456789abcdef".utf8)
    return [0x5C, 0x78, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
  }
}
