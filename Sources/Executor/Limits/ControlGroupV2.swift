/// A task's directory in the unified hierarchy of cgroup version 2.
struct ControlGroupV2: ControlGroup {
  let directory: String

  var directories: [String] { [directory] }
  var unified: String? { directory }
  var memberFiles: [String] { [directory + "/cgroup.procs"] }
  var startGroup: String? { nil }

  /// Creates the group below `parent`, whose controllers are already switched on for its children.
  init(name: String, parent: String, limits: ControlGroupLimits) throws(ExecutorError) {
    directory = parent + "/" + name
    try ControlGroups.makeDirectory(directory)
    if limits.memory > 0 {
      try SmallFile.write("\(limits.memory)", to: directory + "/memory.max")
      let swap = directory + "/memory.swap.max"
      if SmallFile.exists(swap) { try SmallFile.write("0", to: swap) }
    }
    if limits.milliCPU > 0 {
      // cpu.weight goes from 1 to 10000 with 100 as the default: one core.
      try SmallFile.write("\(min(max(limits.milliCPU / 10, 1), 10_000))", to: directory + "/cpu.weight")
    }
    if limits.processes > 0 { try SmallFile.write("\(limits.processes)", to: directory + "/pids.max") }
  }

  func limitCPU(_ limits: ControlGroupLimits) throws(ExecutorError) {
    guard limits.milliCPU > 0 else { return }
    try SmallFile.write("\(limits.quota) \(ControlGroupLimits.period)", to: directory + "/cpu.max")
  }

  func members() throws(ExecutorError) -> [Int32] { try ControlGroups.members(of: memberFiles) }

  func outOfMemoryKills() -> Int { SmallFile.table(directory + "/memory.events")["oom_kill"] ?? 0 }

  func refusedForks() -> Int { SmallFile.table(directory + "/pids.events")["max"] ?? 0 }

  func usage() -> ControlGroupUsage? {
    guard let microseconds = SmallFile.table(directory + "/cpu.stat")["usage_usec"] else { return nil }
    let bytes = SmallFile.table(directory + "/memory.stat")["anon"] ?? 0
    return ControlGroupUsage(cpu: .microseconds(Int64(microseconds)), memory: bytes)
  }

  /// `memory.peak` is there since Linux 5.19.
  func pressure() -> ControlGroupPressure {
    ControlGroupPressure(
      throttled: SmallFile.table(directory + "/cpu.stat")["throttled_usec"].map { .microseconds(Int64($0)) },
      memoryPeak: SmallFile.number(directory + "/memory.peak"))
  }

  func processCount() -> Int? { SmallFile.number(directory + "/pids.current") }
}
