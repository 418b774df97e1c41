internal import Diagnostics
internal import SchedulerCore
internal import SystemSupport

/// The time zone files of this host (tzdata), as cron schedules name them.
enum HostZones {
  /// Where systems keep them: `TZDIR`, and the usual directories.
  static let directories = [environmentVariable("TZDIR"), "/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/etc/zoneinfo"]

  static let zones = TimeZones { name in
    for case let directory? in directories {
      let path = FilePath(directory).appending(name)
      guard FileSystem.exists(path) else { continue }
      do {
        return try FileSystem.read(path)
      } catch {
        writeText("warning: the time zone file \"\(path)\" cannot be read: \(error)\n", to: 2)
      }
    }
    return nil
  }
}
