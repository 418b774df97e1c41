internal import ArgumentParser
internal import Diagnostics
internal import JSON
internal import JobModel
internal import Observability
internal import SchedulerClient
internal import SystemSupport

/// `kilt job why`: the one question of whoever is on call.
struct JobWhy: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "why", abstract: "Show why the tasks of a job died.",
    discussion: """
      Shows the last failure of each instance: its states, exit code or signal, memory and CPU before the end, the \
      last lines of each process, and the release and the update that were deployed at that time. With --at, shows the \
      failure nearest to that time. For an instance that has not ended, shows the reason why it waits.

      EXAMPLES
        kilt job why jobs/fiddler.yaml --stage prod
        kilt job why devcluster/www-data/prod/fiddler --instance 3
        kilt job why jobs/fiddler.yaml --stage prod --at yesterday
        kilt job why jobs/fiddler.yaml --stage prod --at 2026-11-30T14:13Z
        kilt job why jobs/fiddler.yaml --stage prod --format json
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var job: JobOptions
  @OptionGroup var output: FormatOption

  @Option(help: ArgumentHelp("Number of the instance. Default: all, the newest failure first.", valueName: "number"))
  var instance: Int?

  @Option(
    help: ArgumentHelp("Approximate time in UTC: 2026-11-30T14:13Z, 14:13, 2h, 1d, yesterday.", valueName: "time"))
  var at: String?

  @Option(help: ArgumentHelp("Number of lines of each log, at most 1000.", valueName: "count"))
  var lines = 20

  func run() throws {
    let now = Timestamp(milliseconds: wallClockNanoseconds() / 1_000_000)
    let time = try at.map { text in
      guard let time = MomentText.parse(text, now: now) else {
        throw Diagnostic(.input, "invalid time \"\(text)\" in --at", remedies: ["write \(MomentText.forms)"])
      }
      return time
    }
    guard (0...1000).contains(lines) else {
      throw Diagnostic(.input, "invalid --lines \(lines)", remedies: ["write a number from 0 to 1000"])
    }
    let session = try JobSession(global, job)
    let reference = try session.reference(job)
    let status = try session.job(reference.key)
    let wanted = instance ?? (reference.instances.count == 1 ? reference.instances[0] : nil)
    let json = try session.client.why(status.summary.key, instance: wanted, at: time, lines: lines)
    if output.format == .json { return writeText(json.text(.pretty) + "\n", to: 1) }
    let answer: WhyAnswer
    do {
      answer = try WhyAnswer(json: json)
    } catch {
      throw Diagnostic(
        .environment, "the scheduler answers in a form that this client does not know: \(error)",
        remedies: ["use the client and the scheduler of one version"])
    }
    if let wanted, answer.accounts.isEmpty {
      throw Diagnostic(
        .input, "job \(answer.key) has no task of instance \(wanted)",
        remedies: ["run `kilt job status \(answer.key)` to see its instances"])
    }
    for line in WhyText(answer, now: now, near: time).lines { Terminal.standardOutput.print(line) }
  }
}
