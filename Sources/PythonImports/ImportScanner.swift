/// The pass over one file's bytes.
///
/// Lines are taken as CPython's tokenizer takes them: a logical line ends at a line break outside brackets and strings
/// that no backslash precedes. (The Python Language Reference, section 2.1.)
struct ImportScanner {
  let bytes: UnsafeBufferPointer<UInt8>
  let options: ImportOptions
  var position = 0
  var line = 1
  var found = PythonFileImports()
  /// The open `try`, `if TYPE_CHECKING` and `with suppress` blocks, by indentation.
  var blocks: [Block] = []
  /// The lines of this logical line that carry the mark against inference.
  var markedLines: [Int] = []
  /// How deep f-string fields are nested at the moment: text that nests deeper is not followed.
  var fieldDepth = 0

  init(bytes: UnsafeBufferPointer<UInt8>, options: ImportOptions) {
    self.bytes = bytes
    self.options = options
  }

  /// Bytes that mean something outside names, numbers and operators, as two bit sets for 0...63 and 64...127:
  /// line breaks, quotes, `#`, round, square and curly brackets, `:`, `;` and the backslash.
  static let lowStops: UInt64 =
    1 << 0x0A | 1 << 0x0D | 1 << 0x22 | 1 << 0x23 | 1 << 0x27 | 1 << 0x28 | 1 << 0x29 | 1 << 0x3A | 1 << 0x3B
  static let highStops: UInt64 =
    1 << (0x5B - 64) | 1 << (0x5C - 64) | 1 << (0x5D - 64) | 1 << (0x7B - 64) | 1 << (0x7D - 64)

  /// The byte `offset` after the position; 0 past the end.
  @inline(__always) func peek(_ offset: Int = 0) -> UInt8 {
    let index = position + offset
    return index < bytes.count ? bytes[index] : 0
  }

  mutating func run() {
    if bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF { position = 3 }
    while position < bytes.count { scanLogicalLine() }
    closeBlocks(at: -1)
  }

  private mutating func scanLogicalLine() {
    var indent = 0
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
      return
    default: break
    }
    guard position < bytes.count else { return }
    found.isBlank = false
    if let block = blocks.last, indent <= block.indent { closeBlocks(at: indent) }
    openBlock(at: indent)

    let firstImport = found.imports.count
    if !markedLines.isEmpty { markedLines.removeAll(keepingCapacity: true) }
    scanStatements()
    if !markedLines.isEmpty { dropMarkedImports(from: firstImport) }
    skipLineBreak()
  }

  /// Reads statements up to the line break that ends the logical line.
  private mutating func scanStatements() {
    var depth = 0
    var atStart = true
    while position < bytes.count {
      if atStart {
        atStart = false
        skipSpace(acrossLines: false)
        if scanImportStatement() { continue }
      }
      skipToStop()
      guard position < bytes.count else { return }
      switch bytes[position] {
      case 0x0A, 0x0D:
        if depth == 0 { return }
        skipLineBreak()
      case UInt8(ascii: "\""), UInt8(ascii: "'"): skipString()
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
      default:  // ':' and ';' begin a statement, unless they are part of an expression.
        position += 1
        atStart = depth == 0
      }
    }
  }

  @inline(__always) private mutating func skipToStop() {
    let end = bytes.count
    var index = position
    while index < end {
      let byte = bytes[index]
      if byte < 64 {
        if Self.lowStops >> UInt64(byte) & 1 != 0 { break }
      } else if byte < 128 {
        if Self.highStops >> UInt64(byte & 63) & 1 != 0 { break }
      }
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
    line += 1
  }

  /// Steps over spaces and continued lines; with `acrossLines`, over line breaks and comments as well.
  mutating func skipSpace(acrossLines: Bool) {
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
        skipComment()
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
  func isWord(_ word: StaticString, at index: Int) -> Bool {
    let length = word.utf8CodeUnitCount
    guard index + length <= bytes.count else { return false }
    for offset in 0..<length where bytes[index + offset] != word.utf8Start[offset] { return false }
    return index + length == bytes.count || !isNameByte(bytes[index + length])
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
