extension ImportScanner {
  /// Reads an import statement, if one begins at the position. (The Python Language Reference, section 7.11.)
  mutating func scanImportStatement() -> Bool {
    switch peek() {
    case UInt8(ascii: "i") where isWord("import", at: position):
      position += 6
      scanImport()
      return true
    case UInt8(ascii: "f") where isWord("from", at: position):
      position += 4
      scanFrom()
      return true
    default: return false
    }
  }

  private mutating func scanImport() {
    repeat {
      skipSpace(acrossLines: false)
      let nameLine = line
      let module = scanDottedName(acrossLines: false)
      guard !module.isEmpty else { return }
      found.imports.append(PythonImport(module: module, line: nameLine, form: .statement))
      skipAlias(acrossLines: false)
    } while skipComma(acrossLines: false)
  }

  private mutating func scanFrom() {
    var level = 0
    skipSpace(acrossLines: false)
    while peek() == UInt8(ascii: ".") {
      level += 1
      position += 1
      skipSpace(acrossLines: false)
    }
    let module = isWord("import", at: position) ? "" : scanDottedName(acrossLines: false)
    skipSpace(acrossLines: false)
    guard level > 0 || !module.isEmpty, isWord("import", at: position) else { return }
    position += 6
    skipSpace(acrossLines: false)
    let inParentheses = peek() == UInt8(ascii: "(")
    if inParentheses { position += 1 }
    repeat {
      skipSpace(acrossLines: inParentheses)
      let nameLine = line
      let end = endOfName(from: position)
      if end > position {
        append(from: module, name: text(position..<end), level: level, line: nameLine)
        position = end
      } else if peek() == UInt8(ascii: "*") {
        append(from: module, name: "*", level: level, line: nameLine)
        position += 1
      } else {
        break
      }
      skipAlias(acrossLines: inParentheses)
    } while skipComma(acrossLines: inParentheses)
    if inParentheses {
      skipSpace(acrossLines: true)
      if peek() == UInt8(ascii: ")") { position += 1 }
    }
  }

  private mutating func append(from module: String, name: String, level: Int, line: Int) {
    found.imports.append(PythonImport(module: module, name: name, level: level, line: line, form: .from))
  }

  /// A name with dots, without the spaces that may stand around the dots; empty where no name is.
  private mutating func scanDottedName(acrossLines: Bool) -> String {
    var end = endOfName(from: position)
    guard end > position else { return "" }
    var name = text(position..<end)
    position = end
    while true {
      skipSpace(acrossLines: acrossLines)
      guard peek() == UInt8(ascii: ".") else { return name }
      position += 1
      skipSpace(acrossLines: acrossLines)
      end = endOfName(from: position)
      guard end > position else { return name }
      name += "." + text(position..<end)
      position = end
    }
  }

  private mutating func skipAlias(acrossLines: Bool) {
    skipSpace(acrossLines: acrossLines)
    guard isWord("as", at: position) else { return }
    position += 2
    skipSpace(acrossLines: acrossLines)
    position = endOfName(from: position)
  }

  private mutating func skipComma(acrossLines: Bool) -> Bool {
    skipSpace(acrossLines: acrossLines)
    guard peek() == UInt8(ascii: ",") else { return false }
    position += 1
    return true
  }

  /// Looks at the call whose `(` is at the position, and does not move: `__import__("a.b")` and
  /// `importlib.import_module("a.b")` with a plain literal are imports.
  mutating func scanCall() {
    var end = position
    while end > 0, bytes[end - 1] == UInt8(ascii: " ") || bytes[end - 1] == UInt8(ascii: "\t") { end -= 1 }
    guard end >= 10 else { return }
    let form: PythonImport.Form
    if bytes[end - 1] == UInt8(ascii: "_"), isWholeWord("__import__", endingAt: end) {
      form = .builtinCall
    } else if bytes[end - 1] == UInt8(ascii: "e"), isWholeWord("import_module", endingAt: end) {
      form = .importModuleCall
    } else {
      return
    }
    let origin = (position: position, line: line, marks: markedLines.count)
    position += 1
    skipSpace(acrossLines: true)
    let literalLine = line
    let literal = plainLiteral()
    if literal != nil { skipSpace(acrossLines: true) }
    let following = peek()
    position = origin.position
    line = origin.line
    markedLines.removeSubrange(origin.marks...)
    guard let literal, following == UInt8(ascii: ",") || following == UInt8(ascii: ")") else { return }
    let level = literal.utf8.prefix { $0 == UInt8(ascii: ".") }.count
    let module = String(literal.dropFirst(level))
    guard !module.isEmpty, module.utf8.allSatisfy({ isNameByte($0) || $0 == UInt8(ascii: ".") }) else { return }
    found.imports.append(PythonImport(module: module, level: level, line: literalLine, form: form))
  }

  private func isWholeWord(_ word: StaticString, endingAt end: Int) -> Bool {
    let start = end - word.utf8CodeUnitCount
    guard start >= 0, start == 0 || !isNameByte(bytes[start - 1]) else { return false }
    return isWord(word, at: start)
  }

  /// The content of the plain string literal at the position, which moves behind it; nil for anything else.
  private mutating func plainLiteral() -> String? {
    var start = position
    if peek() | 0x20 == UInt8(ascii: "r") || peek() | 0x20 == UInt8(ascii: "u") { start += 1 }
    guard start < bytes.count else { return nil }
    let quote = bytes[start]
    guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else { return nil }
    start += 1
    var end = start
    while end < bytes.count, bytes[end] != quote {
      if bytes[end] == 0x0A || bytes[end] == 0x0D || bytes[end] == UInt8(ascii: "\\") { return nil }
      end += 1
    }
    guard end > start, end < bytes.count else { return nil }
    position = end + 1
    return text(start..<end)
  }
}
