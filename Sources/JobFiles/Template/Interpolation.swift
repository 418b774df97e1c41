import JobModel
import Starlark

/// The first phase of templates: replaces variables that are known when the file is loaded; the host's variables stay.
///
/// The rules are Pystachio's (`MustacheParser.resolve`): all variables of a text are replaced at once, repeatedly until
/// nothing changes, so that values can contain variables and variables can contain variables:
/// `{{thermos.ports[{{profile.port}}]}}`.
struct Interpolation {
  /// Why a text cannot be bound.
  enum Failure: Hashable {
    case unbound(String)
    /// Bound to a value without a text.
    case notText(String, kind: String)
    case circular(String)
    /// Its value has grown beyond ``limit``.
    case tooLong(String)
  }

  /// The maximum size of the variables of one text: a few variables that contain each other twice would fill any
  /// memory.
  static let limit = 1 << 20
  /// The number of replacements of the variables of one text.
  static let rounds = 100
  /// The nesting depth of values.
  static let depth = 32

  let scope: ScopeChain
  private(set) var failures: [Failure] = []
  private var replaced = 0

  init(_ scope: ScopeChain) { self.scope = scope }

  /// The text with the known values in place. Variables that fail stay, and are reported; so do escapes, `{{&x}}`,
  /// which the second phase turns into `{{x}}`.
  mutating func bind(_ text: String) -> String {
    guard text.contains("{{") else { return text }
    let bound = resolve(text, in: scope, depth: 0)
    for name in MustacheText(bound).variables where LateBinding.Variable(name) == nil {
      if !failures.contains(where: { $0.name == name }) { failures.append(.unbound(name)) }
    }
    return bound
  }

  /// The text of a value in a field of this kind; nil, with a failure, for a value without a text.
  mutating func text(of value: Value, as kind: ObjectKind?, name: String) -> String? {
    render(ScopeChain.Found(value: value, kind: kind, scope: scope), name: name, depth: 0)
  }

  private mutating func resolve(_ text: String, in scope: ScopeChain, depth: Int) -> String {
    var text = text
    // One value per variable and text: as in Pystachio, a found value is not looked up again.
    var found: [String: String] = [:]
    for _ in 0..<Self.rounds {
      let parsed = MustacheText(text)
      var hasReplaced = false
      for name in parsed.variables where found[name] == nil {
        guard let value = scope.find(name), let text = render(value, name: name, depth: depth) else { continue }
        found[name] = text
      }
      text = parsed.replacing { name in
        guard let text = found[name] else { return nil }
        hasReplaced = true
        replaced += text.utf8.count
        return text
      }
      guard replaced <= Self.limit else {
        fail(.tooLong(parsed.variables.first ?? ""))
        return ""
      }
      if !hasReplaced { return text }
    }
    fail(.circular(MustacheText(text).variables.first ?? ""))
    return ""
  }

  private mutating func render(_ found: ScopeChain.Found, name: String, depth: Int) -> String? {
    let value = (found.value.asHost() as TypedValue?)?.value ?? found.value
    guard let written = value.asString else {
      if let text = PythonText.of(value, as: found.kind) { return text }
      fail(.notText(name, kind: value.asHost(TemplateObject.self)?.type.name ?? value.typeName))
      return nil
    }
    guard let scope = found.scope, written.contains("{{") else {
      return PythonText.of(value, as: found.kind)
    }
    guard depth < Self.depth else {
      fail(.circular(name))
      return nil
    }
    let text = MustacheText(resolve(written, in: scope, depth: depth + 1)).withoutEscapes
    return PythonText.of(.string(text), as: found.kind)
  }

  private mutating func fail(_ failure: Failure) {
    if !failures.contains(failure) { failures.append(failure) }
  }
}

extension Interpolation.Failure {
  var name: String {
    switch self {
    case .unbound(let name), .notText(let name, _), .circular(let name), .tooLong(let name): name
    }
  }
}

/// A text cut at its `{{variables}}`.
struct MustacheText {
  enum Part: Hashable {
    case text(Substring)
    case variable(name: String, written: Substring)
    /// `{{&x}}`.
    case escape(name: String, written: Substring)
  }

  let parts: [Part]

  /// As in Pystachio, a name contains no braces: `{{{a}}` is a brace and a variable.
  init(_ text: String) {
    guard text.contains("{{") else {
      parts = [.text(text[...])]
      return
    }
    var parts: [Part] = []
    var rest = text[...]
    while let open = rest.firstRange(of: "{{") {
      var start = open.upperBound
      while start < rest.endIndex, rest[start] == "{" { start = rest.index(after: start) }
      guard let close = rest[start...].firstIndex(where: { $0 == "{" || $0 == "}" }), close > start,
        rest[close...].hasPrefix("}}")
      else {
        parts.append(.text(rest[..<start]))
        rest = rest[start...]
        continue
      }
      let begin = rest.index(start, offsetBy: -2)
      let end = rest.index(close, offsetBy: 2)
      if begin > rest.startIndex { parts.append(.text(rest[..<begin])) }
      let name = rest[start..<close].trimmingSpaces
      let written = rest[begin..<end]
      if name.hasPrefix("&") {
        parts.append(.escape(name: String(name.dropFirst()), written: written))
      } else {
        parts.append(.variable(name: String(name), written: written))
      }
      rest = rest[end...]
    }
    if !rest.isEmpty { parts.append(.text(rest)) }
    self.parts = parts
  }

  var variables: [String] {
    parts.compactMap { if case .variable(let name, _) = $0 { name } else { nil } }
  }

  /// The text with some variables replaced; those for which `value` is nil stay as written.
  func replacing(_ value: (String) -> String?) -> String {
    var result = ""
    for part in parts {
      switch part {
      case .text(let text): result += text
      case .variable(let name, let written): result += value(name) ?? String(written)
      case .escape(_, let written): result += written
      }
    }
    return result
  }

  /// The text with `{{x}}` for each `{{&x}}`.
  var withoutEscapes: String {
    var result = ""
    for part in parts {
      switch part {
      case .text(let text), .variable(_, let text): result += text
      case .escape(let name, _): result += "{{\(name)}}"
      }
    }
    return result
  }
}

extension Substring {
  /// Without spaces at both ends.
  var trimmingSpaces: Substring {
    var text = self
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return text
  }
}
