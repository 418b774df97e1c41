import CSystemShims
import Glibc
import JobModel

/// The control group of one task: it holds the task's processes together, counts their resources, and limits them.
///
/// Version 1 has one directory per controller, version 2 one directory for all; see cgroups(7).
protocol ControlGroup {
  /// Files into which a process with one thread writes "0" to join, before it executes anything of the task.
  var memberFiles: [String] { get }
  /// A group without limits in which a run begins with its sandbox; nil if there is none beside the others.
  var startGroup: String? { get }
  /// The directories, for whoever has to clean up after an executor that was killed.
  var directories: [String] { get }
  /// The directory in the hierarchy of version 2, where there is one.
  var unified: String? { get }
  /// Sets the CPU quota. Not part of the group's creation: the start of a task must not wait for the task's share.
  func limitCPU(_ limits: ControlGroupLimits) throws(ExecutorError)
  /// Every process in the group.
  func members() throws(ExecutorError) -> [Int32]
  /// The number of processes that the kernel has killed here because the memory limit was reached.
  func outOfMemoryKills() -> Int
  /// The number of processes or threads that were refused because the limit on them was reached.
  func refusedForks() -> Int
  /// CPU time used so far, and bytes of memory that belong to processes (no file cache).
  func usage() -> ControlGroupUsage?
  /// The kernel's counters of a task's CPU and memory limits.
  func pressure() -> ControlGroupPressure
  /// The number of processes and threads, if the group counts them.
  func processCount() -> Int?
}

struct ControlGroupUsage: Hashable {
  var cpu: Duration
  var memory: Int
}

/// The use of a control group's limits; nil for values that the kernel does not count.
struct ControlGroupPressure: Hashable {
  /// The time for which the CPU quota delayed processes.
  var throttled: Duration?
  /// The most bytes that were charged at once, file cache included.
  var memoryPeak: Int?
}

extension ControlGroupLimits {
  /// The limits of a task's resources.
  init(_ resources: Resources) {
    self.init(milliCPU: resources.milliCPU, memory: resources.ram, processes: resources.processes)
  }
}

/// The limits of a task, in the kernel's form.
struct ControlGroupLimits: Hashable {
  /// CPU cores in thousandths, enforced over periods of 100 ms; zero or less means no limit.
  var milliCPU: Int
  /// Bytes; zero or less means no limit.
  var memory: Int
  /// Processes and threads; zero or less means no limit.
  var processes: Int

  /// The period of the CPU quota in microseconds, as Mesos has it.
  static let period = 100_000
  /// The quota in microseconds per period. The kernel accepts no less than 1 ms.
  var quota: Int { max(milliCPU * ControlGroupLimits.period / 1000, 1000) }
}

extension ControlGroup {
  /// Keeps the task from the ports of others: of the range from which ports are allotted, it binds only its own.
  func guardPorts(_ range: ClosedRange<Int>, own: [Int]) throws(ExecutorError) {
    guard let unified else { throw .system(call: "search", path: "/sys/fs/cgroup/unified", code: ENOENT) }
    let directory = try OwnedDescriptor.open(unified, O_RDONLY | O_DIRECTORY)
    let ports = own.filter { range.contains($0) }.map { UInt32($0) }
    guard
      kilt_guard_ports(directory.number, UInt32(range.lowerBound), UInt32(range.upperBound), ports, UInt32(ports.count))
        == 0
    else { throw .last("bpf", unified) }
  }

  /// Removes the directories, which must be empty of processes; false when some are left.
  func remove() -> Bool {
    var gone = true
    for directory in directories where !ControlGroups.removeDirectory(directory) { gone = false }
    return gone
  }
}
