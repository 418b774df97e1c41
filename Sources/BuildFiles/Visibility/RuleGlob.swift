/// One glob of a visibility rule: `*` stays within a name, `**` spans directories, and all else is literal.
///
/// The meaning equals Pants' `visibility/glob.py`, which translates to regular expressions: `/**` also matches nothing,
/// and the text after `**/` begins at the start of a word. Matching takes time proportional to the product of both
/// lengths, for any pattern.
struct RuleGlob: Hashable, Sendable {
  private enum Part: Hashable, Sendable {
    case literal([UInt8])
    /// `*`: any bytes but slashes.
    case name
    /// `**`: any bytes.
    case anything
    /// `/**`: nothing, or a slash and any bytes.
    case subtree
    /// `**/`: an optional slash, then the edge of a word.
    case edge
  }

  private let parts: [Part]
  private let floats: Bool

  /// - Parameters:
  ///   - floats: whether a match can begin anywhere; it always reaches to the end.
  ///   - snaps: whether a pattern that begins with a letter or digit begins at the start of a word.
  init(_ pattern: String, floats: Bool = false, snaps: Bool = false) {
    let bytes = Array(pattern.utf8)
    let (star, slash) = (UInt8(ascii: "*"), UInt8(ascii: "/"))
    var parts: [Part] = []
    var literal: [UInt8] = []
    func has(_ text: [UInt8], at index: Int) -> Bool { bytes[index...].starts(with: text) }
    func flush() {
      if !literal.isEmpty { parts.append(.literal(literal)) }
      literal = []
    }
    if snaps, let first = bytes.first, first != UInt8(ascii: "_"), Self.isWord(first) { parts.append(.edge) }
    var index = 0
    while index < bytes.count {
      if has([slash, star, star], at: index) {
        flush()
        parts.append(.subtree)
        index += 3
      } else if has([star, star, slash], at: index), !has([slash, star, star], at: index + 2) {
        flush()
        parts.append(.edge)
        index += 3
      } else if has([star, star], at: index) {
        flush()
        parts.append(.anything)
        index += 2
      } else if bytes[index] == star {
        flush()
        parts.append(.name)
        index += 1
      } else {
        literal.append(bytes[index])
        index += 1
      }
    }
    flush()
    self.parts = parts
    self.floats = floats
  }

  /// Whether the glob matches up to the end of `text`.
  func matches(_ text: String) -> Bool {
    var text = text
    return text.withUTF8 { bytes in
      let slash = UInt8(ascii: "/")
      // The positions at which a match of the parts so far can end.
      var ends = [Bool](repeating: floats, count: bytes.count + 1)
      ends[0] = true
      func isEdge(_ place: Int) -> Bool {
        let before = place > 0 && Self.isWord(bytes[place - 1])
        return before != (place < bytes.count && Self.isWord(bytes[place]))
      }
      for part in parts {
        var next = [Bool](repeating: false, count: bytes.count + 1)
        switch part {
        case .literal(let wanted):
          for place in ends.indices where ends[place] && place + wanted.count <= bytes.count {
            if bytes[place..<(place + wanted.count)].elementsEqual(wanted) { next[place + wanted.count] = true }
          }
        case .name:
          var isInside = false
          for place in ends.indices {
            if place > 0, bytes[place - 1] == slash { isInside = false }
            isInside = isInside || ends[place]
            next[place] = isInside
          }
        case .anything:
          if let first = ends.firstIndex(of: true) { for place in first..<next.count { next[place] = true } }
        case .subtree:
          next = ends
          if let first = bytes.indices.first(where: { ends[$0] && bytes[$0] == slash }) {
            for place in (first + 1)..<next.count { next[place] = true }
          }
        case .edge:
          for place in ends.indices where ends[place] {
            if isEdge(place) { next[place] = true }
            if place < bytes.count, bytes[place] == slash, isEdge(place + 1) { next[place + 1] = true }
          }
        }
        ends = next
      }
      return ends[bytes.count]
    }
  }

  /// Letters, digits and `_`; bytes beyond ASCII count as letters.
  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...:
      true
    default: false
    }
  }
}

/// The path part of a visibility rule, with the place it starts from.
struct RulePath: Hashable, Sendable {
  /// The base of a pattern.
  enum Anchor: Hashable, Sendable {
    /// `//`: the workspace root; and, with the directory put in front, `/`: the BUILD file with the rule.
    case root
    /// `.`: a number of directories above the directory of the target for which the rule applies.
    case target(above: Int)
    /// Anything else: any place in the path.
    case floating
  }

  let anchor: Anchor
  private let glob: RuleGlob

  /// The pattern that `text` writes in a rule of the BUILD file of `directory`; nil where it leads out of the workspace.
  init?(_ text: String, in directory: String) {
    let isInvoked = text.hasPrefix(".") && ["", "/"].contains(text.drop { $0 == "." }.prefix(1))
    if text.hasPrefix("//") {
      guard let path = Paths.normalized(text) else { return nil }
      self.init(anchor: .root, path)
    } else if text.hasPrefix("/") {
      guard let path = Paths.normalized(Paths.join(directory, text)) else { return nil }
      self.init(anchor: .root, path)
    } else if isInvoked {
      var above = 0
      var parts: [Substring] = []
      for part in text.split(separator: "/") where part != "." {
        if part != ".." {
          parts.append(part)
        } else if parts.popLast() == nil {
          above += 1
        }
      }
      self.init(anchor: .target(above: above), parts.joined(separator: "/"))
    } else {
      guard let path = Paths.normalized(text) else { return nil }
      self.init(anchor: .floating, glob: RuleGlob(path, floats: true, snaps: !text.hasPrefix(".")))
    }
  }

  /// Dots in front are left out on both sides, as in Pants.
  private init(anchor: Anchor, _ path: String) {
    self.init(anchor: anchor, glob: RuleGlob(String(path.drop { $0 == "." || $0 == "/" })))
  }

  private init(anchor: Anchor, glob: RuleGlob) {
    self.anchor = anchor
    self.glob = glob
  }

  /// Whether the path of a target matches, for a rule applied to a target of `directory`.
  func matches(_ path: String, from directory: String) -> Bool {
    var path = path
    if case .target(let above) = anchor {
      var base = directory
      for _ in 0..<above {
        if base.isEmpty { return false }
        base = Paths.parent(base)
      }
      guard Paths.contains(base, path) else { return false }
      path = path == base ? "" : Paths.relative(path, to: base)
    }
    return glob.matches(path.hasPrefix(".") ? String(path.drop { $0 == "." }) : path)
  }
}
