import Glibc

/// Points in time as manifests and S3 write them (RFC 3339, always UTC).
public enum RFC3339 {
  /// `2026-01-02T03:04:05Z` for seconds since 1970.
  public static func text(_ seconds: Int64) -> String {
    let time = fields(seconds)
    return "\(padded(Int(time.tm_year) + 1900, 4))-\(padded(Int(time.tm_mon) + 1))-\(padded(Int(time.tm_mday)))"
      + "T\(padded(Int(time.tm_hour))):\(padded(Int(time.tm_min))):\(padded(Int(time.tm_sec)))Z"
  }

  /// `20260102T030405Z`, the form that SigV4 signs.
  static func basicText(_ seconds: Int64) -> String {
    String(text(seconds).filter { $0 != "-" && $0 != ":" })
  }

  /// Seconds since 1970 of `2026-01-02T03:04:05Z`, with or without a fraction; nil for anything else.
  public static func seconds(_ text: some StringProtocol) -> Int64? {
    let bytes = Array(text.utf8)
    guard (20...32).contains(bytes.count), bytes.last == UInt8(ascii: "Z") else { return nil }
    for (position, byte) in [(4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":")] as [(Int, Unicode.Scalar)] {
      guard bytes[position] == UInt8(ascii: byte) else { return nil }
    }
    guard let year = number(bytes[0..<4]), let month = number(bytes[5..<7]), let day = number(bytes[8..<10]),
      let hour = number(bytes[11..<13]), let minute = number(bytes[14..<16]), let second = number(bytes[17..<19]),
      (1970...9999).contains(year), (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60,
      second <= 60
    else { return nil }
    var time = tm()
    time.tm_year = Int32(year - 1900)
    time.tm_mon = Int32(month - 1)
    time.tm_mday = Int32(day)
    time.tm_hour = Int32(hour)
    time.tm_min = Int32(minute)
    time.tm_sec = Int32(second)
    return Int64(timegm(&time))
  }

  private static func fields(_ seconds: Int64) -> tm {
    var clock = time_t(seconds)
    var result = tm()
    gmtime_r(&clock, &result)
    return result
  }

  private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
    guard digits.allSatisfy({ (48...57).contains($0) }) else { return nil }
    return digits.reduce(0) { $0 * 10 + Int($1 - 48) }
  }

  private static func padded(_ number: Int, _ width: Int = 2) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
  }
}
