internal import ArgumentParser
internal import Diagnostics
internal import JSON
internal import JobModel
internal import SchedulerClient
internal import SystemSupport

/// `kilt cron list`.
struct CronList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the cron jobs of a cluster with their next runs.",
    discussion: """
      EXAMPLES
        kilt cron list
        kilt cron list 'devcluster/*/prod/*' --format json
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var output: FormatOption

  @Option(help: .cluster)
  var cluster: String?

  @Argument(
    help: ArgumentHelp(
      "Patterns of jobs, such as *_report or */*/prod/*. Repeatable. Default: all jobs.", valueName: "pattern"))
  var patterns: [String] = []

  func run() throws {
    let jobs = try JobSession(global, cluster: cluster).client.cronJobs().filter { job in
      patterns.isEmpty || patterns.contains { JobPattern($0).matches(job.key) }
    }
    if output.format == .json { return writeText(JSONValue.array(jobs.map(\.json)).text(.pretty) + "\n", to: 1) }
    for job in jobs {
      let last = job.lastRun.map { "last \($0.status.rawValue) at \($0.since)" } ?? "no run yet"
      let next = job.next.first.map { "next at \($0)" } ?? "never due"
      Terminal.standardOutput.print(
        "\(job.key)  \(PlainText.line(job.cron.schedule)) (\(PlainText.line(job.cron.timeZone)))  \(next)  \(last)")
    }
  }
}

/// `kilt cron next`.
struct CronNext: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "next", abstract: "Show the next times at which a cron job is due.",
    discussion: """
      EXAMPLES
        kilt cron next devcluster/www-data/prod/report
        kilt cron next jobs/report.yaml --stage prod --format json
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var job: JobOptions
  @OptionGroup var output: FormatOption

  func run() throws {
    let session = try JobSession(global, job)
    let key = try session.key(job)
    guard let cron = try session.client.cronJobs().first(where: { $0.key == key }) else {
      let exists = try session.client.job(key) != nil
      throw Diagnostic(
        .input, exists ? "job \(key) has no cron schedule" : "job \(key) does not exist",
        remedies: ["run `kilt cron list` to list the cron jobs"])
    }
    switch output.format {
    case .json: writeText(cron.json.text(.pretty) + "\n", to: 1)
    case .text: for time in cron.next { Terminal.standardOutput.print("\(time)") }
    }
  }
}
