internal import ArgumentParser
internal import JSON
internal import JobModel
internal import SchedulerClient
internal import SystemSupport

/// `kilt job sla`.
struct JobSla: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sla", abstract: "Show the waiting times and uptimes of a job.",
    discussion: """
      Times are medians over the tasks that the scheduler remembers. An uptime line shows how long a percentage of the \
      wanted instances has run without interruption.

      EXAMPLES
        kilt job sla devcluster/www-data/prod/fiddler
        kilt job sla jobs/fiddler.yaml --stage prod --format json
        kilt job sla jobs/fiddler.yaml --stage prod --at-least 95

      EXIT CODES
        0  done
        1  fewer instances run than --at-least requires
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var job: JobOptions
  @OptionGroup var output: FormatOption

  @Option(help: ArgumentHelp("Percentage of instances that must run now.", valueName: "percent"))
  var atLeast: Double?

  func run() throws {
    let session = try JobSession(global, job)
    // An error for an unknown job lists similar names.
    let key = try session.job(job).summary.key
    let figures = try session.client.slaFigures(of: key)
    switch output.format {
    case .json: writeText(figures.json.text(.pretty) + "\n", to: 1)
    case .text: for line in Self.lines(figures, key) { Terminal.standardOutput.print(line) }
    }
    if let atLeast, figures.running < atLeast { throw ExitCode(1) }
  }

  static func lines(_ figures: SlaFigures, _ key: JobKey) -> [String] {
    let percent = Int(figures.running.rounded(.down))
    var lines = [
      "\(key)  \(percent)% of instances run",
      "  time to assigned  " + (figures.timeToAssigned.map { "median \(text($0))" } ?? "no task was assigned yet"),
      "  time to running   " + (figures.timeToRunning.map { "median \(text($0))" } ?? "no task has run yet"),
    ]
    lines += figures.uptime.sorted { $0.key < $1.key }.map { "  uptime            \($0)% for at least \(text($1))" }
    return lines
  }

  private static func text(_ duration: Duration) -> String {
    let milliseconds = max(0, duration.milliseconds)
    let seconds = milliseconds / 1000
    switch seconds {
    case ..<1: return "\(milliseconds) ms"
    case ..<60: return "\(seconds) s"
    case ..<3600: return "\(seconds / 60) min"
    case ..<86400: return "\(seconds / 3600) h \(seconds / 60 % 60) min"
    default: return "\(seconds / 86400) d \(seconds / 3600 % 24) h"
    }
  }
}
