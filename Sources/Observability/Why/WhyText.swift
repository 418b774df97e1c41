internal import Diagnostics
public import JobModel

/// The account of dead tasks for people. Each text of a task stays on its line, and none of its control characters is
/// printed.
public struct WhyText: Sendable {
  public private(set) var lines: [String] = []
  private let key: JobKey
  private let now: Timestamp

  /// - Parameter near: the time that was asked for.
  public init(_ answer: WhyAnswer, now: Timestamp, near: Timestamp? = nil) {
    key = answer.key
    self.now = now
    if answer.accounts.isEmpty { lines.append("\(key): no task of this job is remembered") }
    for account in answer.accounts {
      if !lines.isEmpty { lines.append("") }
      add(account)
    }
    if !answer.others.isEmpty { lines.append("") }
    for other in answer.others {
      let message = other.message.map { ": \($0)" } ?? ""
      text("also: instance \(other.instance) \(other.status.rawValue) \(moment(other.time))\(message)")
    }
    if let near, let since = answer.rememberedSince, near < since {
      text("note: the scheduler remembers tasks of this job that ended since \(since)")
    }
    for account in answer.accounts.prefix(1) where !account.processes.isEmpty {
      lines.append("")
      text("all output: kilt job logs \(key)/\(account.instance) --task \(account.taskID)")
    }
  }

  private mutating func text(_ line: String) { lines.append(PlainText.line(line)) }

  private mutating func row(_ name: String, _ value: String) {
    text("  " + name + String(repeating: " ", count: max(1, 11 - name.count)) + value)
  }

  private mutating func add(_ account: TaskAccount) {
    let message = account.message ?? account.cause.text ?? "no message"
    text("\(key)/\(account.instance) \(account.status.rawValue) \(moment(account.time)): \(message)")
    if let cause = account.cause.text { row("cause", cause) }
    addTask(account)
    addRelease(account)
    for (index, event) in account.states.enumerated() {
      let message = event.message.map { ": \($0)" } ?? ""
      row(index == 0 ? "states" : "", "\(event.time)  \(event.status.rawValue)\(message)")
    }
    addUsage(account)
    if let health = account.health {
      let failures = health.consecutiveFailures > 0 ? ", \(health.consecutiveFailures) failures in a row" : ""
      row("health", (health.healthy ? "healthy" : "unhealthy") + failures + (health.message.map { ": \($0)" } ?? ""))
    }
    for process in account.processes { add(process) }
    for (index, line) in account.executor.enumerated() { row(index == 0 ? "executor" : "", "| \(line)") }
    for problem in account.problems { row("note", problem) }
  }

  private mutating func addTask(_ account: TaskAccount) {
    var parts = ["\(account.taskID)"]
    if let host = account.host { parts.append("on \(host)") }
    if let start = account.states.first(where: { $0.status == .assigned || $0.status == .starting })?.time,
      account.status.isTerminal
    {
      parts.append("for \(Self.duration(account.time - start))")
    }
    if account.restarts > 0 { parts.append("after \(account.restarts) tasks before it") }
    row("task", parts.joined(separator: " "))
  }

  private mutating func addRelease(_ account: TaskAccount) {
    guard let release = account.release else { return }
    let artifacts = release.artifacts.map { artifact in
      "\(artifact.name)@\(artifact.version.prefix(12))" + (artifact.digest.map { " (digest \($0.prefix(12)))" } ?? "")
    }
    var line = "\(release.number)" + (artifacts.isEmpty ? ", no artifact" : " of " + artifacts.joined(separator: ", "))
    line += ", deployed \(moment(release.submittedAt))"
    if account.time >= release.submittedAt {
      line += ", \(Self.duration(account.time - release.submittedAt)) before"
    }
    if let user = release.user { line += ", by \(user)" }
    if let cause = release.cause { line += ", \(cause)" }
    row("release", line)
    if let reason = release.reason { row("", "reason: \(reason)") }
    if let source = release.source {
      let digest = source.templateDigest.map { " (\($0.prefix(12)))" } ?? ""
      row("", source.path + (source.template.map { " \($0)\(digest)" } ?? ""))
    }
    if let former = account.formerRelease {
      row("", "before it release \(former): kilt job history \(key) --differences")
    }
    if let update = account.update {
      row("update", "\(update.id) \(update.status.rawValue), started \(moment(update.startedAt))")
    }
  }

  private mutating func addUsage(_ account: TaskAccount) {
    guard let last = account.usage.last else { return }
    let limits = account.limits
    if let peak = account.memoryPeak {
      row("memory", "\(Self.bytes(peak)) at most" + Self.share(peak, of: limits.ram, Self.bytes(limits.ram)))
    }
    var cpu = "\(Self.seconds(last.sample.cpuTime)) s in all, limit \(Self.cores(limits.cpu))"
    if let throttled = last.sample.throttled, throttled > .zero {
      cpu += ", held up by it for \(Self.seconds(throttled)) s"
    }
    row("cpu", cpu)
    row("disk", Self.bytes(last.sample.disk) + Self.share(last.sample.disk, of: limits.disk, Self.bytes(limits.disk)))
    if let kills = last.sample.outOfMemoryKills, kills > 0 { row("oom kills", "\(kills)") }
    for (index, usage) in account.usage.enumerated() {
      let cores = usage.cores.map(Self.cores) ?? "-"
      row(
        index == 0 ? "used" : "",
        "\(usage.time)  cpu \(cores)  memory \(Self.bytes(usage.sample.memory))  disk \(Self.bytes(usage.sample.disk))  "
          + "processes \(usage.sample.processes)")
    }
  }

  private mutating func add(_ process: TaskAccount.Process) {
    let code = process.exitCode.map { ", exit code \($0)" } ?? ""
    let signal = process.signal.map { ", signal \($0)" } ?? ""
    let run = process.run > 0 ? ", run \(process.run)" : ""
    text("  process \"\(process.name)\"\(run) \(process.status.rawValue)\(code)\(signal) at \(process.time)")
    for (name, output) in [("stdout", process.stdout), ("stderr", process.stderr)] where !output.isEmpty {
      text("    the last lines of \(name):")
      lines += output.map { "      | " + PlainText.logLine($0) }
    }
    if process.stdout.isEmpty, process.stderr.isEmpty { text("    it wrote nothing") }
  }

  // MARK: Numbers

  private func moment(_ time: Timestamp) -> String {
    let age = now - time
    return "\(time)" + (age >= .zero ? " (\(Self.duration(age)) ago)" : "")
  }

  private static func share(_ value: Int, of limit: Int, _ text: String) -> String {
    guard limit > 0 else { return ", no limit" }
    return " of \(text) (\(Int((Double(value) / Double(limit) * 100).rounded()))%)"
  }

  static func duration(_ duration: Duration) -> String {
    let milliseconds = max(0, duration.milliseconds)
    switch milliseconds {
    case ..<10_000: return "\(Double(milliseconds / 100) / 10) s"
    case ..<60_000: return "\(milliseconds / 1000) s"
    case ..<3_600_000: return "\(milliseconds / 60_000) min \(milliseconds / 1000 % 60) s"
    case ..<86_400_000: return "\(milliseconds / 3_600_000) h \(milliseconds / 60_000 % 60) min"
    default: return "\(milliseconds / 86_400_000) d \(milliseconds / 3_600_000 % 24) h"
    }
  }

  private static func seconds(_ duration: Duration) -> Double { Double(duration.milliseconds / 100) / 10 }

  private static func cores(_ value: Double) -> String { "\(Double(Int((value * 100).rounded())) / 100) cores" }

  static func bytes(_ count: Int) -> String {
    for (unit, size) in [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)] where count >= size {
      let tenths = (count * 10 + size / 2) / size
      return tenths % 10 == 0 ? "\(tenths / 10) \(unit)" : "\(tenths / 10).\(tenths % 10) \(unit)"
    }
    return "\(count) bytes"
  }
}
