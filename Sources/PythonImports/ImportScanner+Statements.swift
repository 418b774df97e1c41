extension ImportScanner {
  /// Reads an import statement, if one begins at the position. (The Python Language Reference, section 7.11.)
  @inline(__always) mutating func scanImportStatement() {
    switch peek() {
    case UInt8(ascii: "i") where isWord("import", at: position):
      position += 6
      scanImport()
    case UInt8(ascii: "f") where isWord("from", at: position):
      position += 4
      scanFrom()
    case UInt8(ascii: "p") where isWord("pytest_plugins", at: position): scanPlugins()
    default: break
    }
  }

  /// Reads an assignment to `pytest_plugins` without moving: pytest imports the modules that it names.
  private mutating func scanPlugins() {
    let origin = (position: position, depth: depth)
    defer { (position, depth) = origin }
    position += 14
    skipSpace(acrossLines: false)
    if peek() == UInt8(ascii: ":") {
      // An annotation, which holds no assignment.
      while position < bytes.count, !"=\n\r#".utf8.contains(peek()) { position += 1 }
    } else if peek() == UInt8(ascii: "+") {
      position += 1
    }
    guard peek() == UInt8(ascii: "="), peek(1) != UInt8(ascii: "=") else { return }
    position += 1
    skipSpace(acrossLines: false)
    let isList = peek() == UInt8(ascii: "[") || peek() == UInt8(ascii: "(")
    if isList {
      position += 1
      depth += 1
    }
    repeat {
      skipSpace(acrossLines: isList, notesMarks: false)
      let start = position
      guard let literal = plainLiteral() else { return }
      // Entry points can name plugins of an installed package, which import nothing.
      guard isDottedName(literal) else { continue }
      found.imports.append(
        PythonImport(module: String(decoding: literal, as: UTF8.self), line: start, form: .pytestPlugin))
    } while skipComma(acrossLines: isList)
  }

  private mutating func scanImport() {
    repeat {
      skipSpace(acrossLines: false)
      let start = position
      let module = scanDottedName(acrossLines: false)
      guard !module.isEmpty else { return }
      found.imports.append(PythonImport(module: module, line: start, form: .statement))
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
      let start = position
      let end = endOfName(from: position)
      if end > position {
        append(from: module, name: text(position..<end), level: level, line: start)
        position = end
      } else if peek() == UInt8(ascii: "*") {
        append(from: module, name: "*", level: level, line: start)
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

  /// A dotted name, without optional spaces around the dots; empty if there is no name.
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

  /// Reads the call whose `(` is at the position without moving: `__import__("a.b")` and
  /// `importlib.import_module("a.b")` with a plain literal are imports, also if the argument is named.
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
    let origin = (position: position, depth: depth)
    position += 1
    depth += 1
    skipSpace(acrossLines: true, notesMarks: false)
    moveToNamedArgument()
    let start = position
    let literal = plainLiteral()
    skipSpace(acrossLines: true, notesMarks: false)
    let following = peek()
    (position, depth) = origin
    guard let literal, following == UInt8(ascii: ",") || following == UInt8(ascii: ")") else { return }
    let level = literal.prefix { $0 == UInt8(ascii: ".") }.count
    let module = literal.dropFirst(level)
    guard isDottedName(module) else { return }
    found.imports.append(
      PythonImport(module: String(decoding: module, as: UTF8.self), level: level, line: start, form: form))
  }

  /// Moves to the value of the argument `name`, where the arguments at the position are named ones: over names, attributes
  /// and literals.
  private mutating func moveToNamedArgument() {
    let origin = position
    while true {
      let word = position
      let end = endOfName(from: word)
      position = end
      skipSpace(acrossLines: true, notesMarks: false)
      guard end > word, peek() == UInt8(ascii: "="), peek(1) != UInt8(ascii: "=") else { break }
      position += 1
      skipSpace(acrossLines: true, notesMarks: false)
      if isWord("name", at: word) { return }
      if plainLiteral() == nil { while isNameByte(peek()) || peek() == UInt8(ascii: ".") { position += 1 } }
      guard skipComma(acrossLines: true) else { break }
      skipSpace(acrossLines: true, notesMarks: false)
    }
    position = origin
  }

  private func isWholeWord(_ word: StaticString, endingAt end: Int) -> Bool {
    let start = end - word.utf8CodeUnitCount
    guard start >= 0, start == 0 || !isNameByte(bytes[start - 1]) else { return false }
    return isWord(word, at: start)
  }

  /// The joined text of the string literals at the position. Moves after them. Nil for other code, and for literals
  /// with fields or escapes, or without an end.
  private mutating func plainLiteral() -> [UInt8]? {
    var text: [UInt8] = []
    guard moveToLiteral(acrossLines: true) else { return nil }
    repeat {
      guard let part = skipString() else { return nil }
      text += bytes[part]
    } while moveToLiteral(acrossLines: true)
    return text.contains(UInt8(ascii: "\\")) ? nil : text
  }
}

/// Whether bytes are a dotted name.
func isDottedName(_ text: some Collection<UInt8>) -> Bool {
  var atStart = true
  for byte in text {
    if byte == UInt8(ascii: ".") {
      if atStart { return false }
      atStart = true
    } else {
      guard isNameByte(byte), !atStart || !(UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte) else { return false }
      atStart = false
    }
  }
  return !atStart
}
