import Glibc
import JobModel

/// Where sampling what a task uses stands.
struct Sampling {
  /// When the next sample is taken; nil while the disk is being walked.
  var next: Duration?
  var disk = 0
  /// The last sample has been recorded.
  var isDone = false
  /// CPU time of processes that have ended is lost without a control group; the highest sum seen stands for it.
  var cpu = Duration.zero
}

extension TaskRunner {
  /// Takes a sample when it is time for one, and holds the disk limit against it.
  func sample(at now: Duration) {
    checkOutOfMemory()
    guard let next = sampling.next, now >= next else { return }
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

  private func sampled(disk: Int) {
    sampling.next = Monotonic.now() + options.sampleInterval
    sampling.disk = disk
    guard phase == .active else { return }
    checkpoint.append(.resources(currentSample()))
    let limit = task.resources.disk
    if limit > 0, disk > limit {
      let reason = "Disk limit exceeded. Reserved \(Self.bytes(limit)), used \(Self.bytes(disk))."
      stop(.failed(reason: reason), from: .quit)
    }
  }

  private func currentSample() -> ResourceSample {
    let members = ProcessTree.current().descendants(of: getpid())
    if let usage = group?.usage() {
      return ResourceSample(
        cpuTime: usage.cpu, memory: usage.memory, disk: sampling.disk,
        processes: group?.processCount() ?? members.count)
    }
    let ticks = members.reduce(0) { $0 + $1.cpuTicks }
    sampling.cpu = max(sampling.cpu, .milliseconds(Int64(ticks) * 1000 / Int64(max(sysconf(Int32(_SC_CLK_TCK)), 1))))
    let pages = members.reduce(0) { $0 + $1.residentPages }
    return ResourceSample(
      cpuTime: sampling.cpu, memory: pages * sysconf(Int32(_SC_PAGESIZE)), disk: sampling.disk,
      processes: members.count)
  }

  /// What the task has used in all, while its group still knows.
  func recordLastSample() {
    guard sandbox != nil, !sampling.isDone else { return }
    sampling.isDone = true
    checkpoint.append(.resources(currentSample()))
  }

  /// A process killed for memory means the task's end, whichever it was: what is left is not what was asked for.
  func checkOutOfMemory() {
    guard phase == .active || isStoppingForOwnFailure, let group, group.outOfMemoryKills() > 0 else { return }
    let reason = "killed: out of memory, limit \(Self.bytes(task.resources.ram))"
    if phase == .active { stop(.failed(reason: reason), from: .kill) } else { ending = .failed(reason: reason) }
  }

  /// Whether the task ends by a failure that the kernel's kill may have caused.
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
