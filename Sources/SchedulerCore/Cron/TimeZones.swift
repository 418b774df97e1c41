internal import Synchronization

/// The time zones of the tz database by name, read on request from the system's own files (tzfile(5)).
///
/// Zones that were read are kept: a schedule's times do not change while a scheduler runs. Safe from any thread.
public final class TimeZones: Sendable {
  /// Offsets alone: no names but UTC.
  public static let none = TimeZones { _ in nil }

  private let read: @Sendable (String) -> [UInt8]?
  private let known = Mutex<[String: ZoneRules]>([:])

  /// - Parameter read: Returns the bytes of a zone's file, such as `/usr/share/zoneinfo/Europe/Berlin`; nil when there is
  ///   none. Gets names of letters, digits, `_`, `-`, `+` and `/` alone.
  public init(read: @escaping @Sendable (String) -> [UInt8]?) { self.read = read }

  /// The rules of a zone; nil for a name that is not known. `UTC` and offsets such as `+02:00` need no file.
  public func rules(_ name: String) -> ZoneRules? {
    if ["UTC", "GMT", "Etc/UTC", "Etc/GMT", "Z"].contains(name) { return ZoneRules(offset: 0) }
    if let offset = Self.offset(name) { return ZoneRules(offset: offset) }
    if let rules = known.withLock({ $0[name] }) { return rules }
    guard Self.isName(name), let bytes = read(name), let rules = ZoneRules(tzif: bytes) else { return nil }
    known.withLock { $0[name] = rules }
    return rules
  }

  /// `+02:00`, `-05:30`.
  private static func offset(_ name: String) -> Int64? {
    let digits = name.dropFirst().split(separator: ":" as Character)
    guard name.hasPrefix("+") || name.hasPrefix("-"), digits.count == 2, let hours = Int64(digits[0]),
      let minutes = Int64(digits[1]), (0...14).contains(hours), (0...59).contains(minutes)
    else { return nil }
    return (name.hasPrefix("-") ? -1 : 1) * (hours * 3600 + minutes * 60)
  }

  /// Whether a text can be a zone's name: a path that stays below the zones' directory.
  private static func isName(_ name: String) -> Bool {
    guard !name.isEmpty, name.utf8.count < 100 else { return false }
    return name.split(separator: "/" as Character, omittingEmptySubsequences: false).allSatisfy { part in
      !part.isEmpty
        && part.utf8.allSatisfy { byte in
          switch byte {
          case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "+"):
            true
          default: false
          }
        }
    }
  }
}
