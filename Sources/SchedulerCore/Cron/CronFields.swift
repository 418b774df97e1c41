internal import JobModel

/// Why a schedule cannot be used.
public struct CronProblem: Error, Sendable, Hashable, CustomStringConvertible {
  public var description: String
}

/// The five fields of a crontab(5) line, as sets of values.
struct CronFields: Sendable, Hashable {
  var minutes: [Int]
  var hours: [Int]
  var days: Set<Int>
  var months: Set<Int>
  var weekdays: Set<Int>
  var isAnyDay: Bool
  var isAnyWeekday: Bool

  /// `@daily` and its kind, as in crontab(5).
  private static let nicknames = [
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
  ]
  private static let monthNames = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
  private static let dayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

  init(_ schedule: String) throws(CronProblem) {
    let text = schedule.lowercased()
    let words = (Self.nicknames[text] ?? text).split(whereSeparator: \.isWhitespace).map(String.init)
    if text.hasPrefix("@"), Self.nicknames[text] == nil {
      throw CronProblem(
        description:
          "unknown name \"\(schedule)\"; known names: \(Self.nicknames.keys.sorted().joined(separator: ", "))")
    }
    guard words.count == 5 else {
      throw CronProblem(
        description: "it has \(words.count) fields; crontab has 5: minute, hour, day of month, month, day of week")
    }
    minutes = try Self.values(words[0], 0...59, "minute").sorted()
    hours = try Self.values(words[1], 0...23, "hour").sorted()
    days = try Self.values(words[2], 1...31, "day of month")
    months = try Self.values(words[3], 1...12, "month", names: Self.monthNames, firstName: 1)
    weekdays = Set(try Self.values(words[4], 0...7, "day of week", names: Self.dayNames).map { $0 % 7 })
    isAnyDay = words[2].hasPrefix("*")
    isAnyWeekday = words[4].hasPrefix("*")
  }

  /// Whether every hour is due: then a repeated hour counts as two hours.
  var isEveryHour: Bool { hours.count == 24 }

  /// Whether a day is due, by its number since 1970-01-01. As in crontab(5), when both day fields are restricted, a day
  /// that matches either is due.
  func isDue(day: Int64) -> Bool {
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
    _ field: String, _ range: ClosedRange<Int>, _ name: String, names: [String] = [], firstName: Int = 0
  ) throws(CronProblem) -> Set<Int> {
    func number(_ text: Substring) -> Int? {
      let value = names.firstIndex(of: String(text)).map { $0 + firstName } ?? Int(text)
      return value.flatMap { range.contains($0) ? $0 : nil }
    }
    let problem = CronProblem(
      description: "its \(name) \"\(field)\" is not a value, range, list or step of \(range.lowerBound) to "
        + "\(range.upperBound)")
    var result = Set<Int>()
    for part in field.split(separator: "," as Character, omittingEmptySubsequences: false) {
      let halves = part.split(separator: "/" as Character, omittingEmptySubsequences: false)
      guard halves.count <= 2, let span = halves.first else { throw problem }
      var step = 1
      if halves.count == 2 {
        guard let given = Int(halves[1]), given > 0 else { throw problem }
        step = given
      }
      let ends = span.split(separator: "-" as Character, omittingEmptySubsequences: false)
      if span == "*" {
        result.formUnion(stride(from: range.lowerBound, through: range.upperBound, by: step))
      } else if ends.count == 2, let low = number(ends[0]), var high = number(ends[1]) {
        // A week that ends on Sunday: fri-sun.
        if high == 0, ends[1] == "sun", low > 0 { high = 7 }
        guard low <= high else { throw problem }
        result.formUnion(stride(from: low, through: high, by: step))
      } else if ends.count == 1, halves.count == 1, let value = number(span) {
        result.insert(value)
      } else {
        throw problem
      }
    }
    return result
  }
}
