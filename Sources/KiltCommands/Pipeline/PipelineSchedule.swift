internal import ArgumentParser
internal import Diagnostics
internal import JSON
internal import JobModel
internal import PipelineFiles
internal import Pipelines
internal import SchedulerClient
internal import SystemSupport

/// `kilt pipeline schedule`.
struct PipelineSchedule: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schedule", abstract: "Let the scheduler start a pipeline by its schedule.",
    discussion: """
      The pipeline file says when runs are due, with `schedule`. A parameter of type date without a value gets the day \
      of each run, in the time zone of the schedule. Replaces an earlier schedule of the pipeline in this stage. Runs in \
      progress continue.

      EXAMPLES
        kilt pipeline schedule pipelines/daily.yaml --stage prod
        kilt pipeline schedule pipelines/daily.yaml --stage prod \\
          --param logs=/srv
      """)

  @OptionGroup var global: GlobalOptions

  @Argument(help: ArgumentHelp("Pipeline file.", valueName: "file"))
  var file: String

  @Option(help: "Stage of the pipeline. Required.")
  var stage: String

  @Option(help: ArgumentHelp("Value of a parameter. Repeatable.", valueName: "name=value"))
  var param: [String] = []

  @Option(help: .cluster)
  var cluster: String?

  @Option(help: .reason)
  var reason: String?

  func run() throws {
    let request = try PipelineRequest(file, stage: stage, global)
    guard request.definition.schedule != nil else {
      throw Diagnostic(
        .input, "pipeline \"\(request.definition.name)\" has no schedule",
        remedies: ["add to \"\(file)\": schedule: \"0 4 * * *\""])
    }
    let values = try request.definition.parameterValues(param, datesCanBeMissing: true)
    let session = try JobSession(global, cluster: cluster)
    session.explain(reason)
    let answer = try session.client.schedulePipeline(
      try request.located(session).body(stage: stage, parameters: values))
    Terminal.standardOutput.print(PipelineSchedules.line(answer))
  }
}

/// `kilt pipeline deschedule`.
struct PipelineDeschedule: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "deschedule", abstract: "Take a pipeline off the schedule.",
    discussion: """
      Runs in progress continue.

      EXAMPLES
        kilt pipeline deschedule www-data/prod/daily
      """)

  @OptionGroup var global: GlobalOptions

  @Argument(
    help: ArgumentHelp("Pipeline as `kilt pipeline schedules` lists it.", valueName: "role/stage/name"))
  var key: String

  @Option(help: .cluster)
  var cluster: String?

  @Option(help: .reason)
  var reason: String?

  func run() throws {
    let parts = key.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 3, parts.allSatisfy({ JobKey.isIdentifier($0) }) else {
      throw Diagnostic(
        .input, "invalid pipeline \"\(key)\"",
        remedies: ["write it as ROLE/STAGE/NAME", "run `kilt pipeline schedules` to list scheduled pipelines"])
    }
    let session = try JobSession(global, cluster: cluster)
    session.explain(reason)
    _ = try session.client.deschedulePipeline(role: parts[0], stage: parts[1], name: parts[2])
    Terminal.standardOutput.print("descheduled \(key)")
  }
}

/// `kilt pipeline schedules`.
struct PipelineSchedules: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schedules", abstract: "List scheduled pipelines and the times of their next runs.",
    discussion: """
      EXAMPLES
        kilt pipeline schedules
        kilt pipeline schedules --format json
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var output: FormatOption

  @Option(help: .cluster)
  var cluster: String?

  func run() throws {
    let schedules = try JobSession(global, cluster: cluster).client.pipelineSchedules()
    if output.format == .json { return writeText(JSONValue.array(schedules).text(.pretty) + "\n", to: 1) }
    for schedule in schedules { Terminal.standardOutput.print(Self.line(schedule)) }
  }

  static func line(_ schedule: JSONValue) -> String {
    let next = schedule["next_due"]?.int.map { "next \(Timestamp(milliseconds: $0))" } ?? "never due"
    let parameters =
      schedule["parameters"]?.object?.map { " \($0.name)=\(PlainText.line($0.value.parameterText))" } ?? []
    return [
      schedule["key"]?.string ?? "", schedule["schedule"]?["schedule"]?.string ?? "",
      schedule["schedule"]?["time_zone"]?.string ?? "", next,
    ].map { PlainText.line($0) }.joined(separator: "  ") + parameters.joined()
  }
}
