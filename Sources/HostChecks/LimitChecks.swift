internal import CHostShims
internal import Glibc
public import SystemSupport

/// Checks of limits of this machine: open files, clock, ports, visibility of command lines.
public enum LimitChecks {
  /// Whether a scheduler can open enough files (getrlimit(2), `RLIMIT_NOFILE`). Kilt raises the soft limit itself.
  public static func openFiles(hardLimit: UInt64? = nil) -> Finding {
    let subject = "open files"
    var limit: UInt64 = 0
    guard kilt_open_files_limit(&limit) == 0 else {
      return Finding(
        subject, .warning, "cannot read the limit: \(Errno(rawValue: errno))", remedies: ["run `ulimit -Hn`"])
    }
    let hard = hardLimit ?? limit
    // A connection, a log, an event stream: one each.
    guard hard >= 4096 else {
      return Finding(
        subject, .warning, "at most \(hard) files; some 300 tasks with their readers need 4096",
        remedies: ["set `LimitNOFILE=65536` in the scheduler's systemd unit", "run `ulimit -Hn 65536` as root"])
    }
    return Finding(subject, .good, "up to \(hard)")
  }

  /// Whether the clock is synchronized (adjtimex(2)).
  ///
  /// - Parameter state: the return value of adjtimex(2) and its status bits; those of this machine by default.
  public static func clock(state: (result: Int32, status: Int32)? = nil) -> Finding {
    let subject = "clock"
    var ownStatus: Int32 = 0
    let ownResult = kilt_clock_state(&ownStatus)
    let (result, status) = state ?? (ownResult, ownStatus)
    if result < 0 {
      return Finding(
        subject, .warning, "cannot read the state of the clock: \(Errno(rawValue: errno))",
        remedies: ["run `timedatectl`"])
    }
    // TIME_ERROR is 5, STA_UNSYNC 0x0040.
    if result == 5 || status & 0x0040 != 0 {
      return Finding(
        subject, .warning, "no service synchronizes the clock; cron jobs and signatures of requests depend on it",
        remedies: [
          "install `chrony` or enable `systemd-timesyncd`", "ignore this in a container of a synchronized host",
        ])
    }
    return Finding(subject, .good, "synchronized")
  }

  /// Whether the kernel could give a task's port to a client's connection (ip(7), `ip_local_port_range`).
  public static func ports(_ host: HostFiles, range: ClosedRange<Int>) throws(SystemCallError) -> Finding {
    let subject = "ports"
    let text = "\(range.lowerBound) to \(range.upperBound)"
    let fields = (try host.text("/proc/sys/net/ipv4/ip_local_port_range") ?? "").split { $0 == " " || $0 == "\t" }
    let numbers = fields.compactMap { Int($0) }
    guard numbers.count == 2, numbers[0] <= numbers[1] else {
      return Finding(subject, .good, "tasks use \(text)")
    }
    let ephemeral = numbers[0]...numbers[1]
    guard range.overlaps(ephemeral) else { return Finding(subject, .good, "tasks use \(text), which only they use") }
    let reserved = try host.text("/proc/sys/net/ipv4/ip_local_reserved_ports") ?? ""
    if Self.covers(reserved, range.clamped(to: ephemeral)) {
      return Finding(subject, .good, "tasks use \(text), which the kernel reserves")
    }
    return Finding(
      subject, .warning,
      "tasks use \(text); the kernel also uses \(ephemeral.lowerBound) to \(ephemeral.upperBound) for outgoing connections",
      remedies: ["run `sysctl -w net.ipv4.ip_local_reserved_ports=\(range.lowerBound)-\(range.upperBound)`"])
  }

  /// Whether a scheduler of this user keeps tasks from the ports of other tasks: by a BPF program of a control group, or by
  /// Landlock from version 4 of its interface on.
  ///
  /// - Parameter landlockVersion: the version of landlock(7); that of this machine by default.
  public static func portGuard(
    _ host: HostFiles, isRoot: Bool, landlockVersion: Int32? = nil
  ) throws(SystemCallError) -> Finding {
    let subject = "ports of tasks"
    let open = "each task can take the ports of other tasks"
    let hasLandlock = landlockVersion ?? kilt_landlock_version() >= 4
    let byLandlock = Finding(subject, .good, "each task can take its own ports only; UDP is not limited")
    guard isRoot else {
      if hasLandlock { return byLandlock }
      return Finding(
        subject, .warning, "\(open): this user is not root, and the kernel has no Landlock",
        remedies: [
          "start the scheduler as root", "use Linux 6.7 or later with `landlock` among its security modules (`lsm=`)",
        ])
    }
    let mounts = (try host.text("/proc/self/mounts") ?? "").split(separator: "\n").map { $0.split(separator: " ") }
    guard mounts.contains(where: { $0.count > 2 && $0[2] == "cgroup2" }) else {
      if hasLandlock { return byLandlock }
      return Finding(
        subject, .warning, "\(open): no control groups of version 2 are mounted",
        remedies: ["run `mkdir -p /sys/fs/cgroup/unified && mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified`"])
    }
    return Finding(subject, .good, "each task can take its own ports only")
  }

  /// Whether users can read the command lines of others (proc(5), `hidepid`).
  public static func commandLines(_ host: HostFiles) throws(SystemCallError) -> Finding {
    let subject = "command lines"
    let mounts = try host.text("/proc/self/mounts") ?? ""
    let entries: [[Substring]] = mounts.split(separator: "\n").map { $0.split(separator: " ") }
    let proc = entries.last { entry in entry.count > 3 && entry[1] == "/proc" && entry[2] == "proc" }
    let options = proc.map { entry in entry[3].split(separator: ",").map(String.init) } ?? []
    let hiding: Set<String> = ["hidepid=1", "hidepid=2", "hidepid=invisible", "hidepid=noaccess"]
    let isHidden = !hiding.isDisjoint(with: options)
    if isHidden { return Finding(subject, .good, "users see only their own processes") }
    return Finding(
      subject, .warning, "every user of this machine can read the command lines of all processes",
      remedies: ["run `mount -o remount,hidepid=2 /proc`", "give secrets to tasks as files, never as arguments"])
  }

  /// Whether a list such as `100,31000-32000` holds every port of a range.
  static func covers(_ list: String, _ range: ClosedRange<Int>) -> Bool {
    var next = range.lowerBound
    let spans = list.split(separator: ",").compactMap { entry -> ClosedRange<Int>? in
      let ends = entry.split(separator: "-").compactMap { Int($0) }
      guard let first = ends.first, let last = ends.last, first <= last else { return nil }
      return first...last
    }
    for span in spans.sorted(by: { $0.lowerBound < $1.lowerBound }) where span.contains(next) {
      next = span.upperBound + 1
    }
    return next > range.upperBound
  }
}
