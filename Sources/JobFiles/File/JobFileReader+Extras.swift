import Diagnostics
import JobModel
import YAML

// The values of a job file besides `config` and `args`: environment, secrets, volumes, alerts, the times of a stop.
extension JobFileReader {
  mutating func readExtras(_ entries: Entries, into level: inout JobFile.Level) {
    if let env = entries["env"]?.value {
      for entry in anyEntries(env, "\"env\"") {
        let name = entry.key.scalar?.text ?? ""
        if !TaskConfiguration.isFreeVariable(name) {
          problem(
            "\"\(name)\" cannot be set: it is not a name of letters, digits and \"_\", or Kilt sets it itself",
            entry.key,
            remedies: ["choose another name"])
          continue
        }
        guard let scalar = entry.value.scalar, !entry.value.isNull else {
          problem("the variable \"\(name)\" is a text, not \(entry.value.kind)", entry.value)
          continue
        }
        level.environment.append(JobFile.Field(value: (name, scalar.text), node: entry.value))
      }
    }
    if let secrets = entries["secrets"]?.value { readSecrets(secrets, into: &level) }
    if let volumes = entries["volumes"]?.value { level.volumes = readVolumes(volumes) }
    if let alerts = entries["alerts"]?.value { readAlerts(alerts, into: &level) }
    if let drain = entries["drain_secs"]?.value { level.drain = seconds(drain, "drain_secs", limit: 3600) }
    if let wait = entries["finalization_wait"]?.value {
      level.finalizationWait = seconds(wait, "finalization_wait", limit: 3600)
    }
  }

  private mutating func readSecrets(_ node: YAMLNode, into level: inout JobFile.Level) {
    for entry in anyEntries(node, "\"secrets\"") {
      let name = entry.key.scalar?.text ?? ""
      let reference = entry.value.scalar?.text ?? ""
      if !JobKey.isIdentifier(name) {
        problem("\"\(name)\" is not the name of a secret: letters, digits, \"_\", \".\" and \"-\"", entry.key)
      } else if !Secret.isReference(reference) {
        problem(
          "the secret \"\(name)\" is a path such as team/name, not \(reference.isEmpty ? entry.value.kind : "\"\(reference)\"")",
          entry.value, notes: ["the scheduler's host looks the path up; the value never appears in a job file"])
      } else {
        level.secrets.append(JobFile.Field(value: Secret(name: name, reference: reference), node: entry.value))
      }
    }
  }

  private mutating func readVolumes(_ node: YAMLNode) -> [Volume] {
    guard let list = node.sequence else {
      if !node.isNull { problem("\"volumes\" is a list, not \(node.kind)", node) }
      return []
    }
    return list.compactMap { node in
      let keys = entries(node, "a volume", keys: ["host", "at", "mode"])
      for key in ["host", "at"] where keys[key] == nil {
        problem("a volume has the keys host and at", node, remedies: ["write {host: /var/lib/x, at: /data, mode: rw}"])
        return nil
      }
      guard let host = string(keys, "host"), let place = string(keys, "at") else { return nil }
      let mode = choice(keys, "mode", Volume.Mode.self) ?? .readOnly
      if !host.value.hasPrefix("/") {
        problem("the host's path \"\(host.value)\" of a volume is not absolute", host.node)
      }
      for field in [host, place] where field.value.split(separator: "/").contains("..") {
        problem("the path \"\(field.value)\" of a volume has \"..\"", field.node)
      }
      let volume = Volume(hostPath: host.value, containerPath: place.value, mode: mode)
      if !volume.hasFreePlace {
        problem(
          "the sandbox already uses the path \"\(place.value)\"", place.node,
          remedies: ["choose another place, such as /data"])
      }
      return volume
    }
  }

  /// `{memory: {above: 90%, for: 300, severity: page}, flapping: off}`.
  private mutating func readAlerts(_ node: YAMLNode, into level: inout JobFile.Level) {
    let known = AlertRule.Condition.allCases.map(\.rawValue)
    for (name, entry) in entries(node, "\"alerts\"", keys: known).sorted(by: { $0.key < $1.key }) {
      guard let condition = AlertRule.Condition(rawValue: name) else { continue }
      var rule = AlertRule(condition)
      if let scalar = entry.value.scalar {
        switch (scalar.content, scalar.text) {
        case (.bool(let flag), _): rule.isEnabled = flag
        case (_, "on"): rule.isEnabled = true
        case (_, "off"): rule.isEnabled = false
        default: problem("the alert \"\(name)\" is on, off or a mapping, not \"\(scalar.text)\"", entry.value)
        }
      } else {
        let keys = entries(entry.value, "the alert \"\(name)\"", keys: ["for", "above", "severity"])
        if let period = keys["for"]?.value { rule.period = seconds(period, "for", limit: 7 * 86_400) }
        rule.severity = choice(keys, "severity", AlertRule.Severity.self) ?? rule.severity
        if let above = keys["above"]?.value {
          if [.cpu, .memory, .disk, .quota].contains(condition) {
            rule.threshold = fraction(above)
          } else {
            problem("the alert \"\(name)\" has no limit to be above", above)
          }
        }
      }
      level.alerts.append(JobFile.Field(value: rule, node: entry.value))
    }
  }

  private mutating func fraction(_ node: YAMLNode) -> Double? {
    let text = node.scalar?.text ?? ""
    let number = text.hasSuffix("%") ? Double(text.dropLast()).map { $0 / 100 } : Double(text)
    if let number, number > 0, number <= 1 { return number }
    problem(
      "\"above\" is a part of the limit such as 90% or 0.9, not \(text.isEmpty ? node.kind : "\"\(text)\"")", node)
    return nil
  }

  private mutating func seconds(_ node: YAMLNode, _ key: String, limit: Double) -> Duration? {
    let number: Double? =
      switch node.scalar?.content {
      case .int(let number): Double(number)
      case .float(let number): number
      default: nil
      }
    if let number, number >= 0, number <= limit { return .milliseconds(Int64((number * 1000).rounded())) }
    problem("\"\(key)\" is a number of seconds from 0 to \(Int(limit))", node)
    return nil
  }

  /// Warns of plain scalars that other YAML parsers, and many people, read as something else.
  mutating func findTraps(in node: YAMLNode, key: String = "") {
    switch node.value {
    case .sequence(let nodes): for node in nodes { findTraps(in: node, key: key) }
    case .mapping(let entries):
      for entry in entries {
        let name = entry.key.scalar?.text ?? ""
        // The text counts there, whatever type it resembles.
        if !["githash", "version", "name", "stages"].contains(name) || entry.value.scalar == nil {
          findTraps(in: entry.value, key: name)
        }
      }
    case .scalar(let scalar):
      guard scalar.isPlain else { return }
      if let trap = Self.trap(scalar), !(key == "alerts" || AlertRule.Condition(rawValue: key) != nil) {
        warnings.append(
          Diagnostic(
            .input, "\"\(scalar.text)\" is \(trap.meaning) here", at: document.location(of: node),
            notes: ["YAML 1.1 reads \(trap.other)"], remedies: [trap.remedy]))
      }
    }
  }

  private static func trap(_ scalar: YAMLScalar) -> (meaning: String, other: String, remedy: String)? {
    let text = scalar.text
    if case .string = scalar.content {
      let lower = text.lowercased()
      if ["yes", "no", "on", "off", "y", "n"].contains(lower) {
        let flag = ["yes", "on", "y"].contains(lower)
        return ("the text", "the truth value \(flag)", "write \(flag), or quote the text: \"\(text)\"")
      }
      let parts = text.split(separator: ":", omittingEmptySubsequences: false)
      if parts.count > 1, parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }) {
        return ("the text", "a number of base 60", "quote the text: \"\(text)\"")
      }
    }
    if case .int(let number) = scalar.content {
      let digits = text.drop { $0 == "-" || $0 == "+" }
      if digits.hasPrefix("0"), digits.count > 1, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
        return ("the number \(number)", "an octal number", "write \(number), or quote the text: \"\(text)\"")
      }
    }
    return nil
  }
}
