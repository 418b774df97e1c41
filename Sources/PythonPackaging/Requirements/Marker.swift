/// An environment marker (PEP 508): `python_version < '3.11' and sys_platform == 'linux'`.
public indirect enum Marker: Sendable, Hashable {
  /// The kind of comparison of two sides.
  public enum Comparison: String, Sendable, Hashable {
    case isIn = "in"
    case isNotIn = "not in"
    case arbitrary = "==="
    case compatible = "~="
    case equal = "=="
    case notEqual = "!="
    case atMost = "<="
    case atLeast = ">="
    case less = "<"
    case greater = ">"
  }

  /// `variable OP 'text'`
  case variableFirst(MarkerVariable, Comparison, String)
  /// `'text' OP variable`
  case textFirst(String, Comparison, MarkerVariable)
  case and([Marker])
  case or([Marker])

  /// Nil for an invalid marker, or for one that compares incomparable values (`sys_platform ~= 'linux'`, two texts).
  public init?(_ text: some StringProtocol) {
    var parser = MarkerParser(scanner: ByteScanner(text))
    guard let marker = parser.expression(depth: 0) else { return nil }
    parser.scanner.skipBlanks()
    guard parser.scanner.isAtEnd else { return nil }
    self = marker
  }

  /// Whether the marker is true.
  public func evaluate(in environment: MarkerEnvironment) -> Bool {
    switch self {
    case .and(let parts): return parts.allSatisfy { $0.evaluate(in: environment) }
    case .or(let parts): return parts.contains { $0.evaluate(in: environment) }
    case .variableFirst(let variable, let comparison, let text):
      let value = environment[variable]
      if variable == .extra {
        if let names = environment.conflictNames { return names.contains(text) == (comparison == .equal) }
        return Self.compare(PackageName.normalize(value), comparison, PackageName.normalize(text))
      }
      return Self.compare(Self.repaired(value, variable), comparison, text, asVersions: variable.isVersion)
    case .textFirst(let text, let comparison, let variable):
      if variable.isSet {
        let names = variable == .extras ? environment.extras : environment.dependencyGroups
        let isMember = names.contains { PackageName.normalize($0) == PackageName.normalize(text) }
        return comparison == .isIn ? isMember : !isMember
      }
      if variable == .extra {
        if let names = environment.conflictNames { return names.contains(text) == (comparison == .equal) }
        return Self.compare(PackageName.normalize(text), comparison, PackageName.normalize(environment[variable]))
      }
      return Self.compare(
        text, comparison, Self.repaired(environment[variable], variable), asVersions: variable.isVersion)
    }
  }

  /// A Python built from an untagged checkout calls itself "3.12.0+", which is not a version.
  private static func repaired(_ value: String, _ variable: MarkerVariable) -> String {
    variable == .pythonFullVersion && value.hasSuffix("+") ? value + "local" : value
  }

  private static func compare(
    _ left: String, _ comparison: Comparison, _ right: String, asVersions: Bool = false
  ) -> Bool {
    if asVersions, let specifier = Specifier(comparison.rawValue + right) {
      if let version = Version(left) { return specifier.contains(version) }
      return specifier.comparison == .arbitrary && lowercased(left) == lowercased(right)
    }
    switch comparison {
    case .isIn: return right.isEmpty ? left.isEmpty : left.isEmpty || contains(right, left)
    case .isNotIn: return right.isEmpty ? !left.isEmpty : !left.isEmpty && !contains(right, left)
    // Texts have no order: of "at most" and "at least", the equality remains.
    case .equal, .atMost, .atLeast: return left == right
    case .notEqual: return left != right
    case .less, .greater, .compatible, .arbitrary: return false
    }
  }

  private static func contains(_ text: String, _ part: String) -> Bool {
    let text = Array(text.utf8), part = Array(part.utf8)
    guard part.count <= text.count else { return false }
    return (0...text.count - part.count).contains { text[$0..<$0 + part.count].elementsEqual(part) }
  }
}

extension Marker: CustomStringConvertible {
  /// With single quotes where the text allows it, and no parentheses but those that are needed.
  public var description: String {
    switch self {
    case .variableFirst(let variable, let comparison, let text):
      "\(variable.rawValue) \(comparison.rawValue) \(Self.quoted(text))"
    case .textFirst(let text, let comparison, let variable):
      "\(Self.quoted(text)) \(comparison.rawValue) \(variable.rawValue)"
    case .and(let parts):
      parts.map { part in
        if case .or = part { "(\(part))" } else { part.description }
      }.joined(separator: " and ")
    case .or(let parts): parts.map(\.description).joined(separator: " or ")
    }
  }

  private static func quoted(_ text: String) -> String {
    text.utf8.contains(UInt8(ascii: "'")) ? "\"\(text)\"" : "'\(text)'"
  }
}

/// Recursive descent over the grammar of PEP 508.
struct MarkerParser {
  var scanner: ByteScanner
  private static let maximumDepth = 64

  private enum Operand {
    case variable(MarkerVariable)
    case text(String)
  }

  mutating func expression(depth: Int) -> Marker? {
    guard depth < Self.maximumDepth, let first = conjunction(depth: depth) else { return nil }
    var parts = [first]
    while word("or") {
      guard let next = conjunction(depth: depth) else { return nil }
      parts.append(next)
    }
    // "a or (b or c)" is one thing with "a or b or c".
    let flat = parts.flatMap { if case .or(let inner) = $0 { inner } else { [$0] } }
    return flat.count == 1 ? flat[0] : .or(flat)
  }

  private mutating func conjunction(depth: Int) -> Marker? {
    guard let first = atom(depth: depth) else { return nil }
    var parts = [first]
    while word("and") {
      guard let next = atom(depth: depth) else { return nil }
      parts.append(next)
    }
    let flat = parts.flatMap { if case .and(let inner) = $0 { inner } else { [$0] } }
    return flat.count == 1 ? flat[0] : .and(flat)
  }

  private mutating func atom(depth: Int) -> Marker? {
    scanner.skipBlanks()
    if scanner.take(UInt8(ascii: "(")) {
      guard let inner = expression(depth: depth + 1) else { return nil }
      scanner.skipBlanks()
      return scanner.take(UInt8(ascii: ")")) ? inner : nil
    }
    guard let left = operand(), let comparison = comparison(), let right = operand() else { return nil }
    switch (left, right) {
    case (.variable(let variable), .text(let text)):
      guard !variable.isSet, Self.isDefined(comparison, variable, text) else { return nil }
      return .variableFirst(variable, comparison, variable == .extra ? PackageName.normalize(text) : text)
    case (.text(let text), .variable(let variable)):
      if variable.isSet, comparison != .isIn, comparison != .isNotIn { return nil }
      guard variable.isVersion || comparison != .compatible && comparison != .arbitrary else { return nil }
      let isName = variable == .extra || variable.isSet
      return .textFirst(isName ? PackageName.normalize(text) : text, comparison, variable)
    default: return nil
    }
  }

  /// Whether `~=` and `===`, which exist only for versions, compare versions.
  private static func isDefined(_ comparison: Marker.Comparison, _ variable: MarkerVariable, _ text: String) -> Bool {
    guard comparison == .compatible || comparison == .arbitrary else { return true }
    return variable.isVersion && Specifier(comparison.rawValue + text) != nil
  }

  private mutating func operand() -> Operand? {
    scanner.skipBlanks()
    if let quote = scanner.peek, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") {
      scanner.position += 1
      let text = scanner.text { $0 != quote }
      // The grammar has no escapes, and no backslashes either.
      guard scanner.take(quote), !text.utf8.contains(UInt8(ascii: "\\")) else { return nil }
      return .text(text)
    }
    let name = scanner.text { $0.isAlphanumeric || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".") }
    return MarkerVariable(name: name).map { .variable($0) }
  }

  private mutating func comparison() -> Marker.Comparison? {
    if word("in") { return .isIn }
    if word("not") { return word("in") ? .isNotIn : nil }
    scanner.skipBlanks()
    if scanner.take("===") { return .arbitrary }
    if scanner.take("~=") { return .compatible }
    if scanner.take("==") { return .equal }
    if scanner.take("!=") { return .notEqual }
    if scanner.take("<=") { return .atMost }
    if scanner.take(">=") { return .atLeast }
    if scanner.take("<") { return .less }
    if scanner.take(">") { return .greater }
    return nil
  }

  /// Consumes a word that ends at a word boundary.
  private mutating func word(_ word: StaticString) -> Bool {
    let start = scanner.position
    scanner.skipBlanks()
    if scanner.take(word), !(scanner.peek?.isAlphanumeric ?? false), scanner.peek != UInt8(ascii: "_") { return true }
    scanner.position = start
    return false
  }
}
