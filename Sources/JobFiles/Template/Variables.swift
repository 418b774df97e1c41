import JobModel
import Starlark

/// Finds what a `{{variable}}` stands for: the nearest binding wins, as in Pystachio.
///
/// From the object outwards: what is bound to it, its own fields, then the same of the object around it, and at last
/// what the job file says.
struct Variables {
  private(set) var frames: [[(name: String, value: Value)]]

  /// With only the outermost variables.
  init(_ outermost: [(name: String, value: Value)]) { frames = [outermost] }

  /// The scope within an object.
  func within(_ object: TemplateObject) -> Variables {
    var inner = self
    inner.frames.append(object.fields)
    inner.frames.append(object.bindings)
    return inner
  }

  /// The value of a path such as `profile.hosts[0]` or `args.options[a.b]`.
  func value(of path: String) -> Value? {
    guard let steps = Self.steps(of: path), let name = steps.first else { return nil }
    for frame in frames.reversed() {
      guard let first = frame.first(where: { $0.name == name })?.value else { continue }
      if let value = steps.dropFirst().reduce(Optional(first), { value, step in value.flatMap { Self.step($0, step) } })
      {
        return value
      }
    }
    return nil
  }

  /// Names for "did you mean".
  var names: [String] {
    frames.flatMap { frame in
      frame.flatMap { entry in
        let inner: [String]
        if let object: TemplateObject = entry.value.asHost() {
          inner = object.fields.map { "\(entry.name).\($0.name)" }
        } else {
          inner = (entry.value.asItems ?? []).compactMap { item in item.key.asString.map { "\(entry.name).\($0)" } }
        }
        return [entry.name] + inner
      }
    } + ["mesos.instance", "mesos.hostname", "thermos.task_id", "thermos.user"]
  }

  private static func step(_ value: Value, _ step: String) -> Value? {
    if let object: TemplateObject = value.asHost() {
      object.reads?.note(step)
      return object.field(step)
    }
    if let items = value.asItems { return items.first { $0.key.asString == step }?.value }
    if let elements = value.asElements, let index = Int(step), elements.indices.contains(index) {
      return elements[index]
    }
    return nil
  }

  /// `a.b[c.d]` is a, b, c.d; nil for what is no path.
  static func steps(of path: String) -> [String]? {
    var steps: [String] = []
    var rest = path[...]
    while !rest.isEmpty {
      if rest.first == "[" {
        guard !steps.isEmpty, let close = rest.firstIndex(of: "]") else { return nil }
        steps.append(String(rest[rest.index(after: rest.startIndex)..<close]))
        rest = rest[rest.index(after: close)...]
        if rest.first == "." { rest.removeFirst() }
      } else {
        let name = rest.prefix { $0 != "." && $0 != "[" }
        if name.isEmpty { return nil }
        steps.append(String(name))
        rest = rest.dropFirst(name.count)
        if rest.first == "." {
          rest.removeFirst()
          if rest.isEmpty { return nil }
        }
      }
    }
    return steps
  }
}

/// The first phase of templates: variables that are known when the file is loaded are replaced, those of the host stay.
struct EarlyBinding {
  /// Why a text cannot be bound.
  enum Failure: Hashable {
    case unbound(String)
    /// Bound to something that has no text.
    case notText(String, kind: String)
    case circular(String)
    /// What it stands for has grown beyond ``limit``.
    case tooLong(String)
  }

  /// Bytes that the variables of one text may stand for: a few that hold each other twice would fill any memory.
  static let limit = 1 << 20

  let variables: Variables
  private(set) var failures: [Failure] = []
  private var replaced = 0

  init(_ variables: Variables) { self.variables = variables }

  /// The text with what is known now in place. Variables that fail stay, and are reported.
  mutating func bind(_ text: String, depth: Int = 0) -> String {
    guard text.contains("{{") else { return text }
    var result = ""
    var rest = text[...]
    while let open = rest.firstRange(of: "{{") {
      // As in Pystachio, a name holds no braces: `{{{a}}` is a brace and a variable.
      var start = open.upperBound
      while start < rest.endIndex, rest[start] == "{" { start = rest.index(after: start) }
      guard let close = rest[start...].firstIndex(where: { $0 == "{" || $0 == "}" }), close > start,
        rest[close...].hasPrefix("}}")
      else {
        result += rest[..<start]
        rest = rest[start...]
        continue
      }
      result += rest[..<rest.index(start, offsetBy: -2)]
      let written = rest[rest.index(start, offsetBy: -2)..<rest.index(close, offsetBy: 2)]
      result += replacement(of: String(rest[start..<close].trimmingSpaces), written: String(written), depth: depth)
      rest = rest[rest.index(close, offsetBy: 2)...]
    }
    return result + rest
  }

  private mutating func replacement(of name: String, written: String, depth: Int) -> String {
    // An escape, and the host's variables, are for the second phase.
    if name.hasPrefix("&") || LateBinding.Variable(name) != nil { return written }
    guard let value = variables.value(of: name) else {
      failures.append(.unbound(name))
      return written
    }
    guard depth < 32 else {
      failures.append(.circular(name))
      return written
    }
    switch value {
    case .string(let text):
      replaced += text.utf8.count
      guard replaced <= Self.limit else {
        if !failures.contains(where: { if case .tooLong = $0 { true } else { false } }) {
          failures.append(.tooLong(name))
        }
        return written
      }
      return bind(text.text, depth: depth + 1)
    case .int(let number): return String(number)
    case .float(let number): return number == number.rounded() && abs(number) < 1e15 ? "\(Int(number))" : "\(number)"
    case .bool(let flag): return flag ? "true" : "false"
    default:
      failures.append(.notText(name, kind: value.typeName))
      return written
    }
  }
}

extension Substring {
  /// Without spaces at both ends.
  fileprivate var trimmingSpaces: Substring {
    var text = self
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return text
  }
}
