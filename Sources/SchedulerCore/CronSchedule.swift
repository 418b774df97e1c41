public import JobModel

/// The five fields of crontab(5): minute, hour, day of month, month, day of week, in a fixed offset from UTC.
///
/// `*`, lists, ranges, steps, month and day names. As in crontab(5), when both day fields are restricted, a day that
/// matches either is due. Zones of the tz database need its rules, which come with the host; see `init(_:)`.
public struct CronSchedule: Sendable, Hashable {
  private var minutes: Set<Int>
  private var hours: Set<Int>
  private var days: Set<Int>
  private var months: Set<Int>
  private var weekdays: Set<Int>
  private var isAnyDay: Bool
  private var isAnyWeekday: Bool
  /// Seconds that local time is ahead of UTC.
  private var offset: Int64

  /// Nil when the schedule is no crontab line, or the zone is neither UTC nor an offset such as `+02:00`.
  public init?(_ cron: CronConfiguration) {
    guard let offset = CronSchedule.offset(of: cron.timeZone) else { return nil }
    let fields = cron.schedule.split(whereSeparator: \.isWhitespace).map { String($0).lowercased() }
    let monthNames = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
    let dayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
    guard fields.count == 5, let minutes = CronSchedule.values(fields[0], 0...59),
      let hours = CronSchedule.values(fields[1], 0...23), let days = CronSchedule.values(fields[2], 1...31),
      let months = CronSchedule.values(fields[3], 1...12, names: monthNames, firstName: 1),
      let weekdays = CronSchedule.values(fields[4], 0...7, names: dayNames, firstName: 0)
    else { return nil }
    self.minutes = minutes
    self.hours = hours
    self.days = days
    self.months = months
    self.weekdays = Set(weekdays.map { $0 % 7 })
    isAnyDay = fields[2].hasPrefix("*")
    isAnyWeekday = fields[4].hasPrefix("*")
    self.offset = offset
  }

  /// The first due time after a moment; nil for a schedule that is never due, such as 30 February.
  public func next(after time: Timestamp) -> Timestamp? {
    let start = (time.milliseconds + offset * 1000).flooredQuotient(by: 60_000) + 1
    let firstDay = start.flooredQuotient(by: 1440)
    let minuteOfDay = start - firstDay * 1440
    // The longest wait is for 29 February: eight years, around 2100.
    for day in firstDay...firstDay + 366 * 8 + 2 where isDue(day: day) {
      for hour in hours.sorted() {
        for minute in minutes.sorted() where day > firstDay || Int64(hour * 60 + minute) >= minuteOfDay {
          return Timestamp(milliseconds: (day * 86_400 + Int64(hour * 3600 + minute * 60) - offset) * 1000)
        }
      }
    }
    return nil
  }

  private func isDue(day: Int64) -> Bool {
    let date = Timestamp.civil(daysSinceEpoch: day)
    guard months.contains(Int(date.month)) else { return false }
    // 1970-01-01 was a Thursday.
    let weekday = Int(((day + 4) % 7 + 7) % 7)
    let dayMatches = days.contains(Int(date.day))
    let weekdayMatches = weekdays.contains(weekday)
    return isAnyDay || isAnyWeekday ? dayMatches && weekdayMatches : dayMatches || weekdayMatches
  }

  /// The values of one field: `*`, `5`, `1-5`, `*/15`, `mon-fri`, `1,3`.
  private static func values(
    _ field: String, _ range: ClosedRange<Int>, names: [String] = [], firstName: Int = 0
  ) -> Set<Int>? {
    func number(_ text: Substring) -> Int? {
      let value = names.firstIndex(of: String(text)).map { $0 + firstName } ?? Int(text)
      return value.flatMap { range.contains($0) ? $0 : nil }
    }
    var result = Set<Int>()
    for part in field.split(separator: "," as Character, omittingEmptySubsequences: false) {
      let halves = part.split(separator: "/" as Character, omittingEmptySubsequences: false)
      guard halves.count <= 2, let span = halves.first else { return nil }
      var step = 1
      if halves.count == 2 {
        guard let given = Int(halves[1]), given > 0 else { return nil }
        step = given
      }
      let ends = span.split(separator: "-" as Character, omittingEmptySubsequences: false)
      if span == "*" {
        result.formUnion(stride(from: range.lowerBound, through: range.upperBound, by: step))
      } else if ends.count == 2, let low = number(ends[0]), let high = number(ends[1]), low <= high {
        result.formUnion(stride(from: low, through: high, by: step))
      } else if ends.count == 1, halves.count == 1, let value = number(span) {
        result.insert(value)
      } else {
        return nil
      }
    }
    return result
  }

  private static func offset(of zone: String) -> Int64? {
    if ["UTC", "GMT", "Etc/UTC", "Etc/GMT"].contains(zone) { return 0 }
    let digits = zone.dropFirst().split(separator: ":" as Character)
    guard zone.hasPrefix("+") || zone.hasPrefix("-"), digits.count == 2, let hours = Int64(digits[0]),
      let minutes = Int64(digits[1]), (0...14).contains(hours), (0...59).contains(minutes)
    else { return nil }
    return (zone.hasPrefix("-") ? -1 : 1) * (hours * 3600 + minutes * 60)
  }
}

extension Int64 {
  fileprivate func flooredQuotient(by divisor: Int64) -> Int64 {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }
}
