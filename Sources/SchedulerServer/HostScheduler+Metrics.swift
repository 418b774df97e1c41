internal import Artifacts
internal import JSON
internal import JobModel
internal import SchedulerCore
internal import SchedulerStore

// What monitoring reads, and what describes the cluster.
extension HostScheduler {
  /// In the text form of Prometheus (exposition format 0.0.4).
  func metrics() -> String {
    var lines = [
      "# HELP kilt_jobs Jobs of the cluster.", "# TYPE kilt_jobs gauge", "kilt_jobs \(store.state.jobs.count)",
      "# HELP kilt_tasks Remembered tasks by state.", "# TYPE kilt_tasks gauge",
    ]
    let counts = Dictionary(store.state.tasks.values.map { ($0.status, 1) }, uniquingKeysWith: +)
    for status in TaskStatus.allCases {
      lines.append("kilt_tasks{state=\"\(status.rawValue)\"} \(counts[status] ?? 0)")
    }
    lines += [
      "# HELP kilt_task_cpu_seconds_total Processor time of live tasks.", "# TYPE kilt_task_cpu_seconds_total counter",
      "# HELP kilt_task_memory_bytes Memory of live tasks.", "# TYPE kilt_task_memory_bytes gauge",
    ]
    for task in store.state.activeTasks {
      guard let sample = resourceSamples[task.id] else { continue }
      // Parts of a key are identifiers: nothing in them needs escaping.
      let labels =
        "{cluster=\"\(task.job.cluster)\",role=\"\(task.job.role)\",stage=\"\(task.job.stage)\","
        + "job=\"\(task.job.name)\",instance=\"\(task.instance)\"}"
      let cpu = Double(sample.cpuTime.milliseconds) / 1000
      lines.append("kilt_task_cpu_seconds_total\(labels) \(cpu)")
      lines.append("kilt_task_memory_bytes\(labels) \(sample.memory)")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  var clusterDescription: JSONValue {
    [
      "name": .string(options.cluster), "platform": .string(HostPlatform.current.text),
      "repository": options.repository.map { .string($0) } ?? .null,
    ]
  }
}
