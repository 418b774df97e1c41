internal import ArgumentParser
internal import Diagnostics
internal import JSON
internal import PipelineFiles
internal import Pipelines
internal import SchedulerClient
internal import SystemSupport

/// `kilt pipeline run`.
struct PipelineRunVerb: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run a pipeline on the scheduler, and wait for its end.",
    discussion: """
      The scheduler runs each step as a job, and each partition as a task of it. The run uses one commit of the artifact \
      to its end.

      EXAMPLES
        kilt pipeline run pipelines/pageviews.yaml --stage prod
        kilt pipeline run pipelines/pageviews.yaml --stage prod --no-wait
        # with the outputs that an earlier run has of the steps before it
        kilt pipeline run pipelines/pageviews.yaml --stage prod --from join

      EXIT CODES
        0  every step succeeded
        1  a step failed, or the run was cancelled
      """)

  @OptionGroup var global: GlobalOptions

  @Argument(help: ArgumentHelp("Pipeline file.", valueName: "file"))
  var file: String

  @Option(help: "Stage of the pipeline. Required.")
  var stage: String

  @OptionGroup var choice: PipelineChoice

  @Option(help: .cluster)
  var cluster: String?

  @Option(help: .reason)
  var reason: String?

  @OptionGroup var waiting: PipelineWaiting

  func run() throws {
    let request = try PipelineRequest(file, stage: stage, global)
    let values = try request.definition.parameterValues(choice.param)
    let session = try JobSession(global, cluster: cluster)
    session.explain(reason)
    let body = try request.located(session).body(
      stage: stage, parameters: values, step: choice.from ?? choice.only, withFollowers: choice.from != nil)
    let run = try PipelineRun(answer: try session.client.startPipeline(body))
    Terminal.standardOutput.print("run \(run.id)")
    try waiting.finish(run, session.client, global)
  }
}

/// `--param`, `--from` and `--only`.
struct PipelineChoice: ParsableArguments {
  @Option(help: ArgumentHelp("Value of a parameter. Repeatable.", valueName: "name=value"))
  var param: [String] = []

  @Option(
    help: ArgumentHelp(
      "Run this step and the steps after it. Takes the other outputs from the last run that has them.",
      valueName: "step"))
  var from: String?

  @Option(
    help: ArgumentHelp(
      "Run this step only. Takes the other outputs from the last run that has them.", valueName: "step"))
  var only: String?

  func validate() throws {
    if from != nil, only != nil { throw ValidationError("use --from or --only, not both") }
  }
}

/// Waiting for the end of a run of the scheduler.
struct PipelineWaiting: ParsableArguments {
  @Flag(inversion: .prefixedNo, help: "Wait for the end of the run, and show its progress.")
  var wait = true

  /// Shows how the run goes to its end.
  func finish(_ run: PipelineRun, _ client: SchedulerClient, _ global: GlobalOptions) throws {
    guard wait else { return }
    var run = run
    var shown: [String: String] = [:]
    var reason: String?
    while true {
      for step in run.steps where step.status != .waiting && shown[step.name] != step.progressText {
        shown[step.name] = step.progressText
        global.note("· \(step.name) \(step.progressText)")
      }
      if run.status.isTerminal { break }
      pauseMilliseconds(1000)
      let answer = try client.pipelineRun(run.id)
      run = try PipelineRun(answer: answer)
      if answer["waits"]?.string != reason {
        reason = answer["waits"]?.string
        if let reason { global.note("· \(PlainText.line(reason))") }
      }
    }
    try run.reportEnd()
  }
}

extension PipelineRun {
  /// The last words on a run that has ended.
  func reportEnd() throws {
    writeText(PipelineDrawing(self).text, to: 1)
    if status == .succeeded { return Terminal.standardOutput.print("run \(id) succeeded") }
    let failed = steps.filter { $0.status == .failed }.map { "\"\($0.name)\"" }
    throw Diagnostic(
      .work,
      status == .cancelled ? "run \(id) was cancelled" : "run \(id) failed: step \(failed.joined(separator: ", "))",
      remedies: [
        "run `kilt pipeline status \(id)` to see every partition",
        "run `kilt pipeline retry \(id)` to run the failed steps again",
      ])
  }
}
