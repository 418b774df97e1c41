public import JobModel

/// How well a job is served, from the tasks that are remembered: Aurora's SLA figures.
public struct SlaFigures: Sendable, Hashable {
  /// The median time from pending to assigned, and from pending to running; nil without such tasks.
  public var timeToAssigned: Duration?
  public var timeToRunning: Duration?
  /// For each percentile the time that so many percent of the wanted instances have been up for at least.
  public var uptime: [Int: Duration]
  /// The share of wanted instances that run now, from 0 to 100.
  public var running: Double

  /// Aurora's percentiles.
  public static let percentiles = [50, 75, 90, 95, 99]
}

extension SchedulerState {
  /// The SLA figures of a job; nil when there is none of that key.
  public func slaFigures(of key: JobKey) -> SlaFigures? {
    guard let job = jobs[key] else { return nil }
    var assigned: [Duration] = []
    var running: [Duration] = []
    for task in history(of: key) {
      func first(_ status: TaskStatus) -> Timestamp? { task.events.first { $0.status == status }?.time }
      guard let pending = first(.pending) else { continue }
      if let time = first(.assigned) { assigned.append(time - pending) }
      if let time = first(.running) { running.append(time - pending) }
    }
    // An instance that does not run has been up for no time.
    let uptimes = job.desired.keys.map { instance -> Duration in
      guard let task = activeTask(of: InstanceKey(job: key, instance: instance)), task.status == .running else {
        return .zero
      }
      return time - task.since
    }
    .sorted(by: >)
    var uptime: [Int: Duration] = [:]
    for percentile in SlaFigures.percentiles where !uptimes.isEmpty {
      let count = (uptimes.count * percentile + 99) / 100
      uptime[percentile] = uptimes[max(0, count - 1)]
    }
    let up = uptimes.count { $0 > .zero }
    return SlaFigures(
      timeToAssigned: median(assigned), timeToRunning: median(running), uptime: uptime,
      running: uptimes.isEmpty ? 100 : Double(up) / Double(uptimes.count) * 100)
  }

  private func median(_ values: [Duration]) -> Duration? {
    values.isEmpty ? nil : values.sorted()[values.count / 2]
  }
}
