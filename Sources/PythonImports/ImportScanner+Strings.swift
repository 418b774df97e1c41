import Glibc

extension ImportScanner {
  /// Steps over a comment up to its line break, and notes what it says about inference.
  mutating func skipComment() {
    let start = position
    let rest = bytes.count - start
    if let base = bytes.baseAddress, let hit = memchr(base + start, 0x0A, rest) {
      position = start + (UnsafeRawPointer(base + start).distance(to: UnsafeRawPointer(hit)))
      if position > start, bytes[position - 1] == 0x0D { position -= 1 }
    } else {
      position = bytes.count
    }
    // A lone CR ends a line as well; such files are too rare to pay for in the search above.
    if let base = bytes.baseAddress, let hit = memchr(base + start, 0x0D, position - start) {
      position = start + (UnsafeRawPointer(base + start).distance(to: UnsafeRawPointer(hit)))
    }
    readMark(start..<position)
  }

  private mutating func readMark(_ range: Range<Int>) {
    // "# kilt: infer-dep(x)" is the shortest mark that counts.
    guard range.count >= 18 else { return }
    var index = range.lowerBound + 1
    while index < range.upperBound, bytes[index] == UInt8(ascii: " ") { index += 1 }
    var text: Substring?
    while index < range.upperBound {
      if matches("kilt: ", at: index) || matches("pants: ", at: index) {
        text = self.text(index..<range.upperBound).drop { $0 != ":" }.dropFirst().drop { $0 == " " }
        break
      }
      guard let next = bytes[index..<range.upperBound].firstIndex(of: UInt8(ascii: "#")) else { return }
      index = next + 1
      while index < range.upperBound, bytes[index] == UInt8(ascii: " ") { index += 1 }
    }
    guard var mark = text else { return }
    if mark.hasPrefix("no-infer-dep") {
      markedLines.append(line)
    } else if mark.hasPrefix("infer-dep(") {
      mark = mark.dropFirst("infer-dep(".count)
      guard let close = mark.firstIndex(of: ")") else { return }
      found.explicitDependencies.append(LineText(text: String(mark[..<close]), line: line))
    }
  }

  private func matches(_ word: StaticString, at index: Int) -> Bool {
    let length = word.utf8CodeUnitCount
    guard index + length <= bytes.count else { return false }
    return (0..<length).allSatisfy { bytes[index + $0] == word.utf8Start[$0] }
  }

  /// Steps over the string literal whose quote is at the position; its prefix stands before.
  mutating func skipString() {
    let quote = bytes[position]
    let prefix = literalPrefix()
    let triple = peek(1) == quote && peek(2) == quote
    if !triple, peek(1) == quote {
      position += 2
      return
    }
    position += triple ? 3 : 1
    let start = position
    let startLine = line
    if prefix.isFormatted, fieldDepth < 100 {
      skipFormatted(quote: quote, triple: triple, raw: prefix.isRaw)
      return
    }
    while position < bytes.count {
      let byte = bytes[position]
      if byte == quote {
        if !triple || (peek(1) == quote && peek(2) == quote) { break }
        position += 1
      } else if byte == UInt8(ascii: "\\") {
        position += 1
        skipEscaped()
      } else if byte == 0x0A || byte == 0x0D {
        // A line break ends what a closing quote should have ended: the text is not Python, the next line may be.
        if !triple { return }
        skipLineBreak()
      } else {
        position += 1
      }
    }
    if options.stringImportMinimumDots != nil || options.assetMinimumSlashes != nil {
      noteLiteral(start..<min(position, bytes.count), line: startLine)
    }
    position = min(position + (triple ? 3 : 1), bytes.count)
  }

  private mutating func skipEscaped() {
    if peek() == 0x0A || peek() == 0x0D {
      skipLineBreak()
    } else {
      position += 1
    }
  }

  /// What the letters before the quote at the position say. (The Python Language Reference, section 2.4.1.)
  private func literalPrefix() -> (isFormatted: Bool, isRaw: Bool) {
    var index = position
    var formatted = false
    var raw = false
    while index > 0, position - index < 3 {
      switch bytes[index - 1] | 0x20 {
      case UInt8(ascii: "f"), UInt8(ascii: "t"): formatted = true
      case UInt8(ascii: "r"): raw = true
      case UInt8(ascii: "b"), UInt8(ascii: "u"): break
      default: return isNameByte(bytes[index - 1]) ? (false, false) : (formatted, raw)
      }
      index -= 1
    }
    return index > 0 && isNameByte(bytes[index - 1]) ? (false, false) : (formatted, raw)
  }

  /// Steps over the rest of an f-string, in whose fields strings with the same quotes may stand (PEP 701).
  private mutating func skipFormatted(quote: UInt8, triple: Bool, raw: Bool) {
    while position < bytes.count {
      let byte = bytes[position]
      switch byte {
      case quote:
        if !triple {
          position += 1
          return
        }
        if peek(1) == quote, peek(2) == quote {
          position += 3
          return
        }
        position += 1
      case UInt8(ascii: "\\"):
        position += 1
        if !raw, peek() == UInt8(ascii: "N"), peek(1) == UInt8(ascii: "{") {
          position += 2
        } else if peek() != UInt8(ascii: "{") {
          skipEscaped()
        }
      case UInt8(ascii: "{"):
        position += 1
        if peek() == UInt8(ascii: "{") {
          position += 1
        } else {
          fieldDepth += 1
          skipField(quote: quote, triple: triple)
          fieldDepth -= 1
        }
      case 0x0A, 0x0D:
        if !triple { return }
        skipLineBreak()
      default: position += 1
      }
    }
  }

  /// Steps over one replacement field, behind its opening brace, and its format.
  private mutating func skipField(quote: UInt8, triple: Bool) {
    var depth = 0
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "\""), UInt8(ascii: "'"): skipString()
      case UInt8(ascii: "#"): skipComment()
      case 0x0A, 0x0D: skipLineBreak()
      case UInt8(ascii: "("):
        scanCall()
        depth += 1
        position += 1
      case UInt8(ascii: "["), UInt8(ascii: "{"):
        depth += 1
        position += 1
      case UInt8(ascii: ")"), UInt8(ascii: "]"):
        depth -= 1
        position += 1
      case UInt8(ascii: "}"):
        position += 1
        if depth <= 0 { return }
        depth -= 1
      case UInt8(ascii: ":") where depth <= 0:
        position += 1
        skipFormat(quote: quote, triple: triple)
        return
      default: position += 1
      }
    }
  }

  /// Steps over a format up to and with the brace that ends its field; fields may be nested in it.
  private mutating func skipFormat(quote: UInt8, triple: Bool) {
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "}"):
        position += 1
        return
      case UInt8(ascii: "{"):
        position += 1
        guard fieldDepth < 100 else { return }
        fieldDepth += 1
        skipField(quote: quote, triple: triple)
        fieldDepth -= 1
      case quote:
        if !triple || (peek(1) == quote && peek(2) == quote) { return }
        position += 1
      case 0x0A, 0x0D:
        if !triple { return }
        skipLineBreak()
      default: position += 1
      }
    }
  }

  /// Takes the literal as an import or an asset where it looks like one.
  private mutating func noteLiteral(_ range: Range<Int>, line: Int) {
    var dots = 0
    var slashes = 0
    var lastSegmentDots = 0
    var onlyNames = true
    for index in range {
      switch bytes[index] {
      case UInt8(ascii: "."):
        dots += 1
        lastSegmentDots += 1
        if index == range.lowerBound || index + 1 == range.upperBound || bytes[index + 1] == UInt8(ascii: ".") {
          onlyNames = false
        }
      case UInt8(ascii: "/"):
        slashes += 1
        lastSegmentDots = 0
        onlyNames = false
      case UInt8(ascii: "\\"), 0x00...0x20: return
      case let byte:
        if !isNameByte(byte) { onlyNames = false }
        let starts = index == range.lowerBound || bytes[index - 1] == UInt8(ascii: ".")
        if starts, UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte { onlyNames = false }
      }
    }
    if let minimum = options.stringImportMinimumDots, onlyNames, dots >= max(minimum, 1) {
      found.imports.append(PythonImport(module: text(range), line: line, form: .string))
    }
    if let minimum = options.assetMinimumSlashes, slashes >= max(minimum, 1), lastSegmentDots > 0 {
      found.assets.append(LineText(text: text(range), line: line))
    }
  }
}
