internal import ArgumentParser
internal import JSON
internal import JobModel
internal import SchedulerClient
internal import SystemSupport

/// `kilt job status`.
struct JobStatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Show a job's instances: state, ports, health, restarts.",
    discussion: """
      EXAMPLES
        kilt job status jobs/fiddler.yaml --stage devel
        kilt job status devcluster/www-data/devel/fiddler --format json
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var job: JobOptions
  @OptionGroup var output: FormatOption

  func run() throws {
    let session = try JobSession(global, cluster: job.cluster)
    let status = try session.job(job)
    switch output.format {
    case .json: writeText(status.json.text(.pretty) + "\n", to: 1)
    case .text:
      Terminal.standardOutput.print("\(status.summary.key)\(status.summary.isEnding ? " (being killed)" : "")")
      for instance in status.instances { Terminal.standardOutput.print(line(instance)) }
    }
  }

  private func line(_ instance: InstanceStatus) -> String {
    let color =
      switch instance.status {
      case .running, .finished: "32"
      case .failed, .lost: "31"
      default: "33"
      }
    var parts = ["  \(instance.instance)", Terminal.standardOutput.paint(instance.status.rawValue, color)]
    parts += instance.ports.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    if let healthy = instance.isHealthy { parts.append(healthy ? "healthy" : "unhealthy") }
    if instance.restarts > 0 { parts.append("restarted \(instance.restarts) times") }
    if let message = instance.message { parts.append(message) }
    return parts.joined(separator: "  ")
  }
}
