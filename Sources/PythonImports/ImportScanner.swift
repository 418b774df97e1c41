import Glibc

/// The pass over one file's bytes.
///
/// Lines follow CPython's tokenizer: a logical line ends at a line break outside brackets and strings that no backslash
/// precedes. (The Python Language Reference, section 2.1.) Lines are not counted during the pass: findings hold byte
/// offsets in place of line numbers until the end, when ``LineCounter`` counts up to the last finding.
struct ImportScanner {
  let bytes: UnsafeBufferPointer<UInt8>
  let options: ImportOptions
  var position = 0
  /// The number of open brackets at the position.
  var depth = 0
  var found = PythonFileImports()
  /// The open `try`, `if TYPE_CHECKING` and `with suppress` blocks, by indentation.
  var blocks: [Block] = []
  /// The comments of this logical line that carry the mark against inference.
  var marks: [Range<Int>] = []
  /// The current nesting depth of f-string fields: deeper text is not followed.
  var fieldDepth = 0
  /// Whether a line can end in a CR: such files are rare, and other files need not pay for them.
  let hasCarriageReturns: Bool
  /// Whether `TYPE_CHECKING` occurs anywhere in the file; the first `if` determines it.
  lazy var mentionsTypeChecking = findsTypeChecking()

  init(bytes: UnsafeBufferPointer<UInt8>, options: ImportOptions) {
    self.bytes = bytes
    self.options = options
    hasCarriageReturns = bytes.baseAddress.map { memchr($0, 0x0D, bytes.count) != nil } ?? false
  }

  /// Bytes that mean something outside names, numbers and operators, as two bit sets for 0...63 and 64...127:
  /// quotes, `#`, round, square and curly brackets; outside brackets also line breaks, `:`, `;` and the backslash.
  private static let innerLow: UInt64 = 1 << 0x22 | 1 << 0x23 | 1 << 0x27 | 1 << 0x28 | 1 << 0x29
  private static let innerHigh: UInt64 = 1 << (0x5B - 64) | 1 << (0x5D - 64) | 1 << (0x7B - 64) | 1 << (0x7D - 64)
  private static let outerLow: UInt64 = innerLow | 1 << 0x0A | 1 << 0x0D | 1 << 0x3A | 1 << 0x3B
  private static let outerHigh: UInt64 = innerHigh | 1 << (0x5C - 64)

  /// The byte `offset` after the position; 0 past the end.
  @inline(__always) func peek(_ offset: Int = 0) -> UInt8 {
    let index = position + offset
    return index < bytes.count ? bytes[index] : 0
  }

  mutating func run() {
    if bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF { position = 3 }
    while position < bytes.count { scanLogicalLine() }
    closeBlocks(at: -1)
    numberLines()
  }

  private mutating func scanLogicalLine() {
    let start = position
    while peek() == UInt8(ascii: " ") { position += 1 }
    var indent = position - start
    indentation: while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: " "): indent += 1
      case UInt8(ascii: "\t"): indent = (indent / 8 + 1) * 8
      case 0x0C: indent = 0
      default: break indentation
      }
      position += 1
    }
    switch peek() {
    case 0x0A, 0x0D:
      skipLineBreak()
      return
    case UInt8(ascii: "#"):
      found.isBlank = false
      skipComment()
      if !marks.isEmpty { marks.removeAll(keepingCapacity: true) }
      return
    default: break
    }
    guard position < bytes.count else { return }
    found.isBlank = false
    if let block = blocks.last, indent <= block.indent { closeBlocks(at: indent) }
    openBlock(at: indent)

    let (firstImport, firstAsset) = (found.imports.count, found.assets.count)
    scanStatements()
    if !marks.isEmpty {
      dropMarked(fromImport: firstImport, asset: firstAsset)
      marks.removeAll(keepingCapacity: true)
    }
    skipLineBreak()
  }

  /// Reads statements up to the line break that ends the logical line.
  private mutating func scanStatements() {
    depth = 0
    scanImportStatement()
    while true {
      skipToStop()
      guard position < bytes.count else { return }
      switch bytes[position] {
      case 0x0A, 0x0D: return
      case UInt8(ascii: "\""), UInt8(ascii: "'"):
        if options.notesStrings { noteLiterals() } else { skipString() }
      case UInt8(ascii: "#"): skipComment()
      case UInt8(ascii: "("):
        scanCall()
        depth += 1
        position += 1
      case UInt8(ascii: "["), UInt8(ascii: "{"):
        depth += 1
        position += 1
      case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
        depth = max(0, depth - 1)
        position += 1
      case UInt8(ascii: "\\"):
        position += 1
        skipLineBreak()
      default:  // ':' and ';' begin a statement.
        position += 1
        skipSpace(acrossLines: false)
        scanImportStatement()
      }
    }
  }

  /// Steps over bytes without a meaning here. Written without branches on the byte, because Python text is not
  /// predictable.
  @inline(__always) private mutating func skipToStop() {
    let low = depth == 0 ? Self.outerLow : Self.innerLow
    let high = depth == 0 ? Self.outerHigh : Self.innerHigh
    let end = bytes.count
    var index = position
    while index < end {
      let byte = bytes[index]
      let set = byte & 0x40 == 0 ? low : high
      if (set &>> UInt64(byte & 0x3F)) & UInt64(~byte &>> 7) != 0 { break }
      index += 1
    }
    position = index
  }

  /// Steps over one line break (LF, CR or CRLF), if the position is at one.
  mutating func skipLineBreak() {
    switch peek() {
    case 0x0A: position += 1
    case 0x0D: position += peek(1) == 0x0A ? 2 : 1
    default: return
    }
  }

  /// Steps over spaces and continued lines; with `acrossLines`, over line breaks and comments as well, whose marks are
  /// noted unless the text will be read again.
  mutating func skipSpace(acrossLines: Bool, notesMarks: Bool = true) {
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: " "), UInt8(ascii: "\t"), 0x0C: position += 1
      case UInt8(ascii: "\\"):
        guard peek(1) == 0x0A || peek(1) == 0x0D else { return }
        position += 1
        skipLineBreak()
      case 0x0A, 0x0D:
        guard acrossLines else { return }
        skipLineBreak()
      case UInt8(ascii: "#"):
        guard acrossLines else { return }
        skipComment(notesMarks: notesMarks)
      default: return
      }
    }
  }

  /// The end of the name that begins at `start`; `start` itself where none does.
  func endOfName(from start: Int) -> Int {
    var index = start
    while index < bytes.count, isNameByte(bytes[index]) { index += 1 }
    return index
  }

  /// Whether the text at `index` is this whole word.
  @inline(__always) func isWord(_ word: StaticString, at index: Int) -> Bool {
    let length = word.utf8CodeUnitCount
    return matches(word, at: index) && (index + length == bytes.count || !isNameByte(bytes[index + length]))
  }

  /// Whether the text at `index` begins with these bytes.
  @inline(__always) func matches(_ word: StaticString, at index: Int) -> Bool {
    let length = word.utf8CodeUnitCount
    guard index + length <= bytes.count else { return false }
    for offset in 0..<length where bytes[index + offset] != word.utf8Start[offset] { return false }
    return true
  }

  /// The place of the next such byte before `end`, from `start` on.
  @inline(__always) func firstIndex(of byte: UInt8, from start: Int, to end: Int) -> Int? {
    guard let base = bytes.baseAddress, start < end, let hit = memchr(base + start, Int32(byte), end - start) else {
      return nil
    }
    return UnsafeRawPointer(hit) - UnsafeRawPointer(base)
  }

  /// Searches for the rarest letter of the word, a capital K.
  private func findsTypeChecking() -> Bool {
    var start = 9
    while let hit = firstIndex(of: UInt8(ascii: "K"), from: start, to: bytes.count) {
      if matches("TYPE_CHECKING", at: hit - 9) { return true }
      start = hit + 1
    }
    return false
  }

  func text(_ range: Range<Int>) -> String {
    String(decoding: UnsafeBufferPointer(rebasing: bytes[range]), as: UTF8.self)
  }
}

/// Whether the byte can be part of an identifier; all of UTF-8 beyond ASCII counts.
@inline(__always) func isNameByte(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...0xFF:
    true
  default: false
  }
}
