import Starlark

/// Mustache templates (mustache(5)) for configuration files: variables, sections, inverted sections, comments. A name
/// without a value is an error, and nothing is escaped, because the output is not HTML. Variables of the host stay for
/// the executor.
struct Mustache {
  private indirect enum Node {
    case text(String)
    case variable(String)
    case section(String, isInverted: Bool, [Node])
  }

  private let nodes: [Node]

  init(_ text: String) throws {
    var parser = Parser(rest: text[...])
    nodes = try parser.nodes(until: nil)
  }

  /// The text with the values of a dictionary or profile.
  func text(_ values: Value) throws -> String { try Self.render(nodes, [values]) }

  private static func render(_ nodes: [Node], _ scopes: [Value]) throws -> String {
    var result = ""
    for node in nodes {
      switch node {
      case .text(let text): result += text
      case .variable(let name):
        if LateNames.isLate(name) {
          result += "{{\(name)}}"
          continue
        }
        guard let value = find(name, scopes) else { throw StarlarkError("the template has no value for {{\(name)}}") }
        if value.isNone { continue }
        guard let text = PythonText.of(value) else {
          throw StarlarkError("the value of {{\(name)}} is a \(value.typeName), which has no text")
        }
        result += text
      case .section(let name, let isInverted, let inner):
        let value = find(name, scopes) ?? .none
        let isSet = value.isTruthy
        if isInverted {
          if !isSet { result += try render(inner, scopes) }
        } else if isSet {
          for element in value.asElements ?? [value] { result += try render(inner, scopes + [element]) }
        }
      }
    }
    return result
  }

  private static func find(_ name: String, _ scopes: [Value]) -> Value? {
    if name == "." { return scopes.last }
    let steps = name.split(separator: ".").map(String.init)
    for scope in scopes.reversed() {
      guard let first = steps.first, let found = member(scope, first) else { continue }
      return steps.dropFirst().reduce(Optional(found)) { value, step in value.flatMap { member($0, step) } }
    }
    return nil
  }

  private static func member(_ value: Value, _ name: String) -> Value? {
    if let object: TemplateObject = value.asHost() {
      object.reads?.note(name)
      return object.value(name)
    }
    return value.asItems?.first { $0.key.asString == name }?.value
  }

  private struct Parser {
    var rest: Substring

    mutating func nodes(until end: String?) throws -> [Node] {
      var nodes: [Node] = []
      while let open = rest.firstRange(of: "{{") {
        nodes.append(.text(String(rest[..<open.lowerBound])))
        rest = rest[open.upperBound...]
        let isTriple = rest.first == "{"
        if isTriple { rest = rest.dropFirst() }
        guard let close = rest.firstRange(of: isTriple ? "}}}" : "}}") else {
          throw StarlarkError("the template has {{ without }}")
        }
        let tag = rest[..<close.lowerBound].trimmingSpaces
        rest = rest[close.upperBound...]
        let name = String(tag.dropFirst().trimmingSpaces)
        switch tag.first {
        case "!": skipLine(after: &nodes)
        case "#", "^":
          skipLine(after: &nodes)
          nodes.append(.section(name, isInverted: tag.first == "^", try self.nodes(until: name)))
        case "/":
          guard name == end else { throw StarlarkError("the template closes {{/\(name)}}, which is not open") }
          skipLine(after: &nodes)
          return nodes
        case "&": nodes.append(.variable(name))
        case ">", "=":
          throw StarlarkError("the template has {{\(tag)}}: partials and other delimiters are not supported")
        default: nodes.append(.variable(String(tag)))
        }
      }
      nodes.append(.text(String(rest)))
      rest = ""
      if let end { throw StarlarkError("the template opens {{#\(end)}} and does not close it") }
      return nodes
    }

    /// A section's tag that is alone on its line leaves no empty line.
    private mutating func skipLine(after nodes: inout [Node]) {
      guard case .text(let before)? = nodes.last, rest.first == "\n" || rest.isEmpty else { return }
      let line = before.split(separator: "\n", omittingEmptySubsequences: false).last ?? ""
      guard line.allSatisfy({ $0 == " " || $0 == "\t" }),
        before.isEmpty || before.hasSuffix("\n" + line) || before == line
      else { return }
      nodes[nodes.count - 1] = .text(String(before.dropLast(line.count)))
      rest = rest.dropFirst()
    }
  }
}
