internal import StarlarkSyntax

/// Bytes in the place of others.
struct TextEdit: Hashable {
  var range: Range<Int>
  var replacement: [UInt8] = []

  /// A text with edits applied. Removals can overlap; an insertion in removed text replaces it.
  static func apply(_ edits: [TextEdit], to bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var position = 0
    let ordered = edits.sorted {
      ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
    }
    for edit in ordered {
      if edit.range.lowerBound > position { result += bytes[position..<edit.range.lowerBound] }
      result += edit.replacement
      position = max(position, edit.range.upperBound)
    }
    return result + bytes[min(position, bytes.count)...]
  }
}

extension BuildFileText {
  /// The edits that take elements out of brackets: with their lines, where these are theirs alone.
  func removal(of removed: Set<Int>, from brackets: Brackets) -> [TextEdit] {
    var edits: [TextEdit] = []
    var lastKept: Int?
    for (index, element) in brackets.elements.enumerated() {
      guard removed.contains(index) else {
        lastKept = index
        continue
      }
      let start = tokens[element.tokens.lowerBound].start
      let end = tokens[element.comma ?? element.tokens.upperBound].end
      let rest = rest(ofLineAt: end)
      if indentation(at: start) != nil, let rest {
        edits.append(TextEdit(range: lineStart(of: start)..<rest.end))
      } else if let comma = element.comma, rest == nil {
        // For the last one, the space before it is removed as well.
        let isLast = comma + 1 == brackets.closing
        let kept = isLast ? lastKept.flatMap { brackets.elements[$0].comma } : nil
        edits.append(TextEdit(range: gapStart(from: kept, to: element, or: start)..<skippingSpace(from: end)))
      } else if element.comma != nil || lastKept == nil {
        // The text before it on its line stays, without the space between.
        var first = start
        while first > 0, source.bytes[first - 1] == 0x20 || source.bytes[first - 1] == 0x09 { first -= 1 }
        edits.append(TextEdit(range: (indentation(at: start) == nil ? first : start)..<end))
      } else if let lastKept {
        let kept = brackets.elements[lastKept].tokens.upperBound
        edits.append(TextEdit(range: gapStart(from: kept, to: element, or: start)..<end))
      }
    }
    guard removed.count == brackets.elements.count, !hasOtherComments(in: brackets, besides: edits) else {
      return edits
    }
    return [TextEdit(range: tokens[brackets.opening].end..<tokens[brackets.closing].start)]
  }

  /// The end of a token, unless there is a comment between it and an element, or no token: then `start`.
  private func gapStart(from token: Int?, to element: Element, or start: Int) -> Int {
    guard let token, !(token..<element.tokens.lowerBound).contains(where: { hasComment(between: $0, and: $0 + 1) })
    else { return start }
    return tokens[token].end
  }

  private func skippingSpace(from offset: Int) -> Int {
    var index = offset
    while index < source.bytes.count, source.bytes[index] == 0x20 || source.bytes[index] == 0x09 { index += 1 }
    return index
  }

  /// Whether brackets contain comments that edits keep.
  func hasOtherComments(in brackets: Brackets, besides edits: [TextEdit] = []) -> Bool {
    for index in brackets.opening..<brackets.closing {
      let gap = tokens[index].end..<tokens[index + 1].start
      for offset in gap where source.bytes[offset] == 0x23 && !edits.contains(where: { $0.range.contains(offset) }) {
        return true
      }
    }
    return false
  }

  /// The edits that add an element after the last one in brackets, in the existing style.
  ///
  /// - Parameter indent: one step of indentation, if no other element shows it.
  func insertion(of texts: [String], into brackets: Brackets, indent: String) -> [TextEdit] {
    let lineEnd = Self.lineEnd(of: source.bytes)
    let closing = tokens[brackets.closing].start
    guard let last = brackets.elements.last else {
      let joined = Array(texts.joined(separator: ", ").utf8)
      guard hasOtherComments(in: brackets), let outer = indentation(at: closing) else {
        return [TextEdit(range: tokens[brackets.opening].end..<closing, replacement: joined)]
      }
      let lines = texts.flatMap { outer + Array("\(indent)\($0),".utf8) + lineEnd }
      let start = lineStart(of: closing)
      return [TextEdit(range: start..<start, replacement: lines)]
    }
    let end = tokens[last.tokens.upperBound].end
    let behind = tokens[last.comma ?? last.tokens.upperBound].end
    let start = tokens[last.tokens.lowerBound].start
    if let indentation = indentation(at: start), let rest = rest(ofLineAt: behind) {
      let comma = last.comma == nil ? [TextEdit(range: end..<end, replacement: [0x2C])] : []
      let lines = texts.flatMap { indentation + Array("\($0),".utf8) + lineEnd }
      return comma + [TextEdit(range: rest.end..<rest.end, replacement: lines)]
    }
    if last.comma == nil {
      return [TextEdit(range: end..<end, replacement: Array(texts.map { ", " + $0 }.joined().utf8))]
    }
    return [TextEdit(range: behind..<behind, replacement: Array(texts.map { " \($0)," }.joined().utf8))]
  }
}
