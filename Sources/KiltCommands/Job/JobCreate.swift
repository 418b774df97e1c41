internal import ArgumentParser
internal import Diagnostics
internal import JobModel
internal import SchedulerClient

/// `kilt job create`.
struct JobCreate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Create a job from its file and start its instances.",
    discussion: """
      The plan is shown before anything starts. Refused, with the reason: a stage that was not named, a commit that \
      is not published for the cluster's platform, and for the stage "prod" a commit that is not on the main branch.

      EXAMPLES
        kilt job create jobs/fiddler.yaml --stage devel
        kilt job create jobs/fiddler.yaml --stage devel --wait-until running
        kilt job create jobs/fiddler.yaml --stage prod --dry-run
      """)

  enum WaitState: String, ExpressibleByArgument, CaseIterable { case pending, running }

  @OptionGroup var global: GlobalOptions
  @OptionGroup var job: JobOptions

  @Option(help: ArgumentHelp("Run this commit instead of the job file's.", valueName: "commit"))
  var commit: String?

  @Option(help: "Return when all instances are in this state.")
  var waitUntil = WaitState.pending

  @Option(help: ArgumentHelp("How long to wait.", valueName: "seconds"))
  var timeout = 300

  @Flag(help: "Show the plan and do nothing.")
  var dryRun = false

  func run() throws {
    let session = try JobSession(global, cluster: job.cluster)
    let configuration = try session.configuration(job, commit: commit, offline: false)
    show(configuration)
    if dryRun { return }
    try session.client.create(configuration)
    if waitUntil == .running {
      try session.wait(
        for: configuration.key, seconds: timeout, missing: "not all instances of \(configuration.key) were running"
      ) { job in
        guard let job else { throw Diagnostic(.work, "job \(configuration.key) was killed meanwhile") }
        return job.instances.count == configuration.instances
          && job.instances.allSatisfy { $0.status == .running || $0.status == .finished }
      }
    }
    Terminal.standardOutput.print(
      "created \(configuration.key): \(configuration.instances) instances"
        + (waitUntil == .running ? " running" : ""))
  }

  private func show(_ configuration: JobConfiguration) {
    let resources = configuration.task.resources
    global.note("job        \(configuration.key)")
    for artifact in configuration.task.artifacts {
      global.note(
        "artifact   \(artifact.name)@\(artifact.version.prefix(12)) for \(artifact.platform ?? "any platform")")
    }
    global.note(
      "instances  \(configuration.instances), each \(resources.cpu) processors, \(resources.ram >> 20) MiB memory, "
        + "\(resources.disk >> 20) MiB disk")
    let ports = configuration.requiredPorts
    if !ports.isEmpty { global.note("ports      \(ports.joined(separator: ", "))") }
  }
}
