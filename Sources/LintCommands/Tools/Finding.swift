internal import JSON

/// What a tool says of a place in a file.
public struct Finding: Sendable, Hashable {
  public enum Severity: String, Sendable, Hashable, CaseIterable { case error, warning, note }

  public var step: ToolStep
  /// From the workspace root.
  public var path: String
  /// From 1; nil where the finding is about the whole file.
  public var line: Int?
  /// In characters, from 1.
  public var column: Int?
  /// The tool's name of the rule, such as `F401`; empty where it has none.
  public var rule: String
  public var message: String
  public var severity: Severity
  /// Whether Kilt can have the tool fix it.
  public var isFixable: Bool

  /// A finding.
  public init(
    step: ToolStep, path: String, line: Int? = nil, column: Int? = nil, rule: String = "", message: String,
    severity: Severity = .error, isFixable: Bool = false
  ) {
    self.step = step
    self.path = path
    self.line = line
    self.column = column
    self.rule = rule
    self.message = message
    self.severity = severity
    self.isFixable = isFixable
  }

  /// A file that a formatter would change.
  static func unformatted(_ step: ToolStep, _ path: String) -> Finding {
    Finding(step: step, path: path, rule: "format", message: "the file is not formatted", isFixable: true)
  }

  /// Its members but for step and path, which whoever keeps it knows.
  var recorded: JSONValue {
    .array([
      line.map { .int(Int64($0)) } ?? .null, column.map { .int(Int64($0)) } ?? .null, .string(rule), .string(message),
      .string(severity.rawValue), .bool(isFixable),
    ])
  }

  init?(recorded json: JSONValue, step: ToolStep, path: String) {
    guard let parts = json.array, parts.count == 6, let rule = parts[2].string, let message = parts[3].string,
      let severity = parts[4].string.flatMap({ Severity(rawValue: $0) }), let isFixable = parts[5].bool
    else { return nil }
    self.init(
      step: step, path: path, line: parts[0].int.map { Int($0) }, column: parts[1].int.map { Int($0) }, rule: rule,
      message: message, severity: severity, isFixable: isFixable)
  }

  /// The order of reports: by file, by place.
  static func precedes(_ left: Finding, _ right: Finding) -> Bool {
    if left.path != right.path { return left.path < right.path }
    let (first, second) = ((left.line ?? 0, left.column ?? 0), (right.line ?? 0, right.column ?? 0))
    if first != second { return first < second }
    return (left.step.rawValue, left.rule, left.message) < (right.step.rawValue, right.rule, right.message)
  }
}
