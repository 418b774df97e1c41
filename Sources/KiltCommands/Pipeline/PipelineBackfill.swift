internal import ArgumentParser
internal import Diagnostics
internal import JSON
internal import JobModel
internal import PipelineFiles
internal import Pipelines
internal import SchedulerClient
internal import SystemSupport

/// `kilt pipeline backfill`.
struct PipelineBackfill: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backfill", abstract: "Run a pipeline on the scheduler for each day of a range.",
    discussion: """
      Sets the parameter of type date to each day, from the first to the last. Skips a day that has a run that \
      succeeded or is in progress with the same parameters. Continues after a run that failed.

      EXAMPLES
        kilt pipeline backfill pipelines/daily.yaml --stage prod \\
          --from 2024-02-01 --to 2024-02-29
        kilt pipeline backfill pipelines/daily.yaml --stage prod \\
          --from 2024-02-01 --to 2024-02-29 --parallel 3

      EXIT CODES
        0  every day has a run that succeeded
        1  a run failed
      """)

  @OptionGroup var global: GlobalOptions

  @Argument(help: ArgumentHelp("Pipeline file.", valueName: "file"))
  var file: String

  @Option(help: "Stage of the pipeline. Required.")
  var stage: String

  @Option(help: ArgumentHelp("First day.", valueName: "date"))
  var from: String

  @Option(help: ArgumentHelp("Last day.", valueName: "date"))
  var to: String

  @Option(help: ArgumentHelp("Parameter for the day. Default: the one of type date.", valueName: "name"))
  var day: String?

  @Option(help: ArgumentHelp("Value of a parameter. Repeatable.", valueName: "name=value"))
  var param: [String] = []

  @Option(
    name: .shortAndLong, help: ArgumentHelp("Number of runs in progress at a time.", valueName: "n"))
  var parallel = 1

  @Flag(help: "Run also the days that have a run that succeeded.")
  var again = false

  @Option(help: .cluster)
  var cluster: String?

  @Option(help: .reason)
  var reason: String?

  func validate() throws {
    if parallel < 1 { throw ValidationError("--parallel is a number from 1") }
  }

  func run() throws {
    let submission = try PipelineRequest(file, stage: stage, global)
    let name = try dayParameter(submission.definition)
    let days = try days()
    let session = try JobSession(global, cluster: cluster)
    session.explain(reason)
    let client = try session.client
    let located = try submission.located(session)
    let values = try days.map { day in
      (day, try submission.definition.parameterValues(param + ["\(name)=\(day)"]))
    }
    let known = again ? [] : try client.pipelineRuns().filter(isDone)
    var waiting = values.filter { entry in
      let isKnown = known.contains { $0["parameters"]?.object == entry.1 }
      if isKnown { global.note("· \(entry.0) skipped: it has a run") }
      return !isKnown
    }[...]
    var running: [(day: CivilDate, id: String)] = []
    var failed: [CivilDate] = []
    while !waiting.isEmpty || !running.isEmpty {
      while running.count < parallel, let (day, parameters) = waiting.popFirst() {
        let run = try PipelineRun(
          answer: try client.startPipeline(located.body(stage: stage, parameters: parameters)))
        running.append((day, run.id))
        global.note("· \(day) run \(run.id)")
      }
      pauseMilliseconds(1000)
      for entry in running {
        let run = try PipelineRun(answer: try client.pipelineRun(entry.id))
        guard run.status.isTerminal else { continue }
        running.removeAll { $0.id == entry.id }
        global.note("· \(entry.day) \(run.status.rawValue)")
        if run.status != .succeeded { failed.append(entry.day) }
      }
    }
    guard failed.isEmpty else {
      throw Diagnostic(
        .work, "\(failed.count) of \(days.count) days failed: \(failed.map(\.description).joined(separator: ", "))",
        remedies: ["run `kilt pipeline history \(submission.definition.name)` to find the runs, and retry them"])
    }
    Terminal.standardOutput.print("\(days.count) days are done")
  }

  /// Whether a run in a listing makes another one for its parameters needless.
  private func isDone(_ run: JSONValue) -> Bool {
    let status = run["status"]?.string.flatMap { PipelineRun.Status(rawValue: $0) }
    return run["stage"]?.string == stage && (status == .succeeded || status == .running)
  }

  private func dayParameter(_ definition: PipelineDefinition) throws -> String {
    let dates = definition.parameters.filter { $0.kind == .date }.map(\.name)
    if let day {
      if dates.contains(day) { return day }
    } else if dates.count == 1 {
      return dates[0]
    }
    throw Diagnostic(
      .input,
      day.map { "pipeline \"\(definition.name)\" has no parameter \"\($0)\" of type date" }
        ?? "pipeline \"\(definition.name)\" has \(dates.count) parameters of type date",
      notes: dates.isEmpty ? [] : ["parameters of type date: \(dates.joined(separator: ", "))"],
      remedies: [
        dates.isEmpty ? "add to the pipeline file: parameters: {day: {type: date}}" : "name one of them with --day"
      ])
  }

  private func days() throws -> [CivilDate] {
    func date(_ text: String, _ option: String) throws -> CivilDate {
      guard let date = CivilDate(text) else {
        throw Diagnostic(.input, "invalid date \"\(text)\" in \(option)", remedies: ["write it as 2024-02-29"])
      }
      return date
    }
    var day = try date(from, "--from")
    let last = try date(to, "--to")
    guard day <= last else { throw Diagnostic(.input, "--from \(day) is after --to \(last)") }
    var days: [CivilDate] = []
    while day <= last {
      days.append(day)
      day = day.next
      guard days.count <= 3660 else { throw Diagnostic(.input, "the range has more than 3,660 days") }
    }
    return days
  }
}
