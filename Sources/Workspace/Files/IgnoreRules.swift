internal import BuildFiles

/// The rules of one ignore file, in the form of gitignore(5).
public struct IgnoreRules: Sendable {
  private struct Rule: Sendable {
    var pattern: GlobPattern
    var isNegated: Bool
    var onlyDirectories: Bool
    /// Whether the pattern is matched against the whole path instead of the name.
    var isAnchored: Bool
  }

  private var rules: [Rule] = []

  /// Whether there is no rule.
  public var isEmpty: Bool { rules.isEmpty }

  /// The rules of a text, one per line.
  public init(text: String) { self.init(lines: text.split(whereSeparator: { $0 == "\n" || $0 == "\r\n" })) }

  /// The rules of these lines.
  public init(lines: some Sequence<some StringProtocol>) {
    for line in lines {
      var text = Substring(line)
      if text.hasPrefix("#") { continue }
      while text.hasSuffix(" "), !text.hasSuffix("\\ ") { text = text.dropLast() }
      let isNegated = text.hasPrefix("!")
      if isNegated { text = text.dropFirst() }
      if text.hasPrefix("\\") { text = text.dropFirst() }
      let onlyDirectories = text.hasSuffix("/")
      if onlyDirectories { text = text.dropLast() }
      guard !text.isEmpty else { continue }
      rules.append(
        Rule(
          pattern: GlobPattern(String(text)), isNegated: isNegated, onlyDirectories: onlyDirectories,
          isAnchored: text.contains("/")))
    }
  }

  /// The decision of the rules on a path, from the directory of the ignore file: true to ignore it, false to keep it,
  /// nil if no rule matches. The last matching rule counts.
  public func verdict(path: String, name: String, isDirectory: Bool) -> Bool? {
    for rule in rules.reversed() {
      if rule.onlyDirectories, !isDirectory { continue }
      if rule.pattern.matches(rule.isAnchored ? path : name) { return !rule.isNegated }
    }
    return nil
  }
}

/// The ignore files above a directory, nearest first.
final class IgnoreScope: Sendable {
  let parent: IgnoreScope?
  let directory: String
  let rules: IgnoreRules

  init(parent: IgnoreScope?, directory: String, rules: IgnoreRules) {
    self.parent = parent
    self.directory = directory
    self.rules = rules
  }

  func isIgnored(path: String, name: String, isDirectory: Bool) -> Bool {
    var scope: IgnoreScope? = self
    while let current = scope {
      let relative = Paths.relative(path, to: current.directory)
      if let verdict = current.rules.verdict(path: relative, name: name, isDirectory: isDirectory) { return verdict }
      scope = current.parent
    }
    return false
  }
}
