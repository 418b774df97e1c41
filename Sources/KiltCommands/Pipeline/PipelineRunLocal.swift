internal import ArgumentParser
internal import Diagnostics
internal import JSON
internal import JobModel
internal import LocalPipelines
internal import PipelineFiles
internal import Pipelines
internal import SystemSupport

/// `kilt pipeline run-local`.
struct PipelineRunLocal: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run-local", abstract: "Run a pipeline here, without a scheduler.",
    discussion: """
      Steps get the same environment, files, retries and timeouts as under a scheduler. Builds the bundle from the \
      current files. Does not limit CPU and memory.

      The state of the run survives the command. After a failure, or when the command was killed, \
      `kilt pipeline retry` runs only the steps that did not succeed.

      Ctrl-C cancels the run; a second Ctrl-C kills its processes.

      EXAMPLES
        kilt pipeline run-local pipelines/pageviews.yaml
        kilt pipeline run-local pipelines/pageviews.yaml --param day=2024-02-29
        # with the outputs that an earlier run has of the steps before it
        kilt pipeline run-local pipelines/pageviews.yaml --from join

      EXIT CODES
        0  every step succeeded
        1  a step failed, or the run was cancelled
      """)

  @OptionGroup var global: GlobalOptions

  @Argument(help: ArgumentHelp("Pipeline file.", valueName: "file"))
  var file: String

  @Option(help: "Stage of the pipeline file. Default: what all stages share.")
  var stage: String?

  @OptionGroup var choice: PipelineChoice
  @OptionGroup var running: PipelineRunningOptions

  func run() throws {
    let definition = try PipelineFile.load(file, global).definition(stage: stage)
    let values = try definition.parameterValues(choice.param)
    let session = try running.state.session(global)
    let now = Timestamp(milliseconds: wallClockNanoseconds() / 1_000_000)
    var run = PipelineRun(
      id: PipelineRun.newName(of: definition.name, at: now), definition: definition, stage: stage, parameters: values,
      user: JobOwner.current, createdAt: now)
    if let name = choice.from ?? choice.only {
      let step = try run.position(ofStep: name)
      let earlier = try session.store.runs(of: definition.name, limit: 100)
      if let missing = run.select(step, withFollowers: choice.from != nil, outputsFrom: earlier) {
        throw Diagnostic(
          .input, "no earlier run has the output of step \"\(missing)\", which \"\(name)\" needs",
          notes: ["only runs with the same parameters count"], remedies: ["run the whole pipeline once"])
      }
    }
    let artifact = try running.artifact(of: definition, global)
    try session.store.insert(run)
    try running.carryOut(run, session, artifact, global)
  }
}

/// What `run-local` and `retry` share.
struct PipelineRunningOptions: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Number of attempts to run in parallel. Default: number of processors.", valueName: "n"))
  var parallel: Int?

  @OptionGroup var state: PipelineStateOptions

  func validate() throws {
    if let parallel, parallel < 1 { throw ValidationError("--parallel is a number from 1") }
  }

  /// The bundle that the steps find in `KILT_ARTIFACT`.
  func artifact(of definition: PipelineDefinition, _ global: GlobalOptions) throws -> FilePath? {
    guard let name = definition.artifact else { return nil }
    return try LocalArtifacts(global, repository: state.directory(global).appending("repository")).bundle(name)
  }

  /// Runs to the end, and shows how it goes.
  func carryOut(
    _ run: PipelineRun, _ session: PipelineStateSession, _ artifact: FilePath?, _ global: GlobalOptions
  ) throws {
    var run = run
    run.limit = parallel ?? availableProcessors()
    global.note("run \(run.id)")
    let report = PipelineReport(session, global)
    let runner = try LocalRunner(
      run, store: session.store, state: session.directory, artifact: artifact, show: report.show)
    try runner.runToEnd()
    try runner.run.reportEnd()
  }
}
