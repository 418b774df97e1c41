internal import Diagnostics
internal import JSON
internal import JobModel
internal import Workspace

/// The plan of a change, for people and as JSON: changes by instance, artifact, configuration, batches.
struct PlanReport {
  let plan: UpdatePlan
  /// The configuration that the job is to have.
  let configuration: JobConfiguration
  let artifacts: [ArtifactDifference]
  let difference: ConfigurationDifference?

  init(_ plan: UpdatePlan, _ configuration: JobConfiguration, session: JobSession) {
    self.plan = plan
    self.configuration = configuration
    let former = plan.current?.task.artifacts ?? []
    artifacts = configuration.task.artifacts.map { new in
      ArtifactDifference(from: former.first { $0.name == new.name }, to: new, session: session)
    }
    difference = plan.current.map { ConfigurationDifference(from: $0, to: configuration) }
  }

  var json: JSONValue {
    var object = plan.json.object ?? JSONObject()
    object["artifacts"] = .array(artifacts.map(\.json))
    object["configuration_difference"] = .strings(difference?.lines ?? [])
    object["rollback_release"] = plan.outcome == .update ? plan.formerRelease.map { .int(Int64($0)) } : nil
    object["expected_seconds"] = expectedSeconds.map { .int(Int64($0)) }
    return .object(object)
  }

  /// Whether no instance and no setting changes. Another commit of the same bundle is recorded, and changes nothing.
  var isUnchanged: Bool {
    switch plan.outcome {
    case .unchanged: true
    case .create, .replace: false
    case .update: plan.changes.isEmpty && difference?.isEmpty == true && artifacts.allSatisfy(\.isSameFile)
    }
  }

  /// The result of the change, in a line.
  var summary: String {
    let key = plan.key
    switch plan.outcome {
    case .create:
      let count = configuration.cron == nil ? "\(configuration.instances) instances" : "schedule"
      return "create \(key): release \(plan.release), \(count)"
    case .update where isUnchanged:
      let commits = Set(artifacts.filter(\.isChanged).map { String($0.new.version.prefix(12)) }).sorted()
      return "\(key) is unchanged: \(commits.joined(separator: ", ")) has the same bundle"
    case .update: return "update \(key): release \(plan.formerRelease.map(String.init) ?? "-") to \(plan.release)"
    case .replace: return "replace the schedule of \(key): the next run uses release \(plan.release)"
    case .unchanged: return "\(key) is unchanged (release \(plan.release))"
    }
  }

  var lines: [String] {
    var lines = [summary]
    if plan.outcome == .unchanged { return lines + configurationLines }
    for artifact in artifacts { lines += artifact.lines }
    if let runsAs = plan.runsAs { lines.append(PlainText.line("  runs as    \(runsAs.text)")) }
    if let problem = plan.openPorts {
      lines.append(PlainText.line("  ports      can be taken by other tasks: \(problem)"))
    }
    lines += configurationLines
    if plan.outcome == .create || plan.outcome == .replace {
      let resources = configuration.task.resources
      lines.append(
        "  resources  \(resources.cpu) processors, \(resources.ram >> 20) MiB memory, \(resources.disk >> 20) MiB disk "
          + "for each instance")
      let ports = configuration.requiredPorts
      if !ports.isEmpty { lines.append("  ports      \(ports.joined(separator: ", "))") }
    }
    lines += settingLines
    if let cron = configuration.cron { lines.append("  schedule   \(cron.schedule) (\(cron.timeZone))") }
    lines += instanceLines
    if plan.outcome == .update, plan.changes.isEmpty {
      lines.append("  instances  unchanged: the change does not affect tasks")
    } else if plan.outcome == .update {
      lines.append("  batches    " + batchText)
      if let former = plan.formerRelease { lines.append("  rollback   to release \(former)" + rollbackText) }
      if let expectedSeconds { lines.append("  expected   about \(expectedSeconds) s, as the last updates took") }
    }
    return lines
  }

  private var configurationLines: [String] {
    guard let difference, !difference.isEmpty else { return [] }
    return ["  configuration"] + difference.lines.map { "    \($0)" }
  }

  /// A job's requests to the host, and its kept values: shown even if they do not change, because users approve them.
  private var settingLines: [String] {
    var lines = configuration.task.volumes.map {
      "  volume     \($0.hostPath) of the host at \($0.containerPath), \($0.mode.rawValue)"
    }
    let secrets = configuration.task.secrets.map(\.name)
    if !secrets.isEmpty { lines.append("  secrets    \(secrets.joined(separator: ", "))") }
    let alerts = configuration.alerts.filter(\.isEnabled).map(\.condition.rawValue)
    if !alerts.isEmpty { lines.append("  alerts     \(alerts.joined(separator: ", "))") }
    if let announce = configuration.announce {
      let others = announce.portmap.sorted { $0.key < $1.key }.map { name, target in
        switch target {
        case .alias(let port): port == name ? name : "\(name) = \(port)"
        case .number(let number): "\(name) = \(number)"
        }
      }
      lines.append("  announce   port \(([announce.primaryPort] + others).joined(separator: ", "))")
    }
    if let lifecycle = configuration.lifecycle {
      lines.append(
        "  stop       POST \(lifecycle.gracefulShutdownEndpoint), \(Self.text(lifecycle.gracefulShutdownWait)), "
          + "\(lifecycle.shutdownEndpoint), \(Self.text(lifecycle.shutdownWait)), then SIGTERM, "
          + "\(Self.text(configuration.task.finalizationWait)), SIGKILL")
    }
    if let image = configuration.container?.imageDescription { lines.append("  container  \(image)") }
    if configuration.drain > .zero {
      lines.append(
        "  drain      each instance stays up for \(configuration.drain.milliseconds / 1000) s before its stop")
    }
    return lines
  }

  private static func text(_ duration: Duration) -> String {
    let milliseconds = duration.milliseconds
    return milliseconds % 1000 == 0 ? "\(milliseconds / 1000) s" : "\(milliseconds) ms"
  }

  private var instanceLines: [String] {
    UpdatePlan.Change.Kind.allCases.compactMap { kind in
      let numbers = plan.changes.filter { $0.kind == kind }.map(\.instance)
      guard !numbers.isEmpty else { return nil }
      let verb = (kind.rawValue + "           ").prefix(11)
      return "  \(verb)instance \(Self.ranges(numbers))"
    } + (plan.untouched > 0 ? ["  untouched  \(plan.untouched) instances"] : [])
  }

  private var batchText: String {
    let shown = plan.batches.prefix(8).map { Self.ranges($0) }.joined(separator: " | ")
    let more = plan.batches.count > 8 ? " | … (\(plan.batches.count) in all)" : ""
    let watch = configuration.update.watch.milliseconds / 1000
    return shown + more + (watch > 0 ? ", each instance watched for \(watch) s" : "")
  }

  private var rollbackText: String {
    let update = configuration.update
    guard update.rollbackOnFailure else { return ", by hand: `kilt job rollback \(plan.key)`" }
    return update.maxTotalFailures == 0
      ? ", when an instance fails" : ", when more than \(update.maxTotalFailures) instances fail"
  }

  private var expectedSeconds: Int? {
    guard plan.outcome == .update else { return nil }
    return plan.secondsPerInstance.map { Int(($0 * Double(plan.changes.count)).rounded(.up)) }
  }

  /// `0-2, 5` of 0, 1, 2, 5.
  static func ranges(_ numbers: [Int]) -> String {
    var ranges: [ClosedRange<Int>] = []
    for number in numbers.sorted() {
      if let last = ranges.last, last.upperBound == number - 1 {
        ranges[ranges.count - 1] = last.lowerBound...number
      } else {
        ranges.append(number...number)
      }
    }
    return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
      .joined(separator: ", ")
  }
}
