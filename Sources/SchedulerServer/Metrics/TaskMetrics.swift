internal import JobModel
internal import Observability
internal import SchedulerCore

/// The metrics of live tasks, each with the labels of its instance.
struct TaskMetrics {
  private var cpu = MetricFamily(MetricName.cpuSeconds, .counter, "Processor time of a task.")
  private var cpuLimit = MetricFamily(MetricName.cpuLimit, .gauge, "Processor cores that a task can use.")
  private var throttled = MetricFamily(
    MetricName.throttledSeconds, .counter, "Time that the CPU limit held a task's processes up.")
  private var memory = MetricFamily(MetricName.memory, .gauge, "Memory of a task's processes, without file cache.")
  private var memoryLimit = MetricFamily(MetricName.memoryLimit, .gauge, "Memory that a task can use.")
  private var memoryPeak = MetricFamily(
    MetricName.memoryHighWater, .gauge, "The most memory that a task has used at once, with file cache.")
  private var disk = MetricFamily(MetricName.disk, .gauge, "Disk space of a task's sandbox and logs.")
  private var diskLimit = MetricFamily(MetricName.diskLimit, .gauge, "Disk space that a task can use.")
  private var processes = MetricFamily(MetricName.processes, .gauge, "Processes and threads of a task.")
  private var processLimit = MetricFamily(
    MetricName.processLimit, .gauge, "Processes and threads that a task can have.")
  private var kills = MetricFamily(
    MetricName.outOfMemoryKills, .counter, "Processes of a task that the kernel killed at its memory limit.")
  private var restarts = MetricFamily(MetricName.restarts, .counter, "Tasks that an instance had before this one.")
  private var healthy = MetricFamily(MetricName.healthy, .gauge, "Whether the last health check succeeded.")
  private var healthFailures = MetricFamily(
    MetricName.healthFailures, .gauge, "Health checks that failed in a row.")
  private var running = MetricFamily(MetricName.running, .gauge, "Whether a task runs.")
  private var flapping = MetricFamily(
    MetricName.flapping, .gauge, "Whether the last runs of an instance were too short.")
  private var start = MetricFamily(MetricName.startTime, .gauge, "When a task was assigned.")
  private var state = MetricFamily("kilt_task_state", .gauge, "The state of a task: 1 for the state that it is in.")
  private var changes = MetricFamily(
    MetricName.stateChanges, .counter, "State changes of an instance's tasks since the scheduler started.")

  /// States that are reported from the beginning: a counter that appears with its first event hides that event.
  private static let counted: [TaskStatus] = [.running, .finished, .failed, .killed, .lost, .throttled, .restarting]

  mutating func add(_ task: TaskRecord, _ sample: ResourceSample?, _ counts: [TaskStatus: Int]) {
    let configuration = task.configuration
    let labels = MetricLabels(
      task.instanceKey, release: task.revision,
      commit: configuration.task.artifacts.lazy.compactMap(\.commit).first)
    let limits = configuration.task.resources
    if let sample {
      cpu.add(Self.seconds(sample.cpuTime), labels)
      throttled.add(sample.throttled.map(Self.seconds), labels)
      memory.add(Double(sample.memory), labels)
      memoryPeak.add(sample.memoryPeak.map(Double.init), labels)
      disk.add(Double(sample.disk), labels)
      processes.add(Double(sample.processes), labels)
      kills.add(sample.outOfMemoryKills.map(Double.init), labels)
    }
    if limits.milliCPU > 0 { cpuLimit.add(limits.cpu, labels) }
    if limits.ram > 0 { memoryLimit.add(Double(limits.ram), labels) }
    if limits.disk > 0 { diskLimit.add(Double(limits.disk), labels) }
    if limits.processes > 0 { processLimit.add(Double(limits.processes), labels) }
    restarts.add(Double(task.restarts), labels)
    if let health = task.health {
      healthy.add(health.healthy ? 1 : 0, labels)
      healthFailures.add(Double(health.consecutiveFailures), labels)
    }
    running.add(task.status == .running ? 1 : 0, labels)
    flapping.add(task.flaps > 1 ? 1 : 0, labels)
    start.add(task.assignedAt.map { Double($0.milliseconds) / 1000 }, labels)
    state.add(1, labels.adding("state", task.status.rawValue))
    for status in TaskStatus.allCases {
      guard let count = counts[status] ?? (Self.counted.contains(status) ? 0 : nil) else { continue }
      changes.add(Double(count), labels.adding("state", status.rawValue))
    }
  }

  var families: [MetricFamily] {
    [
      cpu, cpuLimit, throttled, memory, memoryLimit, memoryPeak, disk, diskLimit, processes, processLimit, kills,
      restarts, healthy, healthFailures, running, flapping, start, state, changes,
    ]
  }

  static func seconds(_ duration: Duration) -> Double { Double(duration.milliseconds) / 1000 }
}
