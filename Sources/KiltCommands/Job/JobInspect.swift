internal import ArgumentParser
internal import JSON
internal import JobFiles
internal import JobModel
internal import SystemSupport

/// `kilt job inspect`.
struct JobInspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Print the job configuration of a job file as JSON.",
    discussion: """
      Does not contact the scheduler. A job file needs --stage. An Aurora file names role and environment itself; if \
      it has several jobs, name one with --job.

      Variables of the host, such as {{mesos.instance}}, stay unchanged.

      EXAMPLES
        kilt job inspect jobs/fiddler.yaml --stage prod
        kilt job inspect hello.aurora
        kilt job inspect http.aurora --job http_example --bind profile.cmd=true
      """)

  @OptionGroup var global: GlobalOptions

  @Argument(help: ArgumentHelp("Job file such as jobs/fiddler.yaml, or Aurora file.", valueName: "file"))
  var file: String

  @Option(help: .stage)
  var stage: String?

  @Option(help: .jobCluster)
  var cluster: String?

  @OptionGroup var selection: JobSelection

  func run() throws {
    let files = try JobFileSet(global, cluster: cluster)
    let request = JobRequest(
      path: try files.path(file), stage: stage, job: selection.job, bindings: try selection.bindings())
    let configuration = try files.loader.load(request, artifacts: nil)
    writeText(configuration.json.text(.pretty) + "\n", to: 1)
  }
}
