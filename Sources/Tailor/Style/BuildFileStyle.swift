internal import StarlarkSyntax

/// What of a BUILD file is not as it should be, beside its format: order, repetitions, names that are loaded for nothing.
/// Comments stay with what they are about; everything else stays byte by byte.
public struct BuildFileStyle {
  /// One remark on a BUILD file.
  public struct Remark: Sendable, Hashable {
    public enum Rule: String, Sendable, Hashable, CaseIterable {
      case unsorted = "unsorted-list"
      case repeated = "repeated-entry"
      case unusedLoad = "unused-load"
      case repeatedLoad = "repeated-load"
      case syntax
    }

    public var rule: Rule
    public var line: Int
    public var column: Int
    public var message: String
    /// Whether ``BuildFileStyle/fixed`` is without it.
    public var isFixable = true
  }

  /// By place.
  public private(set) var remarks: [Remark] = []
  /// The text without what the remarks are about; the text as it is where nothing is to be changed.
  public let fixed: [UInt8]

  /// The fields whose entries have no order of their own.
  private static let sortedFields: Set<String> = ["dependencies", "runtime_package_dependencies", "tags"]

  /// Reads a file.
  public init(path: String, bytes: [UInt8]) {
    let text: BuildFileText
    do {
      text = try BuildFileText(path: path, bytes: bytes)
    } catch {
      // Whoever loads the workspace says the same with the line; here it is one remark of many.
      let place = (error as? StarlarkError)?.location
      remarks = [
        Remark(
          rule: .syntax, line: place?.line ?? 1, column: place?.column ?? 1,
          message: (error as? StarlarkError)?.message ?? "\(error)", isFixable: false)
      ]
      fixed = bytes
      return
    }
    var found: [Remark] = []
    var edits: [TextEdit] = []
    Self.look(at: text, &found, &edits)
    Self.lookAtLoads(text, &found, &edits)
    remarks = found.sorted { ($0.line, $0.column) < ($1.line, $1.column) }
    fixed = edits.isEmpty ? bytes : TextEdit.apply(edits, to: bytes)
  }

  /// The change that fixes a file; nil where nothing is to be changed.
  public static func change(path: String, bytes: [UInt8]) -> BuildFileChange? {
    let fixed = BuildFileStyle(path: path, bytes: bytes).fixed
    return fixed == bytes ? nil : BuildFileChange(path: path, before: bytes, after: fixed, steps: [])
  }

  // MARK: Lists

  private static func look(at text: BuildFileText, _ found: inout [Remark], _ edits: inout [TextEdit]) {
    for index in text.tokens.indices.dropLast(2) {
      guard text.tokens[index + 2].kind == .openBracket, let field = field(text, at: index),
        sortedFields.contains(field), let list = text.brackets(at: index + 2), list.elements.count > 1,
        // A comprehension, or what is computed, has an order of its own.
        list.elements.allSatisfy({ $0.tokens.count == 1 && text.tokens[$0.tokens.lowerBound].kind == .string })
      else { continue }
      // A string that cannot be decoded is an error of the file's evaluation.
      let words = list.elements.map { (try? text.string($0.tokens)).flatMap { $0 } ?? "" }
      func remark(_ rule: Remark.Rule, _ element: Int, _ message: String) {
        let offset = text.tokens[list.elements[element].tokens.lowerBound].start
        found.append(
          Remark(
            rule: rule, line: text.source.line(at: offset), column: text.source.column(at: offset), message: message))
      }
      var seen: Set<String> = []
      let repeated = Set(words.indices.filter { !seen.insert(words[$0]).inserted })
      for element in repeated.sorted() { remark(.repeated, element, "\"\(words[element])\" is listed twice") }
      let order = words.indices.filter { !repeated.contains($0) }.sorted { precedes(words[$0], words[$1]) }
      let isSorted = order == order.sorted()
      if !isSorted, let first = zip(order, order.sorted()).first(where: { $0 != $1 }) {
        remark(.unsorted, first.1, "the entries of `\(field)` are not sorted")
      }
      guard !isSorted || !repeated.isEmpty else { continue }
      if let edit = reordered(list, in: text, order: isSorted ? order.sorted() : order) {
        edits.append(edit)
      } else {
        edits += text.removal(of: repeated, from: list)
        for index in found.indices where found[index].rule == .unsorted && !isSorted {
          guard found[index].line >= text.source.line(at: text.tokens[list.opening].start),
            found[index].line <= text.source.line(at: text.tokens[list.closing].start)
          else { continue }
          found[index].isFixable = false
          found[index].message += "; sort them by hand: a comment belongs to no entry"
        }
      }
    }
  }

  /// The name before `=` or `:`: that of an argument, or a key of `overrides`.
  private static func field(_ text: BuildFileText, at index: Int) -> String? {
    switch (text.tokens[index].kind, text.tokens[index + 1].kind) {
    case (.identifier, .assign): text.text(of: index)
    // A string that cannot be decoded is an error of the file's evaluation.
    case (.string, .colon): (try? text.string(index...index)).flatMap { $0 }
    default: nil
    }
  }

  /// The order of entries: exclusions last, entries of the own BUILD file first, then by text.
  static func precedes(_ left: String, _ right: String) -> Bool {
    func rank(_ text: String) -> Int {
      text.hasPrefix("!") ? 3 : text.hasPrefix(":") ? 0 : text.hasPrefix("//") ? 2 : 1
    }
    let (first, second) = (rank(left), rank(right))
    return first == second ? left.utf8.lexicographicallyPrecedes(right.utf8) : first < second
  }

  /// The list with its entries in another order, each with the comments of its own: those on lines above it, and the one
  /// behind it. Nil where comments belong to no entry.
  private static func reordered(_ list: BuildFileText.Brackets, in text: BuildFileText, order: [Int]) -> TextEdit? {
    let bytes = text.source.bytes
    let (opening, closing) = (text.tokens[list.opening].end, text.tokens[list.closing].start)
    let isInOneLine = !bytes[opening..<closing].contains(0x0A)
    if isInOneLine {
      let words = order.map { Array(bytes[text.range(list.elements[$0].tokens)]) }
      let trailing = list.elements.last?.comma != nil
      let joined = Array(words.joined(separator: Array(", ".utf8))) + (trailing ? [0x2C] : [])
      return TextEdit(range: opening..<closing, replacement: joined)
    }
    // Entries with lines of their own; the lines between one and the next belong to the next.
    var parts: [[UInt8]] = []
    var start = text.rest(ofLineAt: opening).flatMap { $0.comment.isEmpty ? $0.end : nil }
    guard var position = start else { return nil }
    for element in list.elements {
      let first = text.tokens[element.tokens.lowerBound].start
      let last = text.tokens[element.tokens.upperBound].end
      guard text.indentation(at: first) != nil,
        let rest = text.rest(ofLineAt: element.comma.map { text.tokens[$0].end } ?? last)
      else { return nil }
      var part = Array(bytes[position..<last]) + [0x2C]
      let behind = bytes[(element.comma.map { text.tokens[$0].end } ?? last)..<rest.end]
      part += behind
      if behind.last != 0x0A { return nil }
      parts.append(part)
      position = rest.end
    }
    start = position
    // A comment below the last entry would lose its place.
    guard !bytes[position..<closing].contains(0x23), let begin = text.rest(ofLineAt: opening)?.end else { return nil }
    return TextEdit(range: begin..<position, replacement: order.flatMap { parts[$0] })
  }

  // MARK: Loads

  private static func lookAtLoads(_ text: BuildFileText, _ found: inout [Remark], _ edits: inout [TextEdit]) {
    var used: Set<String> = []
    var calls: [(start: Int, arguments: BuildFileText.Brackets)] = []
    var inside: Set<Int> = []
    for index in text.tokens.indices.dropLast() where text.tokens[index].kind == .load {
      guard text.tokens[index + 1].kind == .openParen, let call = text.brackets(at: index + 1) else { continue }
      calls.append((index, call))
      inside.formUnion(call.opening...call.closing)
    }
    for index in text.tokens.indices where text.tokens[index].kind == .identifier && !inside.contains(index) {
      used.insert(text.text(of: index))
    }
    var loaded: Set<String> = []
    for (start, call) in calls {
      var removed: Set<Int> = []
      for (place, element) in call.elements.enumerated() where place > 0 {
        let first = element.tokens.lowerBound
        let name: String
        if element.tokens.count == 1 {
          // A string that cannot be decoded is an error of the file's evaluation.
          guard let text = (try? text.string(element.tokens)).flatMap({ $0 }) else { continue }
          name = text
        } else {
          name = text.text(of: first)
        }
        let rule: Remark.Rule? = !used.contains(name) ? .unusedLoad : loaded.contains(name) ? .repeatedLoad : nil
        loaded.insert(name)
        guard let rule else { continue }
        removed.insert(place)
        let offset = text.tokens[first].start
        found.append(
          Remark(
            rule: rule, line: text.source.line(at: offset), column: text.source.column(at: offset),
            message: rule == .unusedLoad ? "\"\(name)\" is loaded and not used" : "\"\(name)\" is loaded twice"))
      }
      guard !removed.isEmpty else { continue }
      if removed.count == call.elements.count - 1, let rest = text.rest(ofLineAt: text.tokens[call.closing].end),
        rest.comment.isEmpty
      {
        edits.append(TextEdit(range: text.lineStart(of: text.tokens[start].start)..<rest.end))
      } else {
        edits += text.removal(of: removed, from: call)
      }
    }
  }
}
