internal import ArgumentParser
internal import SchedulerClient

/// `kilt job restart`.
struct JobRestart: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restart", abstract: "Restart a job's instances, at once.",
    discussion: """
      EXAMPLES
        kilt job restart jobs/fiddler.yaml --stage devel --instance 0
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var job: JobOptions

  @Option(help: ArgumentHelp("An instance to restart; may be repeated. All by default.", valueName: "number"))
  var instance: [Int] = []

  func run() throws {
    let session = try JobSession(global, cluster: job.cluster)
    let key = try session.key(job)
    try session.client.restart(key, instances: instance)
    Terminal.standardOutput.print("restarting \(key)")
  }
}
