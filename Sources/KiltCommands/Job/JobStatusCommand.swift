internal import ArgumentParser
internal import Diagnostics
internal import JSON
internal import JobModel
internal import SchedulerClient
internal import SystemSupport

/// `kilt job status`.
struct JobStatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Show the instances of a job: state, node, ports, health, last failure.",
    discussion: """
      For an instance that failed, shows its exit code, signal or limit, and its last lines of output. For a killed \
      job, shows the last instances as long as their directories exist.

      EXAMPLES
        kilt job status devcluster/www-data/devel/fiddler
        kilt job status jobs/fiddler.yaml --stage devel
        kilt job status devcluster/www-data/devel/fiddler --format json
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var job: JobOptions
  @OptionGroup var output: FormatOption

  func run() throws {
    let session = try JobSession(global, job)
    let reference = try session.reference(job)
    let status = try session.job(reference.key)
    switch output.format {
    case .json:
      writeText(status.json.text(.pretty) + "\n", to: 1)
    case .text:
      let now = Timestamp(milliseconds: wallClockNanoseconds() / 1_000_000)
      let text = StatusText(status, now: now, terminal: .standardOutput)
      for line in text.lines.prefix(1) + Self.state(of: status) + text.lines.dropFirst() {
        Terminal.standardOutput.print(line)
      }
    }
  }

  /// The update in progress, and the schedule.
  private static func state(of job: JobStatus) -> [String] {
    var lines: [String] = []
    if let update = job.summary.update, !update.status.isTerminal {
      let message = update.message.map { ": \($0)" } ?? ""
      lines.append(
        PlainText.line(
          "  update \(update.status.rawValue)\(message), run `kilt update status \(job.summary.key)` for its progress"))
    }
    if let cron = job.summary.cron {
      lines.append(
        PlainText.line("  schedule \(cron.schedule) (\(cron.timeZone)), run `kilt cron next \(job.summary.key)`"))
    }
    return lines
  }
}

/// A job's status for people. Each text of a task stays on its line, and none of its control characters is printed.
struct StatusText {
  private(set) var lines: [String] = []
  private let now: Timestamp
  private let terminal: Terminal
  private let hosts: [TaskID: String]

  init(_ job: JobStatus, now: Timestamp, terminal: Terminal) {
    self.now = now
    self.terminal = terminal
    hosts = job.hosts
    let state = job.isGone ? " (killed; its last instances)" : job.summary.isEnding ? " (being killed)" : ""
    lines.append("\(job.summary.key)\(state)")
    if let runsAs = job.runsAs { lines.append(PlainText.line("  runs as \(runsAs.text)")) }
    if let problem = job.openPorts { lines.append(PlainText.line("  ports can be taken by other tasks: \(problem)")) }
    let live = Dictionary(job.instances.map { ($0.instance, $0) }) { first, _ in first }
    for instance in job.instances.sorted(by: { $0.instance < $1.instance }) {
      lines.append(line(instance))
      // The end of this very task is in the line above but for its details.
      if let ending = job.endings.first(where: { $0.instance == instance.instance }) {
        add(ending, below: instance)
      }
    }
    for ending in job.endings where live[ending.instance] == nil {
      lines.append(
        line(
          InstanceStatus(
            instance: ending.instance, taskID: ending.taskID, status: ending.status, since: ending.time,
            message: ending.message)))
      addDetails(of: ending)
    }
  }

  private func line(_ instance: InstanceStatus) -> String {
    let color =
      switch instance.status {
      case .running, .finished: "32"
      case .failed, .lost: "31"
      default: "33"
      }
    var parts = ["  \(instance.instance)", terminal.paint(instance.status.rawValue, color)]
    parts.append("for \(age(of: instance.since))")
    if let host = hosts[instance.taskID] { parts.append("on \(host)") }
    parts += instance.ports.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    if let healthy = instance.isHealthy { parts.append(healthy ? "healthy" : "unhealthy") }
    if instance.restarts > 0 { parts.append("restarted \(instance.restarts) times") }
    if let message = instance.message { parts.append(message) }
    // Kilt adds the colors; other text can come from a task.
    return parts.enumerated().map { $0.offset == 1 ? $0.element : PlainText.line($0.element) }.joined(separator: "  ")
  }

  private mutating func add(_ ending: TaskEnding, below instance: InstanceStatus) {
    if ending.taskID != instance.taskID {
      let message = ending.message.map { ": \($0)" } ?? ""
      lines.append(PlainText.line("     last ended \(ending.status.rawValue) \(age(of: ending.time)) ago\(message)"))
    }
    addDetails(of: ending)
  }

  private mutating func addDetails(of ending: TaskEnding) {
    lines += ending.details.map { "     " + PlainText.logLine($0) }
  }

  private func age(of time: Timestamp) -> String {
    let seconds = max(0, now.milliseconds - time.milliseconds) / 1000
    switch seconds {
    case ..<60: return "\(seconds) s"
    case ..<3600: return "\(seconds / 60) min"
    case ..<86400: return "\(seconds / 3600) h \(seconds / 60 % 60) min"
    default: return "\(seconds / 86400) d \(seconds / 3600 % 24) h"
    }
  }
}
