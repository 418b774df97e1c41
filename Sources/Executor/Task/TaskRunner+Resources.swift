import Glibc
import JobModel

/// The progress of sampling a task's resource use.
struct Sampling {
  /// The time of the next sample; nil while a walk over the disk runs.
  var next: Duration?
  var disk = 0
  /// The last sample, and how many before it said the same.
  var last: ResourceSample?
  var unchanged = 0
  /// The last sample has been recorded.
  var isDone = false
  /// Without a control group, CPU time of ended processes is lost; the highest sum seen replaces it.
  var cpu = Duration.zero
  /// The most memory that was seen.
  var memoryPeak = 0
}

extension TaskRunner {
  /// How long a task that starts may use more than its share of CPU: shell, loader and sandbox are no work of its own.
  static let startAllowance = Duration.milliseconds(100)

  /// Sets the CPU quota when the task has started.
  func limitCPU(at now: Duration) {
    guard let due = quotaDue, now >= due, let group else { return }
    quotaDue = nil
    do throws(ExecutorError) {
      try group.limitCPU(ControlGroupLimits(task.resources))
    } catch {
      stop(.failed(reason: "its CPU cannot be limited: \(Self.text(error))"), from: .quit)
    }
  }

  /// Takes a sample if one is due, and compares it with the disk limit.
  func sample(at now: Duration) {
    checkOutOfMemory()
    guard let next = sampling.next, now >= next else { return }
    if let usage = volume?.usage() { return sampled(disk: usage.bytes, isFull: usage.isFull) }
    sampling.next = nil
    let trees = [paths.sandbox, paths.temporary, paths.logs]
    do throws(ExecutorError) {
      try background.start(
        {
          var usage = DiskUsage()
          for tree in trees { usage.add(tree) }
          return .bytes(usage.bytes)
        },
        receive: { [unowned self] result in
          if case .bytes(let bytes) = result { sampled(disk: bytes) }
        })
    } catch {
      sampling.next = now + options.sampleInterval
    }
  }

  private func sampled(disk: Int, isFull: Bool = false) {
    sampling.next = Monotonic.now() + options.sampleInterval
    sampling.disk = disk
    markDirectLogs()
    guard phase == .active else { return }
    let sample = currentSample()
    // Samples of an idle task contain nothing new: an occasional record shows that it was checked.
    sampling.unchanged = sample == sampling.last ? sampling.unchanged + 1 : 0
    if sampling.unchanged % 30 == 0 { checkpoint.append(.resources(sample)) }
    sampling.last = sample
    let limit = task.resources.disk
    if limit > 0, disk > limit || isFull {
      let reason = "Disk limit exceeded. Reserved \(Self.bytes(limit)), used \(Self.bytes(disk))."
      stop(.failed(reason: reason), from: .quit)
    }
  }

  /// The kind of disk limit of the task, for its record.
  var diskText: String {
    if let volume { return volume.text }
    guard task.resources.disk > 0 else { return "disk: no limit" }
    return "disk: \(Self.bytes(task.resources.disk)), sampled every \(options.sampleInterval)"
  }

  /// Gives up the task's own file system; its contents stay readable.
  func settleDisk() {
    guard volume != nil else { return }
    volume = nil
    do throws(ExecutorError) {
      try TaskVolume.settle(paths)
    } catch {
      // It stays mounted, and readable, until the directory is removed.
      lastProblem = Self.text(error)
    }
  }

  private func currentSample() -> ResourceSample {
    if let group, let usage = group.usage(), let count = group.processCount() {
      let pressure = group.pressure()
      sampling.memoryPeak = max(sampling.memoryPeak, usage.memory, pressure.memoryPeak ?? 0)
      return ResourceSample(
        cpuTime: usage.cpu, memory: usage.memory, disk: sampling.disk, processes: count,
        throttled: pressure.throttled, memoryPeak: sampling.memoryPeak, outOfMemoryKills: group.outOfMemoryKills())
    }
    // Only without a group: reads every process of the machine.
    let members = ProcessTree.current().descendants(of: getpid())
    let ticks = members.reduce(0) { $0 + $1.cpuTicks }
    sampling.cpu = max(sampling.cpu, .milliseconds(Int64(ticks) * 1000 / Int64(max(sysconf(Int32(_SC_CLK_TCK)), 1))))
    let pages = members.reduce(0) { $0 + $1.residentPages }
    let memory = pages * sysconf(Int32(_SC_PAGESIZE))
    sampling.memoryPeak = max(sampling.memoryPeak, memory)
    return ResourceSample(
      cpuTime: sampling.cpu, memory: memory, disk: sampling.disk, processes: members.count,
      memoryPeak: sampling.memoryPeak)
  }

  /// The total resource use of the task, while its group still exists.
  func recordLastSample() {
    guard sandbox != nil, !sampling.isDone else { return }
    sampling.isDone = true
    checkpoint.append(.resources(currentSample()))
  }

  /// Any process killed for memory ends the task: the remaining ones are not the requested task.
  func checkOutOfMemory() {
    guard phase == .active || isStoppingForOwnFailure, let group, group.outOfMemoryKills() > 0 else { return }
    let reason = "killed: out of memory, limit \(Self.bytes(task.resources.ram))"
    if phase == .active { stop(.failed(reason: reason), from: .kill) } else { ending = .failed(reason: reason) }
  }

  /// Whether the task ends by a failure that the kernel's kill can have caused.
  private var isStoppingForOwnFailure: Bool {
    if case .stopping = phase, case .failed = ending { true } else { false }
  }

  /// A number of bytes as people write limits: in the largest unit that leaves it whole, or to a tenth.
  static func bytes(_ count: Int) -> String {
    for (unit, size) in [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)] where count >= size {
      if count % size == 0 { return "\(count / size) \(unit)" }
      let tenths = (count * 10 + size / 2) / size
      return "\(tenths / 10).\(tenths % 10) \(unit)"
    }
    return "\(count) bytes"
  }
}
