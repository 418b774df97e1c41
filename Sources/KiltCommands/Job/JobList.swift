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
      A pattern with * and ? selects jobs by their key, cluster/role/stage/name. A pattern without a slash selects \
      jobs by their name.

      EXAMPLES
        kilt job list
        kilt job list 'devcluster/*/prod/*'
        kilt job list 'igor_*' --format json
        kilt job list --files                the jobs of all job files
        kilt job list --files hello.aurora   the jobs of an Aurora file
        kilt job list --scheduler https://10.0.0.7:8080

      EXIT CODES
        0  Listed.
        2  With --files, a job file is missing or has errors.
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var output: FormatOption

  @OptionGroup var scheduler: SchedulerOptions

  @Option(help: .cluster)
  var cluster: String?

  @Flag(help: "List the jobs of job files, without a server. Arguments are files and directories.")
  var files = false

  @Argument(
    help: ArgumentHelp(
      "Patterns of jobs. With --files, job files or directories (default: jobs). Repeatable.", valueName: "pattern"))
  var patterns: [String] = []

  func validate() throws {
    if scheduler.isNamed, cluster != nil {
      throw ValidationError("--cluster names a scheduler: leave out --scheduler and --state-directory")
    }
    if files, scheduler.isNamed { throw ValidationError("--files asks no scheduler") }
  }

  func run() throws {
    if files {
      let listing = try JobFileListing(global, patterns, cluster: cluster)
      switch output.format {
      case .json: writeText(listing.json.text(.pretty) + "\n", to: 1)
      case .text: for line in listing.lines { Terminal.standardOutput.print(line) }
      }
      if listing.hasErrors { throw ExitCode(Blame.input.exitCode) }
      return
    }
    let client =
      scheduler.isNamed ? try scheduler.client(global) : try JobSession(global, cluster: cluster).client
    let jobs = try client.jobs().filter { job in
      patterns.isEmpty || patterns.contains { JobPattern($0).matches(job.key) }
    }
    switch output.format {
    case .json: writeText(JSONValue.array(jobs.map(\.json)).text(.pretty) + "\n", to: 1)
    case .text:
      for job in jobs {
        let counts = job.counts.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.value) \($0.key.rawValue)" }
        var parts = ["\(job.key)", "\(counts.joined(separator: ", ")) of \(job.instances)"]
        if let cron = job.cron { parts.append("cron \(cron.schedule)") }
        if let update = job.update, !update.status.isTerminal { parts.append("update \(update.status.rawValue)") }
        if job.isEnding { parts.append("being killed") }
        Terminal.standardOutput.print(PlainText.line(parts.joined(separator: "  ")))
      }
    }
  }
}

/// A pattern of job keys: `*` matches any text without a slash, `?` one character.
struct JobPattern {
  private let parts: [[Character]]

  /// Whether a text has a pattern character.
  static func isPattern(_ text: String) -> Bool { text.contains { $0 == "*" || $0 == "?" } }

  /// - Parameter text: `cluster/role/stage/name`, `role/stage/name` or only a name. Fewer parts than four also select
  ///   keys with this prefix.
  init(_ text: String) { parts = text.split(separator: "/").map(Array.init) }

  func matches(_ key: JobKey) -> Bool {
    let names = [key.cluster, key.role, key.stage, key.name]
    if parts.count == 1 { return Self.matches(parts[0][...], Array(key.name)[...]) }
    guard parts.count <= names.count else { return false }
    func matches(_ names: some Sequence<String>) -> Bool {
      zip(parts, names).allSatisfy { Self.matches($0[...], Array($1)[...]) }
    }
    return matches(names) || (parts.count == 3 && matches(names.dropFirst()))
  }

  private static func matches(_ pattern: ArraySlice<Character>, _ text: ArraySlice<Character>) -> Bool {
    guard let first = pattern.first else { return text.isEmpty }
    if first == "*" {
      return matches(pattern.dropFirst(), text) || (!text.isEmpty && matches(pattern, text.dropFirst()))
    }
    guard let character = text.first, first == "?" || first == character else { return false }
    return matches(pattern.dropFirst(), text.dropFirst())
  }
}
