/// The second phase of templates: values that are known only once an instance is placed.
///
/// `{{mesos.instance}}`, `{{mesos.hostname}}`, `{{thermos.ports[NAME]}}`, `{{thermos.task_id}}` and `{{thermos.user}}`
/// are replaced, as by Aurora's executor; `{{&x}}` means a literal `{{x}}`, as in Pystachio. Any other name is an
/// error: Aurora's documentation says that it becomes empty, but its client refuses it, and so does Kilt.
public enum LateBinding {
  /// A text with an unbound variable.
  public struct UnboundVariable: Error, Sendable, Hashable, CustomStringConvertible {
    /// The name between the braces.
    public var name: String
    public var text: String

    public var description: String { "unbound variable {{\(name)}} in \"\(text)\"" }
  }

  /// One variable of late binding.
  public enum Variable: Sendable, Hashable {
    case instance
    case hostname
    case port(String)
    case taskID
    case user

    /// The variable of this name, or nil when late binding has none of it.
    public init?(_ name: some StringProtocol) {
      switch name {
      case "mesos.instance": self = .instance
      case "mesos.hostname": self = .hostname
      case "thermos.task_id": self = .taskID
      case "thermos.user": self = .user
      default:
        guard name.hasPrefix("thermos.ports["), name.hasSuffix("]") else { return nil }
        let port = name.dropFirst("thermos.ports[".count).dropLast()
        guard !port.isEmpty, !port.contains("["), !port.contains("]") else { return nil }
        self = .port(String(port))
      }
    }
  }

  /// The text with its variables replaced.
  ///
  /// - Throws: `UnboundVariable` for a name that is not one of late binding's, or a port that was not allotted.
  public static func bind(
    _ text: String, instance: Int, hostname: String, ports: [String: Int], taskID: TaskID, user: String? = nil
  ) throws(UnboundVariable) -> String {
    var result = ""
    for segment in segments(of: text) {
      switch segment {
      case .text(let literal): result += literal
      case .variable(let name):
        let value: String? =
          switch Variable(name) {
          case .instance: String(instance)
          case .hostname: hostname
          case .port(let port): ports[port].map { String($0) }
          case .taskID: taskID.rawValue
          case .user: user
          case nil: nil
          }
        guard let value else { throw UnboundVariable(name: name, text: text) }
        result += value
      }
    }
    return result
  }

  /// The names of all variables in a text, in order, whether late binding knows them or not.
  public static func variables(in text: String) -> [String] {
    segments(of: text).compactMap { if case .variable(let name) = $0 { name } else { nil } }
  }

  private enum Segment {
    case text(String)
    case variable(String)
  }

  private static func segments(of text: String) -> [Segment] {
    guard text.utf8.contains(UInt8(ascii: "{")) else { return [.text(text)] }
    var segments: [Segment] = []
    var rest = text[...]
    while let open = openBraces(in: rest) {
      // As in Pystachio, a name contains no braces: `{{{a}}` is a brace and a variable.
      var nameStart = rest.index(open, offsetBy: 2)
      while nameStart < rest.endIndex, rest[nameStart] == "{" { nameStart = rest.index(after: nameStart) }
      guard let close = rest[nameStart...].firstIndex(where: { $0 == "{" || $0 == "}" }),
        rest[close...].hasPrefix("}}"), close > nameStart
      else {
        segments.append(.text(String(rest[..<nameStart])))
        rest = rest[nameStart...]
        continue
      }
      segments.append(.text(String(rest[..<rest.index(nameStart, offsetBy: -2)])))
      let name = trimmed(rest[nameStart..<close])
      segments.append(name.hasPrefix("&") ? .text("{{\(name.dropFirst())}}") : .variable(name))
      rest = rest[rest.index(close, offsetBy: 2)...]
    }
    return segments + [.text(String(rest))]
  }

  private static func openBraces(in text: Substring) -> Substring.Index? {
    var index = text.startIndex
    while let brace = text[index...].firstIndex(of: "{") {
      index = text.index(after: brace)
      if index < text.endIndex, text[index] == "{" { return brace }
    }
    return nil
  }

  private static func trimmed(_ text: Substring) -> String {
    var text = text
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }
}

extension LateBinding {
  /// The text with its variables replaced for a task on its host.
  public static func bind(_ text: String, for assignment: TaskAssignment) throws(UnboundVariable) -> String {
    try bind(
      text, instance: assignment.instance, hostname: assignment.hostname, ports: assignment.ports,
      taskID: assignment.taskID, user: assignment.configuration.task.user ?? assignment.configuration.key.role)
  }
}
