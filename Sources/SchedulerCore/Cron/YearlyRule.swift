internal import JobModel

/// The rule of a zone for times to come: a TZ string as in POSIX, with the extension of RFC 9636 for hours beyond a day.
/// `CET-1CEST,M3.5.0,M10.5.0/3`.
struct YearlyRule: Sendable, Hashable {
  /// A day of each year and a local time on it, in seconds.
  struct Change: Sendable, Hashable {
    enum Day: Sendable, Hashable {
      /// `Jn`: 1 to 365, 29 February is never counted.
      case withoutLeapDay(Int64)
      /// `n`: 0 to 365.
      case counted(Int64)
      /// `Mm.w.d`: the week-th weekday of a month; 5 is the last.
      case weekday(month: Int64, week: Int64, day: Int64)
    }

    var day: Day
    var time: Int64

    /// The local time of the change, in seconds since 1970.
    func local(_ year: Int64) -> Int64 {
      let start = YearlyRule.days(year, 1, 1)
      let number: Int64
      switch day {
      case .withoutLeapDay(let count):
        number = start + count - 1 + (YearlyRule.isLeap(year) && count >= 60 ? 1 : 0)
      case .counted(let count): number = start + count
      case .weekday(let month, let week, let weekday):
        let first = YearlyRule.days(year, month, 1)
        // 1970-01-01 was a Thursday.
        let offset = (weekday - (first + 4) % 7 + 14) % 7
        let length = (month == 12 ? YearlyRule.days(year + 1, 1, 1) : YearlyRule.days(year, month + 1, 1)) - first
        var day = offset + (week - 1) * 7
        while day >= length { day -= 7 }
        number = first + day
      }
      return number * 86_400 + time
    }
  }

  /// Seconds ahead of UTC in standard time, and in daylight time with the two changes.
  private var standard: Int64
  private var daylight: (offset: Int64, start: Change, end: Change)?

  static func == (left: YearlyRule, right: YearlyRule) -> Bool {
    left.standard == right.standard && left.daylight?.offset == right.daylight?.offset
      && left.daylight?.start == right.daylight?.start && left.daylight?.end == right.daylight?.end
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(standard)
    hasher.combine(daylight?.offset)
  }

  func offset(at time: Int64) -> Int64 {
    guard let daylight else { return standard }
    // The offset of the newest change is in force; a change near the year's end can belong to the next year.
    let year = Self.year(of: time + standard)
    var newest: (time: Int64, offset: Int64) = (.min, standard)
    for year in year - 1...year + 1 {
      for change in [(start(year), daylight.offset), (end(year), standard)]
      where change.0 <= time && change.0 >= newest.time {
        newest = (change.0, change.1)
      }
    }
    return newest.offset
  }

  /// The moments of changes between two moments.
  func changes(from start: Int64, through end: Int64) -> [Int64] {
    guard daylight != nil, start <= end else { return [] }
    var changes: [Int64] = []
    for year in Self.year(of: start) - 1...Self.year(of: end) + 1 {
      for change in [self.start(year), self.end(year)] where (start...end).contains(change) {
        if offset(at: change - 1) != offset(at: change) { changes.append(change) }
      }
    }
    return changes.sorted()
  }

  private func start(_ year: Int64) -> Int64 { daylight.map { $0.start.local(year) - standard } ?? .max }

  private func end(_ year: Int64) -> Int64 { daylight.map { $0.end.local(year) - $0.offset } ?? .max }

  private static func year(of time: Int64) -> Int64 {
    Timestamp.civil(daysSinceEpoch: time.flooredQuotient(by: 86_400)).year
  }

  private static func isLeap(_ year: Int64) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

  /// The number of a date's day since 1970-01-01 (the days-from-civil algorithm).
  static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let era = shifted.flooredQuotient(by: 400)
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  // MARK: Parsing

  /// Nil when the text is not a TZ string.
  init?(_ text: String) {
    var scanner = Scanner(text)
    guard scanner.name(), let west = scanner.time() else { return nil }
    standard = -west
    if scanner.isAtEnd { return }
    guard scanner.name() else { return nil }
    var offset = standard + 3600
    if scanner.next != UInt8(ascii: ",") {
      guard let west = scanner.time() else { return nil }
      offset = -west
    }
    guard scanner.skip(","), let start = scanner.change(), scanner.skip(","), let end = scanner.change(),
      scanner.isAtEnd
    else { return nil }
    daylight = (offset, start, end)
  }

  private struct Scanner {
    private var rest: ArraySlice<UInt8>

    init(_ text: String) { rest = ArraySlice(Array(text.utf8)) }

    var isAtEnd: Bool { rest.isEmpty }
    var next: UInt8? { rest.first }

    mutating func skip(_ text: String) -> Bool {
      guard rest.starts(with: text.utf8) else { return false }
      rest = rest.dropFirst(text.utf8.count)
      return true
    }

    /// Three or more letters, or anything in angle brackets.
    mutating func name() -> Bool {
      if skip("<") {
        guard let end = rest.firstIndex(of: UInt8(ascii: ">")) else { return false }
        rest = rest[(end + 1)...]
        return true
      }
      let letters = rest.prefix { byte in
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
      }
      rest = rest[letters.endIndex...]
      return letters.count >= 3
    }

    mutating func number() -> Int64? {
      let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      guard !digits.isEmpty, digits.count <= 4 else { return nil }
      rest = rest[digits.endIndex...]
      return digits.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    }

    /// `[+-]hh[:mm[:ss]]`, in seconds.
    mutating func time() -> Int64? {
      let sign: Int64 = skip("-") ? -1 : 1
      if sign > 0 { _ = skip("+") }
      guard let hours = number() else { return nil }
      var seconds = hours * 3600
      if skip(":") {
        guard let minutes = number() else { return nil }
        seconds += minutes * 60
        if skip(":") {
          guard let more = number() else { return nil }
          seconds += more
        }
      }
      return sign * seconds
    }

    mutating func change() -> Change? {
      let day: Change.Day
      if skip("M") {
        guard let month = number(), skip("."), let week = number(), skip("."), let weekday = number(),
          (1...12).contains(month), (1...5).contains(week), (0...6).contains(weekday)
        else { return nil }
        day = .weekday(month: month, week: week, day: weekday)
      } else if skip("J") {
        guard let count = number(), (1...365).contains(count) else { return nil }
        day = .withoutLeapDay(count)
      } else {
        guard let count = number(), (0...365).contains(count) else { return nil }
        day = .counted(count)
      }
      guard skip("/") else { return Change(day: day, time: 7200) }
      guard let time = time() else { return nil }
      return Change(day: day, time: time)
    }
  }
}

extension Int64 {
  /// The quotient, rounded down.
  func flooredQuotient(by divisor: Int64) -> Int64 {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }
}
