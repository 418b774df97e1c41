public import JobModel
public import Pipelines

/// The due times of a cron job: the five fields of crontab(5), or a name such as `@daily`, in a time zone.
///
/// Daylight changes neither double nor skip a run. A repeated local time is due the first time. A skipped local time is
/// due at the moment of the change; several of them are due once. A schedule with every hour (`*`) follows real time
/// instead: the repeated hour is two hours.
public struct CronSchedule: Sendable, Hashable {
  private let fields: CronFields
  private let zone: ZoneRules

  /// - Throws: when the schedule is not a crontab line, or the zone is not known.
  public init(_ cron: CronConfiguration, zones: TimeZones) throws(CronProblem) {
    fields = try CronFields(cron.schedule)
    guard let zone = zones.rules(cron.timeZone) else {
      throw CronProblem(
        description: "unknown time zone \"\(cron.timeZone)\": not a name of this host's time zone files, UTC, or an "
          + "offset such as +02:00")
    }
    self.zone = zone
  }

  /// The first due time after a moment; nil for a schedule that is never due, such as 30 February.
  public func next(after time: Timestamp) -> Timestamp? {
    let after = time.milliseconds.flooredQuotient(by: 1000)
    // A day earlier: a change can put a time of yesterday after now.
    let firstDay = (after + zone.offset(at: after)).flooredQuotient(by: 86_400) - 1
    var best: Int64?
    // The longest wait is for 29 February: eight years, around 2100.
    for day in firstDay...firstDay + 366 * 8 + 3 {
      // Due times of a day are at most three days from each other's order.
      if let best, day * 86_400 - 2 * 86_400 > best { break }
      guard fields.isDue(day: day), let due = first(of: day, after: after) else { continue }
      best = min(best ?? due, due)
    }
    return best.map { Timestamp(milliseconds: $0 * 1000) }
  }

  /// The local day of a moment.
  public func day(of time: Timestamp) -> CivilDate {
    let seconds = time.milliseconds.flooredQuotient(by: 1000)
    return CivilDate(daysSince1970: (seconds + zone.offset(at: seconds)).flooredQuotient(by: 86_400))
  }

  /// The next due times after a moment, at most `count` of them.
  public func next(_ count: Int, after time: Timestamp) -> [Timestamp] {
    var times: [Timestamp] = []
    var last = time
    while times.count < count, let due = next(after: last) {
      times.append(due)
      last = due
    }
    return times
  }

  /// The first due time of a local day that is after a moment.
  private func first(of day: Int64, after: Int64) -> Int64? {
    let start = day * 86_400
    // Without a change near the day, local times are an offset away.
    if !zone.changesOffset(from: start - 2 * 86_400, through: start + 3 * 86_400) {
      let offset = zone.offset(at: start)
      let local = after + offset - start
      if local >= 86_400 { return nil }
      for hour in fields.hours where Int64(hour) * 3600 + 3599 > local {
        for minute in fields.minutes where Int64(hour * 3600 + minute * 60) > local {
          return start + Int64(hour * 3600 + minute * 60) - offset
        }
      }
      return nil
    }
    var best: Int64?
    for hour in fields.hours {
      for minute in fields.minutes {
        for moment in moments(local: start + Int64(hour * 3600 + minute * 60)) where moment > after {
          best = min(best ?? moment, moment)
        }
      }
    }
    return best
  }

  private func moments(local: Int64) -> [Int64] {
    switch zone.moment(local: local) {
    case .once(let moment): [moment]
    case .twice(let first, let second): fields.isEveryHour ? [first, second] : [first]
    case .skipped(let change): fields.isEveryHour ? [] : [change]
    }
  }
}
