public import JSON
public import JobModel

/// A file of Prometheus' alerting rules.
public struct AlertingRules: Sendable {
  public var key: JobKey
  public var rules: [AlertingRule]

  public init(of configuration: JobConfiguration) {
    key = configuration.key
    rules = AlertingRule.rules(of: configuration)
  }

  /// The file as JSON, which Prometheus reads too: JSON is YAML.
  public var json: JSONValue {
    let labels = JSONObject(
      [("cluster", key.cluster), ("role", key.role), ("stage", key.stage), ("job", key.name)].map {
        ($0.0, .string($0.1))
      })
    return .members([
      "groups": [
        .members([
          "name": .string("\(key)"),
          "rules": .array(
            rules.map { rule in
              var all = labels
              all["severity"] = .string(rule.severity.rawValue)
              return .members([
                "alert": .string(rule.name), "expr": .string(rule.expression),
                "for": .string(Self.text(rule.period)), "labels": .object(all),
                "annotations": .members([
                  "summary": .string(rule.summary), "description": .string(rule.description),
                ]),
              ])
            }),
        ])
      ]
    ])
  }

  /// The file as YAML. Every text is quoted as JSON quotes it, which YAML reads alike.
  public var yaml: String {
    func quoted(_ text: String) -> String { JSONValue.string(text).text() }
    var lines = [
      "# Alerting rules of \(key), written by `kilt job alerts`.", "groups:", "  - name: \(quoted("\(key)"))",
    ]
    // A group without rules is not an error, but a key without a list is one.
    lines.append(rules.isEmpty ? "    rules: []" : "    rules:")
    for rule in rules {
      lines += [
        "      - alert: \(rule.name)", "        expr: \(quoted(rule.expression))",
        "        for: \(Self.text(rule.period))", "        labels:", "          severity: \(rule.severity.rawValue)",
      ]
      lines += [("cluster", key.cluster), ("role", key.role), ("stage", key.stage), ("job", key.name)].map {
        "          \($0.0): \(quoted($0.1))"
      }
      lines += [
        "        annotations:", "          summary: \(quoted(rule.summary))",
        "          description: \(quoted(rule.description))",
      ]
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func text(_ period: Duration) -> String {
    let milliseconds = period.milliseconds
    return milliseconds % 1000 == 0 ? "\(milliseconds / 1000)s" : "\(milliseconds)ms"
  }
}
