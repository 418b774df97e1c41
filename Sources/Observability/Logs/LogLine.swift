internal import JSON

/// The severity of a line of a log.
public enum LogLevel: Int, Sendable, Hashable, Comparable, CaseIterable {
  case trace, debug, info, warning, error, fatal

  public static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }

  public var name: String { "\(self)" }

  /// The level of a name, as logging libraries write it: `WARN`, `warning`, `critical`.
  public init?(name: some StringProtocol) {
    switch name.lowercased() {
    case "trace", "verbose", "finest", "finer", "notset": self = .trace
    case "debug", "fine", "dbg": self = .debug
    case "info", "information", "notice", "config", "inf": self = .info
    case "warn", "warning", "wrn": self = .warning
    case "error", "err", "severe": self = .error
    case "fatal", "critical", "crit", "alert", "emergency", "emerg", "panic", "dpanic": self = .fatal
    default: return nil
    }
  }

  /// The level of a line that is a JSON object with a member `level`, `severity`, `levelname`, `lvl` or `log.level`: a
  /// name, or a number of bunyan and pino (10 to 60); nil for every other line.
  public init?(line: some Collection<UInt8>) {
    // Most lines are not JSON: that is seen without parsing.
    guard line.first(where: { $0 != 0x20 && $0 != 0x09 }) == UInt8(ascii: "{") else { return nil }
    let object: JSONValue
    do { object = try JSONValue(parsing: Array(line)) } catch { return nil }
    let member = ["level", "severity", "levelname", "lvl", "log.level"].lazy.compactMap { object[$0] }.first
    guard let value = member ?? object["log"]?["level"] else { return nil }
    if let name = value.string {
      self.init(name: name)
    } else if let number = value.int {
      switch number {
      case ..<20: self = .trace
      case ..<30: self = .debug
      case ..<40: self = .info
      case ..<50: self = .warning
      case ..<60: self = .error
      default: self = .fatal
      }
    } else {
      return nil
    }
  }
}
