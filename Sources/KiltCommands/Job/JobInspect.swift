internal import ArgumentParser
internal import JSON
internal import JobFiles
internal import JobModel
internal import SystemSupport

/// `kilt job inspect`.
struct JobInspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Show the job that a file describes, as JSON, without a server.",
    discussion: """
      A job file needs --stage. An Aurora file names role and environment itself; if it has several jobs, name one \
      with --job. Variables of the host, such as {{mesos.instance}}, stay as they are.

      EXAMPLES
        kilt job inspect jobs/fiddler.yaml --stage prod
        kilt job inspect hello.aurora
        kilt job inspect http.aurora --job http_example --bind profile.cmd=true
      """)

  @OptionGroup var global: GlobalOptions

  @Argument(help: ArgumentHelp("A job file such as jobs/fiddler.yaml, or an Aurora file.", valueName: "file"))
  var file: String

  @Option(help: "The stage of the job file. Required.")
  var stage: String?

  @Option(help: ArgumentHelp("The cluster. Default: the job file's, or the first of kilt.toml.", valueName: "name"))
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
