public import JobModel

extension SchedulerState {
  /// The SLA figures of a job at a time, which can be later than the last event; nil if there is no job of that key.
  public func slaFigures(of key: JobKey, at time: Timestamp) -> SlaFigures? {
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
      return max(.zero, time - task.since)
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
