internal import Diagnostics

/// A report for people.
public struct CodeText {
  private let report: CodeReport
  private let verb: String
  private let color: Bool

  /// - Parameters:
  ///   - verb: the command: `fmt`, `lint` or `check`.
  ///   - color: whether ANSI colors may be used.
  public init(_ report: CodeReport, verb: String, color: Bool) {
    self.report = report
    self.verb = verb
    self.color = color
  }

  /// The findings: one per line, as editors and terminals link them.
  public var findings: String {
    var text = ""
    for finding in report.findings {
      text += PlainText.line(finding.path)
      if let line = finding.line { text += ":\(line)" + (finding.column.map { ":\($0)" } ?? "") }
      text += ": "
      if finding.severity != .error { text += "\(finding.severity.rawValue): " }
      if !finding.rule.isEmpty, finding.rule != "format" { text += paint(PlainText.line(finding.rule), "1;31") + " " }
      text += PlainText.paragraph(finding.message) + " [\(finding.step.rawValue)]\n"
    }
    return text
  }

  /// What each step did, and the sum.
  public func summary(_ color: Bool) -> String {
    var text = ""
    let width = report.steps.map { title($0).count }.max() ?? 0
    for step in report.steps {
      let found = report.findings.filter { $0.step == step.step && $0.severity != .note }
      let hasFailed = report.failures.contains { $0.step == step.step }
      var parts = [counted(step.files, "file")]
      if step.cached > 0 { parts[0] += " (\(step.cached) cached)" }
      if step.changed > 0 { parts.append("\(step.changed) changed") }
      if step.step.role == .format {
        let paths = Set(found.filter { $0.rule == "format" }.map(\.path))
        if !paths.isEmpty { parts.append("\(paths.count) to format") }
        let others = found.count { $0.rule != "format" }
        if others > 0 { parts.append(counted(others, "error")) }
      } else if !found.isEmpty {
        parts.append("\(counted(found.count, "finding")) in \(counted(Set(found.map(\.path)).count, "file"))")
      }
      if hasFailed { parts.append("failed") }
      let isGood = found.isEmpty && !hasFailed
      let mark = isGood ? "✓" : "✗"
      let title = title(step)
      text +=
        paint(mark, isGood ? "32" : "31", color) + " " + title
        + String(repeating: " ", count: width - title.count + 2) + parts.joined(separator: ", ") + "\n"
    }
    if report.files == 0 { return "no files to \(verb == "fmt" ? "format" : verb)\n" }
    return text
  }

  private func title(_ step: CodeReport.Step) -> String {
    ([step.step.rawValue] + [step.versions.joined(separator: ", ")]).filter { !$0.isEmpty }.joined(separator: " ")
  }

  private func paint(_ text: String, _ code: String) -> String { paint(text, code, color) }

  private func paint(_ text: String, _ code: String, _ color: Bool) -> String {
    color ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
  }
}
