internal import Glibc
public import SystemSupport

/// The check of control groups (cgroups(7)): which version, which controllers, and whether this user can create groups.
public enum ControlGroupCheck {
  /// The controllers that limit a task.
  static let wanted = ["cpu", "memory", "pids"]

  public static func run(_ host: HostFiles) throws(SystemCallError) -> Finding {
    if let controllers = try host.text("/sys/fs/cgroup/cgroup.controllers") {
      return try versionTwo(host, controllers: controllers)
    }
    let mounted = wanted.filter { FileSystem.exists(host.path("/sys/fs/cgroup/\($0)/tasks")) }
    return versionOne(host, mounted: mounted)
  }

  private static func versionTwo(_ host: HostFiles, controllers: String) throws(SystemCallError) -> Finding {
    let subject = "control groups"
    let present = Set(controllers.split(separator: " ").map(String.init))
    let missing = wanted.filter { !present.contains($0) }
    if !missing.isEmpty {
      return Finding(
        subject, .problem, "version 2, without the controllers \(missing.joined(separator: ", "))",
        remedies: ["enable them in the kernel's command line or in the container's settings"])
    }
    // The line "0::PATH" of proc_pid_cgroup(5) names the group of this process.
    let own = try host.text("/proc/self/cgroup")?.split(separator: "\n").first { $0.hasPrefix("0::") }
    let group = "/sys/fs/cgroup" + (own?.dropFirst(3) ?? "/")
    guard isWritable(host.path(group)) else { return notDelegated(subject, version: 2, group) }
    let delegated = Set(
      (try host.text(group + "/cgroup.controllers") ?? controllers).split(separator: " ").map(String.init))
    let withheld = wanted.filter { !delegated.contains($0) }
    guard withheld.isEmpty else {
      return Finding(
        subject, .warning,
        "version 2; the controllers \(withheld.joined(separator: ", ")) are not delegated to \"\(group)\"",
        remedies: ["set `Delegate=cpu memory pids` in the scheduler's systemd unit"])
    }
    return Finding(subject, .good, "version 2 with cpu, memory and pids; \"\(group)\" can be divided")
  }

  private static func versionOne(_ host: HostFiles, mounted: [String]) -> Finding {
    let subject = "control groups"
    let missing = wanted.filter { !mounted.contains($0) }
    guard missing.isEmpty else {
      return Finding(
        subject, mounted.isEmpty ? .problem : .warning,
        mounted.isEmpty ? "no control groups are mounted" : "version 1, without \(missing.joined(separator: ", "))",
        remedies: ["mount the controllers below /sys/fs/cgroup", "use a kernel with control groups version 2"])
    }
    if let locked = mounted.first(where: { !isWritable(host.path("/sys/fs/cgroup/\($0)")) }) {
      return notDelegated(subject, version: 1, "/sys/fs/cgroup/\(locked)")
    }
    return Finding(subject, .good, "version 1 with cpu, memory and pids; groups can be created")
  }

  private static func notDelegated(_ subject: String, version: Int, _ group: String) -> Finding {
    Finding(
      subject, .warning,
      "version \(version); this user cannot create groups in \"\(group)\", so that memory and processes are limited for "
        + "each process alone, and CPU is not limited",
      remedies: ["run the scheduler as root", "set `Delegate=yes` in the scheduler's systemd unit"])
  }

  private static func isWritable(_ path: FilePath) -> Bool {
    path.withPlatformString { faccessat(AT_FDCWD, $0, W_OK, AT_EACCESS) } == 0
  }
}
