internal import ArgumentParser
internal import JobModel
internal import SchedulerClient

/// `kilt job restart`.
struct JobRestart: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restart", abstract: "Restart the instances of a job in batches, watching their health.",
    discussion: """
      Restarts as many instances at a time as an update of the job. Continues with the next batch when the restarted \
      instances are healthy. A key is enough: you need no job file.

      EXAMPLES
        kilt job restart devcluster/www-data/prod/fiddler
        kilt job restart devcluster/www-data/prod/fiddler/0-2
        kilt job restart jobs/fiddler.yaml --stage devel --instance 0 --at-once
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var job: JobOptions
  @OptionGroup var instances: InstanceOptions
  @OptionGroup var change: ChangeOptions
  @OptionGroup var output: FormatOption

  @Flag(help: "Restart all instances at the same time, without regard to health.")
  var atOnce = false

  func run() throws {
    let session = try JobSession(global, job)
    session.explain(change.reason)
    let reference = try session.reference(job)
    let numbers = try instances.instances(reference)
    let status = try session.job(reference.key)
    let what = numbers.isEmpty ? "all \(status.instances.count) instances" : "instance \(PlanReport.ranges(numbers))"
    let batch = atOnce ? "at once" : "\(status.configuration.update.batchSize) at a time"
    session.global.note("restart \(reference.key): \(what), \(batch)")
    if change.dryRun { return }
    try change.confirm("Carry this out?")
    let receipt = try session.client.restart(reference.key, instances: numbers, atOnce: atOnce)
    let deployment = JobDeployment(session: session, change: change, format: output.format)
    if receipt.update == nil, change.wait {
      try InstanceMonitor(session, reference.key).waitUntilRestarted(
        status.instances.filter { numbers.isEmpty || numbers.contains($0.instance) }, seconds: change.timeout)
    }
    try deployment.finish(receipt, configuration: nil, verb: "restarted")
  }
}
