internal import ArgumentParser
internal import JSON
internal import JobModel
internal import SystemSupport

/// `kilt job inspect`.
struct JobInspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Show what a job file comes to for a stage, as JSON; asks no server.",
    discussion: """
      EXAMPLES
        kilt job inspect jobs/fiddler.yaml --stage prod
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var job: JobOptions

  func run() throws {
    let configuration = try JobSession(global, cluster: job.cluster).configuration(job, offline: true)
    writeText(configuration.json.text(.pretty) + "\n", to: 1)
  }
}
