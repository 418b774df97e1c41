internal import Diagnostics

/// The facts that visibility rules match: a target as its BUILD file declares it, generated targets under their
/// generator's type, name and tags.
public struct VisibilitySubject: Hashable, Sendable {
  /// The address.
  public var address: Address
  /// The type's name as the BUILD file writes it.
  public var typeName: String
  /// The name of the type of today, where the BUILD file uses an older one.
  public var type: TargetType
  /// The tags.
  public var tags: [String]
  /// The path that rules are matched with: the file of a target generated from one; the directory of a declared target;
  /// `dir/name#generated` for any other.
  public let path: String
  /// The base directory of rules that begin with `.`: the directory of the file, or else of the BUILD file.
  public let directory: String

  /// A target of these properties.
  public init(address: Address, typeName: String, type: TargetType, tags: [String]) {
    self.address = address
    self.typeName = typeName
    self.type = type
    self.tags = tags
    directory = address.filePath.map(Paths.parent) ?? address.directory
    if let file = address.filePath {
      path = file
    } else if address.generated != nil {
      path = String(address.description.map { $0 == ":" ? "/" : $0 }.drop { $0 == "/" })
    } else {
      path = address.directory
    }
  }
}

/// A selection of targets in a visibility rule: `<type>[path:name](tag, tag)` with any part left out, a path with or
/// without a name, or a dictionary of these parts.
struct TargetPattern: Hashable, Sendable {
  /// The pattern as written, for messages.
  let text: String
  private var type: RuleGlob?
  private var name: RuleGlob?
  private var path: RulePath?
  private var tags: [RuleGlob] = []

  /// Whether it can match anything; a pattern without parts cannot.
  var isEmpty: Bool { type == nil && name == nil && path == nil && tags.isEmpty }

  /// The pattern that a text writes in a BUILD file of `directory`.
  init(_ text: String, in directory: String) throws(VisibilityError) {
    self.text = text
    guard let first = text.first else { return }
    if first.isLetter || first.isNumber || "_.:/*".contains(first) {
      if text.contains(where: { "<>[]()".contains($0) }) {
        throw VisibilityError(
          "\"\(text)\" mixes a plain path with other parts", text: text,
          remedy: "put the path in brackets, as in \"<python_*>[src/**:name](tag)\"")
      }
      let colon = text.firstIndex(of: ":")
      try setPath(String(text[..<(colon ?? text.endIndex)]), in: directory)
      if let colon { setName(String(text[text.index(after: colon)...])) }
      return
    }
    var rest = Substring(text)
    var seen: Set<Character> = []
    while let opening = rest.first {
      let pairs: [Character: Character] = ["<": ">", "[": "]", "(": ")"]
      guard let closing = pairs[opening], let end = rest.firstIndex(of: closing), seen.insert(opening).inserted else {
        throw VisibilityError(
          "\"\(text)\" selects no targets", text: text,
          remedy: "selectors are written \"<type>[path:name](tag, tag)\", with any part left out, or \"path:name\"")
      }
      let body = String(rest[rest.index(after: rest.startIndex)..<end])
      switch opening {
      case "<": if !body.isEmpty { type = RuleGlob(body) }
      case "[":
        let colon = body.firstIndex(of: ":")
        try setPath(String(body[..<(colon ?? body.endIndex)]), in: directory)
        if let colon { setName(String(body[body.index(after: colon)...])) }
      default: try setTags(body.split(separator: ",").map(String.init), wholeText: true)
      }
      rest = rest[rest.index(after: end)...].drop { $0 == " " }
    }
  }

  /// The pattern that a dictionary writes.
  init(_ entries: [FieldValue.Entry], allowing keys: [String], in directory: String) throws(VisibilityError) {
    text = FieldValue.map(entries.filter { $0.key != .string("action") }).source
    for entry in entries {
      let key = entry.key.string ?? entry.key.source
      guard keys.contains(key) else {
        throw VisibilityError(
          "a rule cannot have the key \"\(key)\"", text: key,
          remedy: Suggestions.remedy(for: key, among: keys) ?? "the keys are " + keys.joined(separator: ", "))
      }
      if key == "tags", let values = entry.value.strings {
        try setTags(values, wholeText: entry.value.string != nil)
        continue
      }
      guard let value = entry.value.string else {
        throw VisibilityError(
          "the \"\(key)\" of a rule takes a string\(key == "tags" ? " or a list of strings" : ""), not "
            + entry.value.kindName, text: key)
      }
      switch key {
      case "type": if !value.isEmpty { type = RuleGlob(value) }
      case "name": setName(value)
      case "path": try setPath(value, in: directory)
      default: break
      }
    }
  }

  private mutating func setPath(_ text: String, in directory: String) throws(VisibilityError) {
    guard !text.isEmpty else { return }
    guard let path = RulePath(text, in: directory) else {
      throw VisibilityError("\"\(text)\" leads out of the workspace", text: text)
    }
    self.path = path
  }

  private mutating func setName(_ text: String) { if !text.isEmpty { name = RuleGlob(text) } }

  private mutating func setTags(_ texts: [String], wholeText: Bool) throws(VisibilityError) {
    for text in texts.flatMap({ wholeText ? $0.split(separator: ",").map(String.init) : [$0] }) {
      if wholeText, text.contains(where: { "\"'".contains($0) }) {
        throw VisibilityError(
          "tags in a text take no quotes", text: text,
          remedy: "leave them out; for a tag with a comma write {\"tags\": [\"a, b\"]}")
      }
      tags.append(RuleGlob(Self.trimmed(text)))
    }
  }

  private static func trimmed(_ text: String) -> String {
    var rest = text.drop { $0 == " " }
    while rest.hasSuffix(" ") { rest.removeLast() }
    return String(rest)
  }

  /// Whether a target matches, for a rule applied to a target of `directory`. All parts must; every tag must be among
  /// the target's.
  func matches(_ subject: VisibilitySubject, from directory: String) -> Bool {
    if isEmpty { return false }
    if let type, !type.matches(subject.typeName), !type.matches(subject.type.rawValue) { return false }
    if let name, !name.matches(subject.address.name) { return false }
    if let path, !path.matches(subject.path, from: directory) { return false }
    return tags.allSatisfy { tag in subject.tags.contains(where: tag.matches) }
  }
}
