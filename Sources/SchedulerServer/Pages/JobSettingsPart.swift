internal import JobModel

/// The settings of a job besides its instances: directories of the host, secrets by name, alerts, the time before a
/// stop.
enum JobSettingsPart {
  /// Empty for a job without any of them.
  static func card(_ job: JobConfiguration) -> HTML {
    var rows: [HTML] = job.task.volumes.map { volume in
      row(
        "volume",
        "<code>\(volume.hostPath)</code> of the host at <code>\(volume.containerPath)</code>, \(access(volume.mode))")
    }
    rows += job.task.secrets.map { row("secret", "<code>\($0.name)</code> from <code>\($0.reference)</code>") }
    rows += job.alerts.map { row("alert", "\(text(of: $0))") }
    if job.drain > .zero { rows.append(row("before a stop", "stays up for \(Parts.duration(job.drain))")) }
    rows += job.constraints.map { row("constraint", "<code>\($0.attribute): \($0.text)</code>") }
    if let policy = job.slaPolicy { rows.append(row("SLA", "\(text(of: policy))")) }
    if rows.isEmpty { return "" }
    return "<h2>Settings</h2>\(Parts.table(["setting", ""], rows))"
  }

  private static func row(_ name: String, _ text: HTML) -> HTML {
    "<tr><td>\(name)</td><td class=\"w\">\(text)</td></tr>"
  }

  private static func access(_ mode: Volume.Mode) -> String { mode == .readWrite ? "to read and write" : "to read" }

  /// `memory above 90 % for 300 s, severity page`.
  static func text(of rule: AlertRule) -> String {
    guard rule.isEnabled else { return "\(rule.condition.rawValue) off" }
    let above = rule.threshold.map { " above \(Int(($0 * 100).rounded()))%" } ?? ""
    let period = rule.period.map { " for \(Parts.duration($0))" } ?? ""
    return "\(rule.condition.rawValue)\(above)\(period), severity \(rule.severity.rawValue)"
  }

  private static func text(of policy: SlaPolicy) -> String {
    switch policy {
    case .count(let count, let duration):
      "at least \(count) of the instances are up, each for \(Parts.duration(duration))"
    case .percentage(let share, let duration):
      "at least \(share)% of the instances are up, each for \(Parts.duration(duration))"
    case .coordinator(let url, _): "asks \(url)"
    }
  }
}
