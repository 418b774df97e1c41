internal import ArgumentParser
internal import Diagnostics
internal import JobModel
internal import Observability
internal import SchedulerClient
internal import Synchronization
internal import SystemSupport

/// `kilt job logs`: the logs of all instances together, each line with its time and the instance it is of.
struct JobLogs: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logs", abstract: "Show the logs of a job's instances together.",
    discussion: """
      Without --since and --all, shows the last run of each process. With --follow, continues with the next runs and \
      tasks. After a restart of the scheduler, continues where it was: no line comes twice, and none is left out. The \
      time of a line is the latest time at which the task wrote it.

      A pattern with * and ? selects jobs by cluster/role/stage/name, by role/stage/name or by name. Control characters \
      in the logs are shown as escapes such as \\x1b. You can read the logs of a killed job as long as the directories of \
      its tasks exist.

      EXAMPLES
        kilt job logs devcluster/www-data/devel/fiddler
        kilt job logs devcluster/www-data/devel/fiddler/1 --stderr
        kilt job logs jobs/fiddler.yaml --stage devel --follow
        kilt job logs jobs/fiddler.yaml --stage prod --since 2h --grep 'time(out|d)'
        kilt job logs '*/devel/igor_*' --follow --level warning
      """)

  enum Stream: String, ExpressibleByArgument, CaseIterable { case stdout, stderr, both }

  @OptionGroup var global: GlobalOptions
  @OptionGroup var job: JobOptions

  @Flag(name: .shortAndLong, help: "Continue with new output, across restarts, until interrupted.")
  var follow = false

  @OptionGroup var instances: InstanceOptions

  @Option(help: ArgumentHelp("Process of the task. Default: all.", valueName: "name"))
  var process: String?

  @Option(help: "Output stream to show.")
  var stream = Stream.both

  @Flag(help: "Show only standard error, as --stream stderr does.")
  var stderr = false

  @Option(
    help: ArgumentHelp("Show only lines since then, of all runs: 5m, 2h, 14:13, 2026-11-30T14:13Z.", valueName: "time"))
  var since: String?

  @Option(help: ArgumentHelp("Show only lines that match an extended regular expression.", valueName: "pattern"))
  var grep: String?

  @Flag(help: "Ignore case in --grep.")
  var ignoreCase = false

  @Option(
    help: ArgumentHelp(
      "Show only JSON lines of at least this level: trace, debug, info, warning, error, fatal.", valueName: "level"))
  var level: String?

  @Option(help: ArgumentHelp("Task whose logs to show. Default: the last task of each instance.", valueName: "id"))
  var task: String?

  @Flag(help: "Show all tasks and runs that the scheduler has, not only the last ones.")
  var all = false

  @Option(help: ArgumentHelp("Show only the last bytes of each log.", valueName: "bytes"))
  var tail: Int?

  @Flag(help: "Print the bytes of the logs unchanged, control characters included.")
  var raw = false

  @Flag(help: "Leave out the times.")
  var noTime = false

  func run() throws {
    let question = try question()
    let printer = LogPrinter(try printing())
    let tails = JobPattern.isPattern(job.file) ? try matching(question, printer) : [try named(question, printer)]
    let failure = Mutex<(any Error)?>(nil)
    // Each job has a thread of its own: all of them are waited for at once.
    performInParallel(count: tails.count, threads: follow ? tails.count : 1) { index in
      do {
        var tail = tails[index]
        try tail.run()
      } catch {
        failure.withLock { $0 = $0 ?? error }
      }
    }
    if let error = failure.withLock({ $0 }) { throw error }
  }

  private func matching(_ question: LogQuestion, _ printer: LogPrinter) throws -> [LogTail] {
    let client = try JobSession(global, cluster: job.cluster).client
    let pattern = JobPattern(job.file)
    let keys = try client.jobs().map(\.key).filter(pattern.matches).sorted()
    guard !keys.isEmpty else {
      throw Diagnostic(
        .input, "no job matches \"\(job.file)\"", remedies: ["run `kilt job list` to list all jobs"])
    }
    return keys.map { LogTail($0, client, question, name: "\($0.role)/\($0.stage)/\($0.name)/", to: printer) }
  }

  private func named(_ question: LogQuestion, _ printer: LogPrinter) throws -> LogTail {
    let session = try JobSession(global, job)
    let reference = try session.reference(job)
    let status = try session.job(reference.key)
    var question = question
    try check(status, try instances.instances(reference), &question)
    return LogTail(status.summary.key, try session.client, question, name: "", to: printer)
  }

  private func question() throws -> LogQuestion {
    var question = LogQuestion(follows: follow, tail: tail.map { Int64($0) }, isWhole: all)
    question.task = task.map { TaskID($0) }
    if let process { question.processes = [process] }
    if stderr || stream != .both { question.streams = [stderr ? "stderr" : stream.rawValue] }
    if let since {
      let now = Timestamp(milliseconds: wallClockNanoseconds() / 1_000_000)
      guard let time = MomentText.parse(since, now: now) else {
        throw Diagnostic(.input, "invalid time \"\(since)\" in --since", remedies: ["write \(MomentText.forms)"])
      }
      question.since = time
    }
    let numbers = try instances.instances(nil)
    if !numbers.isEmpty { question.instances = Set(numbers) }
    return question
  }

  private func printing() throws -> LogPrinter.Options {
    var options = LogPrinter.Options(isRaw: raw, showsTime: !noTime)
    options.pattern = try grep.map { try LogPattern($0, ignoresCase: ignoreCase) }
    if let level {
      guard let parsed = LogLevel(name: level) else {
        throw Diagnostic(
          .input, "unknown level \"\(level)\" in --level",
          remedies: ["write one of: \(LogLevel.allCases.map(\.name).joined(separator: ", "))"])
      }
      options.level = parsed
    }
    return options
  }

  /// Reports the missing logs, instead of showing nothing.
  private func check(_ job: JobStatus, _ instances: [Int], _ question: inout LogQuestion) throws {
    let names = job.configuration.task.processes.map(\.name)
    if let process, !names.contains(process) {
      throw Diagnostic(
        .input, "the job has no process \"\(process)\"", notes: ["its processes are " + names.joined(separator: ", ")],
        remedies: Suggestions.remedy(for: process, among: names).map { [$0] } ?? [])
    }
    let numbers = Set(job.instances.map(\.instance)).union(job.endings.map(\.instance)).sorted()
    for number in instances where !numbers.contains(number) {
      throw Diagnostic(
        .input, "job \(job.summary.key) has no instance \(number)",
        notes: ["its instances: \(PlanReport.ranges(numbers))"],
        remedies: ["run `kilt job status \(job.summary.key)` to see its instances"])
    }
    if !instances.isEmpty { question.instances = Set(instances) }
  }
}
