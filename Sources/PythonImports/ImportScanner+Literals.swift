extension ImportScanner {
  /// Steps over the string literals at the position, which Python joins, and records their text as an import or an
  /// asset if it looks like one.
  mutating func noteLiterals() {
    let start = position
    var text: [UInt8] = []
    var isPlain = true
    repeat {
      if let part = skipString() { text += bytes[part] } else { isPlain = false }
    } while moveToLiteral(acrossLines: depth > 0)
    if isPlain { note(text, at: start) }
  }

  /// Moves to the opening quote of the string literal that comes next; does not move where something else does.
  mutating func moveToLiteral(acrossLines: Bool) -> Bool {
    let origin = position
    skipSpace(acrossLines: acrossLines, notesMarks: false)
    var isLiteral = false
    for _ in 0..<3 {
      switch peek() {
      case UInt8(ascii: "\""), UInt8(ascii: "'"):
        isLiteral = true
      case let byte where "rbuftRBUFT".utf8.contains(byte):
        position += 1
        continue
      default: break
      }
      break
    }
    if !isLiteral { position = origin }
    return isLiteral
  }

  private mutating func note(_ text: [UInt8], at offset: Int) {
    var dots = 0
    var slashes = 0
    for byte in text {
      switch byte {
      case UInt8(ascii: "."): dots += 1
      case UInt8(ascii: "/"): slashes += 1
      case UInt8(ascii: "\\"), 0x00...0x20: return
      default: break
      }
    }
    if let minimum = options.stringImportMinimumDots, dots >= minimum, isDottedName(text) {
      found.imports.append(PythonImport(module: String(decoding: text, as: UTF8.self), line: offset, form: .string))
    }
    if let minimum = options.assetMinimumSlashes, slashes >= minimum, !text.isEmpty {
      found.assets.append(LineText(text: String(decoding: text, as: UTF8.self), line: offset))
    }
  }
}
