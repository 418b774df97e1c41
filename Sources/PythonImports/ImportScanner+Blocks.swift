extension ImportScanner {
  /// A block in which imports have a special meaning.
  struct Block {
    enum Kind {
      case tryStatement, suppress, typeChecking
      /// `if not TYPE_CHECKING`, whose `else` is the opposite.
      case notTypeChecking
    }
    var kind: Kind
    /// The column of the statement that opened it.
    var indent: Int
    /// The first import inside.
    var firstImport: Int
    /// The end of the imports of a `try` statement's body, once its first clause was met.
    var bodyEnd: Int?
  }

  /// Records a block that gives imports a meaning, if the logical line at the position opens one.
  @inline(__always) mutating func openBlock(at indent: Int) {
    let kind: Block.Kind?
    switch peek() {
    case UInt8(ascii: "t") where isWord("try", at: position): kind = .tryStatement
    case UInt8(ascii: "i") where isWord("if", at: position): kind = typeCheckingBlock()
    case UInt8(ascii: "e") where isWord("elif", at: position): kind = typeCheckingBlock()
    case UInt8(ascii: "w") where isWord("with", at: position): kind = headerSuppresses() ? .suppress : nil
    default: return
    }
    guard let kind else { return }
    blocks.append(Block(kind: kind, indent: indent, firstImport: found.imports.count))
  }

  private mutating func typeCheckingBlock() -> Block.Kind? {
    guard mentionsTypeChecking, headerHas("TYPE_CHECKING"), !headerHas("or") else { return nil }
    return headerHas("not") ? (headerHas("and") ? nil : .notTypeChecking) : .typeChecking
  }

  private func headerSuppresses() -> Bool { headerHas("suppress") && headerNamesImportError() }

  private func headerNamesImportError() -> Bool { headerHas("ImportError") || headerHas("ModuleNotFoundError") }

  /// Ends the blocks that a logical line with this indentation ends; the position is at its first word.
  mutating func closeBlocks(at indent: Int) {
    while let block = blocks.last, indent <= block.indent {
      if block.kind == .tryStatement, indent == block.indent {
        let isExcept = isWord("except", at: position)
        if isExcept || isWord("else", at: position) || isWord("finally", at: position) {
          let end = block.bodyEnd ?? found.imports.count
          blocks[blocks.count - 1].bodyEnd = end
          if isExcept, headerNamesImportError() {
            for index in block.firstImport..<end { found.imports[index].isWeak = true }
          }
          return
        }
      }
      blocks.removeLast()
      switch block.kind {
      case .tryStatement: break
      case .notTypeChecking:
        guard indent == block.indent, isWord("else", at: position) else { break }
        blocks.append(Block(kind: .typeChecking, indent: indent, firstImport: found.imports.count))
        return
      case .suppress: for index in block.firstImport..<found.imports.count { found.imports[index].isWeak = true }
      case .typeChecking:
        for index in block.firstImport..<found.imports.count { found.imports[index].isTypeCheckingOnly = true }
      }
    }
  }

  /// Whether the header of a compound statement at the position, up to its colon, contains this word outside strings.
  /// Headers beyond 4 KB are assumed not to exist.
  private func headerHas(_ word: StaticString) -> Bool {
    var index = position
    var depth = 0
    let end = min(bytes.count, position + 4096)
    while index < end {
      let byte = bytes[index]
      if isNameByte(byte) {
        if isWord(word, at: index) { return true }
        index = endOfName(from: index)
        continue
      }
      switch byte {
      case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
      case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
      case UInt8(ascii: ":") where depth <= 0: return false
      case UInt8(ascii: "\""), UInt8(ascii: "'"):
        index += 1
        while index < end, bytes[index] != byte, bytes[index] != 0x0A {
          index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
        }
      case UInt8(ascii: "#"): index = (firstIndex(of: 0x0A, from: index, to: end) ?? end) - 1
      case 0x0A, 0x0D: if depth <= 0, index == 0 || bytes[index - 1] != UInt8(ascii: "\\") { return false }
      default: break
      }
      index += 1
    }
    return false
  }

  /// Drops the imports and assets of a logical line that `no-infer-dep` marks: those on a marked line, and all import
  /// statements where the line that ends the statement is marked. The position is at the end of the logical line.
  mutating func dropMarked(fromImport firstImport: Int, asset firstAsset: Int) {
    let all = marks.last?.upperBound == position
    func isMarked(_ offset: Int) -> Bool {
      marks.contains { mark in offset < mark.lowerBound && isOneLine(offset..<mark.lowerBound) }
    }
    let kept = found.imports[firstImport...].filter { !(all && $0.form != .string) && !isMarked($0.line) }
    found.imports.replaceSubrange(firstImport..., with: kept)
    if firstAsset < found.assets.count {
      found.assets.replaceSubrange(firstAsset..., with: found.assets[firstAsset...].filter { !isMarked($0.line) })
    }
    for index in blocks.indices {
      blocks[index].bodyEnd = blocks[index].bodyEnd.map { min($0, found.imports.count) }
    }
  }

  private func isOneLine(_ range: Range<Int>) -> Bool {
    firstIndex(of: 0x0A, from: range.lowerBound, to: range.upperBound) == nil
      && firstIndex(of: 0x0D, from: range.lowerBound, to: range.upperBound) == nil
  }
}
