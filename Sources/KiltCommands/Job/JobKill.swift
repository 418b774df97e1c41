internal import ArgumentParser
internal import JSON
internal import JobModel
internal import SchedulerClient
internal import SystemSupport

/// `kilt job kill`.
struct JobKill: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kill", abstract: "End a job, or some of its instances.",
    discussion: """
      Ends tasks gracefully, and waits until no task remains. If all instances are killed, the scheduler removes the \
      job with its releases. A key is enough: you need no job file.

      EXAMPLES
        kilt job kill devcluster/www-data/devel/fiddler
        kilt job kill devcluster/www-data/devel/fiddler/1,3
        kilt job kill jobs/fiddler.yaml --stage devel --no-wait
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var job: JobOptions
  @OptionGroup var instances: InstanceOptions
  @OptionGroup var change: ChangeOptions
  @OptionGroup var output: FormatOption

  func run() throws {
    let session = try JobSession(global, job)
    session.explain(change.reason)
    let reference = try session.reference(job)
    let (key, numbers) = (reference.key, try instances.instances(reference))
    let what = numbers.isEmpty ? "\(key)" : "instance \(PlanReport.ranges(numbers)) of \(key)"
    let running = try session.job(key).instances.filter { numbers.isEmpty || numbers.contains($0.instance) }
    global.note("kill \(what): \(running.count { !$0.status.isTerminal }) tasks")
    if change.dryRun { return }
    try change.confirm("Carry this out?")
    try session.client.kill(key, instances: numbers)
    if change.wait {
      try InstanceMonitor(session, key).wait(
        seconds: change.timeout, missing: "not everything of \(key) has ended"
      ) { job in
        guard let job else { return true }
        let killed = job.instances.filter { numbers.isEmpty || numbers.contains($0.instance) }
        return !job.summary.isEnding && killed.allSatisfy(\.status.isTerminal)
      }
    }
    switch output.format {
    case .json:
      let answer: JSONValue = [
        "key": .string(key.description), "instances": .array(numbers.map { .int(Int64($0)) }),
        "ended": .bool(change.wait),
      ]
      writeText(answer.text(.pretty) + "\n", to: 1)
    case .text: Terminal.standardOutput.print("\(change.wait ? "killed" : "killing") \(what)")
    }
  }
}
