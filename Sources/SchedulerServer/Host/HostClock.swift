internal import Glibc
internal import JobModel
internal import SchedulerCore
internal import SystemSupport

/// The readings of this host's clocks.
enum HostClock {
  /// The wall clock, and the time since the host was started, sleep included (`CLOCK_BOOTTIME`).
  static func reading() -> ClockReading {
    var time = timespec()
    clock_gettime(CLOCK_BOOTTIME, &time)
    return ClockReading(
      wall: HostScheduler.now(), steady: .milliseconds(Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000),
      boot: boot)
  }

  /// Identifies the start of the host (`/proc/sys/kernel/random/boot_id`, random(4)); without it, no two are the same.
  private static let boot: String = {
    do {
      return String(try FileSystem.readText("/proc/sys/kernel/random/boot_id").prefix { $0 != "\n" })
    } catch {
      return "\(getpid())-\(wallClockNanoseconds())"
    }
  }()
}
