internal import Diagnostics
internal import JobModel
internal import SchedulerClient
internal import SystemSupport

/// Follows the instances of a job until they are as wanted: a line for each change, and one line at the bottom of a
/// terminal.
struct InstanceMonitor {
  let session: JobSession
  let key: JobKey
  private let line: ProgressLine

  init(_ session: JobSession, _ key: JobKey) {
    self.session = session
    self.key = key
    line = ProgressLine(.standardError, isQuiet: session.global.quiet)
  }

  /// The time that the same tasks must run before a job without health checks counts as running, in nanoseconds: a
  /// program that cannot start ends at once.
  private static let settling: UInt64 = 2_000_000_000

  /// Waits until every instance runs and is healthy; instances of a job that is not a service can have finished.
  ///
  /// - Throws: `Diagnostic` as soon as an instance has failed for good or fails repeatedly, with the reason.
  func waitUntilRunning(instances: Int, seconds: Int) throws {
    var settling = Settling()
    try wait(seconds: seconds, missing: "not all instances of \(key) run") { job in
      guard let job else { throw Diagnostic(.work, "job \(key) was killed meanwhile") }
      if let broken = job.instances.first(where: { $0.isFlapping || $0.status == .throttled }) {
        throw try failure("instance \(broken.instance) of \(key) fails repeatedly", broken)
      }
      if !job.summary.isService, let failed = job.instances.first(where: { $0.status == .failed }) {
        throw try failure("instance \(failed.instance) of \(key) failed", failed)
      }
      let isRunning =
        job.instances.count == instances
        && job.instances.allSatisfy { $0.status == .running || $0.status == .finished }
      return settling.isOver(isRunning, of: job)
    }
  }

  /// Since when the same tasks run.
  private struct Settling {
    private var tasks: Set<TaskID> = []
    private var since: UInt64 = 0

    mutating func isOver(_ isRunning: Bool, of job: JobStatus) -> Bool {
      let tasks = isRunning ? Set(job.instances.map(\.taskID)) : []
      if tasks != self.tasks {
        self.tasks = tasks
        since = monotonicNanoseconds()
      }
      let needsTime = job.configuration.healthCheck == nil && job.instances.contains { $0.status == .running }
      return isRunning && (!needsTime || monotonicNanoseconds() - since >= InstanceMonitor.settling)
    }
  }

  /// Waits until the tasks of a run have finished.
  ///
  /// - Parameter former: tasks of earlier runs.
  func waitUntilFinished(instances: Int, not former: Set<TaskID>, seconds: Int) throws {
    try wait(seconds: seconds, missing: "the run of \(key) has not ended") { job in
      guard let job else { throw Diagnostic(.work, "job \(key) was killed meanwhile") }
      let own = job.instances.filter { !former.contains($0.taskID) }
      if let failed = own.first(where: { [.failed, .killed, .lost].contains($0.status) || $0.status == .throttled }) {
        throw try failure("instance \(failed.instance) of \(key) \(failed.status.rawValue.lowercased())", failed)
      }
      return own.count >= instances && own.allSatisfy { $0.status == .finished }
    }
  }

  /// Waits until other tasks than these run in their instances.
  func waitUntilRestarted(_ former: [InstanceStatus], seconds: Int) throws {
    var settling = Settling()
    try wait(seconds: seconds, missing: "not all instances of \(key) run again") { job in
      guard let job else { throw Diagnostic(.work, "job \(key) was killed meanwhile") }
      if let broken = job.instances.first(where: { $0.isFlapping || $0.status == .throttled }) {
        throw try failure("instance \(broken.instance) of \(key) fails repeatedly", broken)
      }
      let isRunning = former.allSatisfy { old in
        job.instances.contains {
          $0.instance == old.instance && $0.taskID != old.taskID && ($0.status == .running || $0.status == .finished)
        }
      }
      return settling.isOver(isRunning, of: job)
    }
  }

  /// Requests the job repeatedly until `isDone` returns true.
  ///
  /// - Throws: `Diagnostic` if it takes longer than `seconds`, with the states of the instances.
  func wait(seconds: Int, missing: String, until isDone: (JobStatus?) throws -> Bool) throws {
    defer { line.finish() }
    let deadline = monotonicNanoseconds() + UInt64(seconds) * 1_000_000_000
    var shown: [Int: String] = [:]
    var states: [String] = []
    while true {
      do {
        let job = try session.client.job(key)
        if let job { show(job, &shown) }
        if try isDone(job) { return }
        states = job?.instances.map { "instance \($0.instance): \(Self.text(of: $0))" } ?? []
      } catch let error as Diagnostic where error.blame == .environment {
        // The scheduler can be restarting just now.
        if monotonicNanoseconds() >= deadline { throw error }
        line.show("\(error.summary): trying again")
      }
      guard monotonicNanoseconds() < deadline else {
        throw Diagnostic(
          .work, "\(missing) after \(seconds) s", notes: states,
          remedies: ["run `kilt job status \(key)` to see why", "run `kilt job logs \(key)` to see their output"])
      }
      pauseMilliseconds(150)
    }
  }

  private func show(_ job: JobStatus, _ shown: inout [Int: String]) {
    for instance in job.instances {
      let text = Self.text(of: instance)
      guard shown[instance.instance] != text else { continue }
      shown[instance.instance] = text
      if !session.global.quiet { line.print("  instance \(instance.instance): \(text)\n") }
    }
    for gone in shown.keys.filter({ number in !job.instances.contains { $0.instance == number } }) { shown[gone] = nil }
    let counts = job.summary.counts.sorted { $0.key.rawValue < $1.key.rawValue }.map {
      "\($0.value) \($0.key.rawValue)"
    }
    line.show("\(key): \(counts.joined(separator: ", ")) of \(job.summary.instances)")
  }

  private static func text(of instance: InstanceStatus) -> String {
    var text = instance.status.rawValue
    if let healthy = instance.isHealthy, !instance.status.isTerminal { text += healthy ? ", healthy" : ", unhealthy" }
    if let message = instance.message { text += ", \(message)" }
    return text
  }

  private func failure(_ summary: String, _ instance: InstanceStatus) throws -> Diagnostic {
    let reports = try session.client.failures(of: key).filter { $0.instance == instance.instance }
    return Diagnostic(
      .work, summary, notes: reports.map { $0.lines.map(PlainText.line).joined(separator: "\n") },
      remedies: [
        "run `kilt job logs \(key) --instance \(instance.instance)` to see all output",
        "run `kilt job update` with the repaired job, or `kilt job kill \(key)`",
      ])
  }
}
