/// A task's directories in the separate hierarchies of cgroup version 1.
struct ControlGroupV1: ControlGroup {
  /// The directory of each mounted controller; two controllers can share one.
  let byController: [String: String]

  /// The group beside them in the hierarchy of version 2: it has no controllers, and guards the ports.
  let unified: String?

  var directories: [String] { Set(byController.values).union([unified].compactMap { $0 }).sorted() }
  /// By `tasks` a thread moves alone; by `cgroup.procs` the kernel stops all forks of the machine for a moment, in each
  /// hierarchy again.
  var memberFiles: [String] { Set(byController.values).sorted().map { $0 + "/tasks" } }
  var startGroup: String? { unified }

  /// Creates the group below `parents` (a directory a controller) and sets the limits.
  init(
    name: String, parents: [String: String], unified: String?, limits: ControlGroupLimits
  ) throws(ExecutorError) {
    self.unified = unified
    var made: [String: String] = [:]
    for (controller, parent) in parents {
      let directory = parent + "/" + name
      try ControlGroups.makeDirectory(directory)
      made[controller] = directory
    }
    byController = made
    if let memory = made["memory"], limits.memory > 0 {
      try SmallFile.write("\(limits.memory)", to: memory + "/memory.limit_in_bytes")
      // Swap would only delay the end. The file is missing where the kernel does not account swap.
      let swap = memory + "/memory.memsw.limit_in_bytes"
      if SmallFile.exists(swap) { try SmallFile.write("\(limits.memory)", to: swap) }
    }
    if let cpu = made["cpu"], limits.milliCPU > 0 {
      try SmallFile.write("\(max(limits.milliCPU * 1024 / 1000, 2))", to: cpu + "/cpu.shares")
    }
    if let pids = made["pids"], limits.processes > 0 {
      try SmallFile.write("\(limits.processes)", to: pids + "/pids.max")
    }
  }

  func limitCPU(_ limits: ControlGroupLimits) throws(ExecutorError) {
    guard let cpu = byController["cpu"], limits.milliCPU > 0 else { return }
    try SmallFile.write("\(ControlGroupLimits.period)", to: cpu + "/cpu.cfs_period_us")
    try SmallFile.write("\(limits.quota)", to: cpu + "/cpu.cfs_quota_us")
  }

  func members() throws(ExecutorError) -> [Int32] {
    try ControlGroups.members(of: directories.map { $0 + "/cgroup.procs" })
  }

  func outOfMemoryKills() -> Int {
    guard let memory = byController["memory"] else { return 0 }
    return SmallFile.table(memory + "/memory.oom_control")["oom_kill"] ?? 0
  }

  func refusedForks() -> Int {
    byController["pids"].flatMap { SmallFile.table($0 + "/pids.events")["max"] } ?? 0
  }

  func usage() -> ControlGroupUsage? {
    guard let memory = byController["memory"], let cpu = byController["cpuacct"],
      let nanoseconds = SmallFile.number(cpu + "/cpuacct.usage")
    else { return nil }
    let bytes = SmallFile.table(memory + "/memory.stat")["total_rss"] ?? 0
    return ControlGroupUsage(cpu: .nanoseconds(Int64(nanoseconds)), memory: bytes)
  }

  func pressure() -> ControlGroupPressure {
    ControlGroupPressure(
      throttled: byController["cpu"].flatMap { SmallFile.table($0 + "/cpu.stat")["throttled_time"] }
        .map { .nanoseconds(Int64($0)) },
      memoryPeak: byController["memory"].flatMap { SmallFile.number($0 + "/memory.max_usage_in_bytes") })
  }

  func processCount() -> Int? { byController["pids"].flatMap { SmallFile.number($0 + "/pids.current") } }
}
