internal import ArgumentParser
internal import JobModel
internal import SchedulerClient

/// `kilt job kill`.
struct JobKill: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kill", abstract: "Kill a job, or some of its instances.",
    discussion: """
      Tasks are ended gracefully first. A job whose instances are all killed is forgotten.

      EXAMPLES
        kilt job kill jobs/fiddler.yaml --stage devel --wait
        kilt job kill jobs/fiddler.yaml --stage devel --instance 1 --instance 3
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var job: JobOptions

  @Option(help: ArgumentHelp("An instance to kill; may be repeated. All by default.", valueName: "number"))
  var instance: [Int] = []

  @Flag(help: "Return when they are gone.")
  var wait = false

  @Option(help: ArgumentHelp("How long to wait.", valueName: "seconds"))
  var timeout = 300

  func run() throws {
    let session = try JobSession(global, cluster: job.cluster)
    let key = try session.key(job)
    try session.client.kill(key, instances: instance)
    if wait {
      try session.wait(for: key, seconds: timeout, missing: "not everything of \(key) had ended") { job in
        guard let job else { return true }
        let killed = job.instances.filter { instance.isEmpty || instance.contains($0.instance) }
        return !job.summary.isEnding && killed.allSatisfy(\.status.isTerminal)
      }
    }
    let what = instance.isEmpty ? "\(key)" : "instances \(instance.map(String.init).joined(separator: ", ")) of \(key)"
    Terminal.standardOutput.print("\(wait ? "killed" : "killing") \(what)")
  }
}
