public import JobModel

/// A moment as people write it on a command line. Times without a zone are UTC, as everything that Kilt prints.
///
/// - `2026-11-30T14:13:50Z`, `2026-11-30 14:13`, `2026-11-30`, `…+01:00`
/// - `14:13`, `14:13:50`: the last such time of day
/// - `90s`, `5m`, `2h`, `1d`, also as `2h ago`: so long ago; `yesterday`: a day ago; `now`
public enum MomentText {
  /// Forms, for messages.
  public static let forms = "a time such as 2026-11-30T14:13:50Z, 14:13, 5m, 2h, 1d or yesterday (UTC)"

  /// Returns the moment, or nil for a text of no such form.
  public static func parse(_ text: String, now: Timestamp) -> Timestamp? {
    let text = text.trimmed
    switch text {
    case "now": return now
    case "yesterday": return now + .seconds(-86_400)
    default: break
    }
    if let age = age(text) { return now + .milliseconds(-age) }
    if let inDay = timeOfDay(text[...]) {
      let day = floored(now.milliseconds, 86_400_000)
      let today = Timestamp(milliseconds: day + inDay)
      return today > now ? Timestamp(milliseconds: day - 86_400_000 + inDay) : today
    }
    return date(text)
  }

  private static func floored(_ value: Int64, _ unit: Int64) -> Int64 {
    let rest = value % unit
    return value - (rest < 0 ? rest + unit : rest)
  }

  private static func age(_ text: String) -> Int64? {
    var body = text[...]
    if body.hasSuffix(" ago") { body = body.dropLast(4) }
    if body.hasPrefix("-") { body = body.dropFirst() }
    let units: [(String, Int64)] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)]
    for (unit, milliseconds) in units where body.hasSuffix(unit) {
      let digits = body.dropLast(unit.count)
      guard let number = Int64(digits), (0...1_000_000_000).contains(number) else { continue }
      return number * milliseconds
    }
    return nil
  }

  /// Milliseconds since midnight of `14:13`, `14:13:50` or `14:13:50.250`.
  private static func timeOfDay(_ text: Substring) -> Int64? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2 || parts.count == 3, let hour = number(parts[0], 0...23, digits: 1...2),
      let minute = number(parts[1], 0...59, digits: 2...2)
    else { return nil }
    var milliseconds = Int64(hour * 3600 + minute * 60) * 1000
    if parts.count == 3 {
      let seconds = parts[2].split(separator: ".", omittingEmptySubsequences: false)
      guard seconds.count <= 2, let second = number(seconds[0], 0...59, digits: 2...2) else { return nil }
      milliseconds += Int64(second) * 1000
      if seconds.count == 2 {
        guard !seconds[1].isEmpty, seconds[1].allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
        milliseconds += Int64((seconds[1] + "00").prefix(3)) ?? 0
      }
    }
    return milliseconds
  }

  private static func date(_ text: String) -> Timestamp? {
    let bytes = Array(text)
    guard bytes.count >= 10, bytes[4] == "-", bytes[7] == "-", let year = number(bytes[0..<4], 1970...9999),
      let month = number(bytes[5..<7], 1...12), let day = number(bytes[8..<10], 1...31), day <= days(year, month)
    else { return nil }
    let midnight = daysSinceEpoch(year, month, day) * 86_400_000
    if bytes.count == 10 { return Timestamp(milliseconds: midnight) }
    guard "Tt ".contains(bytes[10]) else { return nil }
    var rest = String(bytes[11...])[...]
    var offset: Int64 = 0
    if rest.hasSuffix("Z") || rest.hasSuffix("z") {
      rest = rest.dropLast()
    } else if let sign = rest.lastIndex(where: { $0 == "+" || $0 == "-" }) {
      guard let zone = timeOfDay(rest[rest.index(after: sign)...]) else { return nil }
      offset = rest[sign] == "+" ? zone : -zone
      rest = rest[..<sign]
    }
    guard let inDay = timeOfDay(rest) else { return nil }
    return Timestamp(milliseconds: midnight + inDay - offset)
  }

  private static func number(
    _ text: some Collection<Character>, _ range: ClosedRange<Int>, digits: ClosedRange<Int> = 1...4
  ) -> Int? {
    guard digits.contains(text.count), text.allSatisfy({ $0.isASCII && $0.isNumber }), let number = Int(String(text)),
      range.contains(number)
    else { return nil }
    return number
  }

  private static func days(_ year: Int, _ month: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// The days-from-civil algorithm.
  private static func daysSinceEpoch(_ year: Int, _ month: Int, _ day: Int) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let era = shifted / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    return Int64(era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468)
  }
}

extension String {
  fileprivate var trimmed: String {
    var text = self[...]
    while text.first?.isWhitespace == true { text = text.dropFirst() }
    while text.last?.isWhitespace == true { text = text.dropLast() }
    return String(text)
  }
}
