internal import ArgumentParser
internal import Diagnostics
internal import JSON
internal import JobModel
internal import SchedulerClient
internal import SystemSupport

/// `kilt job list`.
struct JobList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the jobs of a cluster.",
    discussion: """
      EXAMPLES
        kilt job list
        kilt job list --format json
        kilt job list --files                what all job files would run
        kilt job list --files hello.aurora   the jobs of an Aurora file
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var output: FormatOption

  @Option(help: ArgumentHelp("The cluster; the first of kilt.toml by default.", valueName: "name"))
  var cluster: String?

  @Flag(help: "Show what job files would run, without a server. The arguments are files and directories.")
  var files = false

  @Argument(help: ArgumentHelp("Job files or directories, with --files. Default: jobs.", valueName: "file"))
  var patterns: [String] = []

  func validate() throws {
    if !files, !patterns.isEmpty { throw ValidationError("name files only with --files") }
  }

  func run() throws {
    if files {
      let listing = try JobFileListing(global, patterns, cluster: cluster)
      switch output.format {
      case .json: writeText(listing.json.text(.pretty) + "\n", to: 1)
      case .text: for line in listing.lines { Terminal.standardOutput.print(line) }
      }
      return
    }
    let jobs = try JobSession(global, cluster: cluster).client.jobs()
    switch output.format {
    case .json: writeText(JSONValue.array(jobs.map(\.json)).text(.pretty) + "\n", to: 1)
    case .text:
      for job in jobs {
        let counts = job.counts.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.value) \($0.key.rawValue)" }
        Terminal.standardOutput.print(
          PlainText.line("\(job.key)  \(counts.joined(separator: ", ")) of \(job.instances)"))
      }
    }
  }
}
