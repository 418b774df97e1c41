internal import Diagnostics
internal import SchedulerCore
internal import SystemSupport

/// The time zone files of this host, as cron schedules name them.
enum HostZones {
  static let zones = TimeZones { name in
    do {
      return try ZoneFiles.read(name)
    } catch {
      writeText(
        DiagnosticRenderer(color: isTerminal(2)).warning("cannot read the time zone file of \"\(name)\": \(error)"),
        to: 2)
      return nil
    }
  }
}
