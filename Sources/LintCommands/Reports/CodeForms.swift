internal import Diagnostics
public import JSON
internal import MarkupText

/// A report for programs.
public enum CodeForms {
  /// An object with findings, tools and failures.
  public static func json(_ report: CodeReport) -> JSONValue {
    let findings = report.findings.map { finding -> JSONValue in
      .members([
        "tool": .string(finding.step.rawValue), "path": .string(finding.path), "line": number(finding.line),
        "column": number(finding.column), "rule": finding.rule.isEmpty ? .null : .string(finding.rule),
        "severity": .string(finding.severity.rawValue), "message": .string(finding.message),
        "fixable": .bool(finding.isFixable),
      ])
    }
    let steps = report.steps.map { step -> JSONValue in
      .members([
        "tool": .string(step.step.rawValue), "versions": .strings(step.versions), "files": .int(Int64(step.files)),
        "cached": .int(Int64(step.cached)), "changed": .int(Int64(step.changed)),
      ])
    }
    let failures = report.failures.map { failure -> JSONValue in
      .members([
        "tool": .string(failure.step.rawValue), "message": .string(failure.diagnostic.summary),
        "notes": .strings(failure.diagnostic.notes), "help": .strings(failure.diagnostic.remedies),
      ])
    }
    return .members([
      "files": .int(Int64(report.files)), "findings": .array(findings), "tools": .array(steps),
      "failures": .array(failures), "changed": .strings(report.changed),
    ])
  }

  private static func number(_ value: Int?) -> JSONValue { value.map { .int(Int64($0)) } ?? .null }

  /// SARIF 2.1.0 (OASIS), one run for each tool.
  public static func sarif(_ report: CodeReport, version: String) -> JSONValue {
    let runs = report.steps.map { step -> JSONValue in
      let findings = report.findings.filter { $0.step == step.step }
      let rules = Set(findings.map { ruleName($0) }).sorted().map { JSONValue.members(["id": .string($0)]) }
      let driver = JSONValue.members([
        "name": .string(step.step.rawValue), "version": .string(step.versions.first ?? version),
        "rules": .array(rules),
      ])
      let failures = report.failures.filter { $0.step == step.step }
      let notices = failures.map { failure -> JSONValue in
        .members(["level": "error", "message": ["text": .string(failure.diagnostic.summary)]])
      }
      return .members([
        "tool": .members(["driver": driver]), "columnKind": "unicodeCodePoints",
        "invocations": [
          .members([
            "executionSuccessful": .bool(failures.isEmpty), "toolExecutionNotifications": .array(notices),
          ])
        ],
        "results": .array(findings.map(result)),
      ])
    }
    return .members([
      "$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": .array(runs),
    ])
  }

  private static func ruleName(_ finding: Finding) -> String {
    finding.rule.isEmpty ? finding.step.rawValue : finding.rule
  }

  private static func result(_ finding: Finding) -> JSONValue {
    var region = JSONObject([("startLine", .int(Int64(finding.line ?? 1)))])
    if let column = finding.column { region["startColumn"] = .int(Int64(max(1, column))) }
    return .members([
      "ruleId": .string(ruleName(finding)), "level": .string(finding.severity.rawValue),
      "message": ["text": .string(finding.message)],
      "locations": [
        .members([
          "physicalLocation": .members([
            "artifactLocation": ["uri": .string(uri(finding.path))], "region": .object(region),
          ])
        ])
      ],
    ])
  }

  private static func uri(_ path: String) -> String {
    var text = ""
    for byte in path.utf8 {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2F, 0x2E, 0x2D, 0x5F, 0x7E:
        text.append(Character(UnicodeScalar(byte)))
      default: text += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }
    }
    return text
  }

  /// Annotations as GitHub's runners read them from the output of a step.
  public static func github(_ report: CodeReport) -> String {
    var text = ""
    for finding in report.findings {
      let level = finding.severity == .note ? "notice" : finding.severity.rawValue
      var place = "file=\(property(finding.path))"
      if let line = finding.line { place += ",line=\(line)" + (finding.column.map { ",col=\($0)" } ?? "") }
      let title = finding.rule.isEmpty ? finding.step.rawValue : "\(finding.step.rawValue) \(finding.rule)"
      text += "::\(level) \(place),title=\(property(title))::\(data(finding.message))\n"
    }
    for failure in report.failures {
      text += "::error title=\(property(failure.step.rawValue))::\(data(failure.diagnostic.summary))\n"
    }
    return text
  }

  private static func data(_ text: String) -> String {
    text.replacing("%", with: "%25").replacing("\r", with: "%0D").replacing("\n", with: "%0A")
  }

  private static func property(_ text: String) -> String {
    data(text).replacing(":", with: "%3A").replacing(",", with: "%2C")
  }

  /// JUnit's XML: a suite for each tool, a case for each file with findings, and one for all others.
  public static func junit(_ report: CodeReport) -> String {
    var text = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<testsuites>\n"
    for step in report.steps {
      let findings = report.findings.filter { $0.step == step.step && $0.severity != .note }
      let byPath = Dictionary(grouping: findings, by: \.path).sorted { $0.key < $1.key }
      let failures = report.failures.filter { $0.step == step.step }
      let name = MarkupText.attribute(step.step.rawValue)
      text += "  <testsuite name=\"\(name)\" tests=\"\(byPath.count + 1)\" failures=\"\(byPath.count)\""
      text += " errors=\"\(failures.count)\">\n"
      for (path, found) in byPath {
        let file = MarkupText.attribute(path)
        text += "    <testcase classname=\"\(name)\" name=\"\(file)\" file=\"\(file)\">\n"
        for finding in found {
          let place = finding.line.map { "\($0)" + (finding.column.map { ":\($0)" } ?? "") } ?? "1"
          let (rule, message) = (MarkupText.attribute(ruleName(finding)), MarkupText.attribute(finding.message))
          text += "      <failure type=\"\(rule)\" message=\"\(message)\">"
          text += "\(MarkupText.content(finding.path)):\(place): \(MarkupText.content(finding.message))</failure>\n"
        }
        text += "    </testcase>\n"
      }
      text += "    <testcase classname=\"\(name)\" name=\"\(name)\">\n"
      for failure in failures {
        text += "      <error message=\"\(MarkupText.attribute(failure.diagnostic.summary))\"/>\n"
      }
      text += "    </testcase>\n  </testsuite>\n"
    }
    return text + "</testsuites>\n"
  }
}
