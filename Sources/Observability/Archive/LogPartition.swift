public import JobModel

/// An hour of a job in an archive of logs: `cluster=c/role=r/stage=s/job=j/date=2026-11-30/hour=14`.
public struct LogPartition: Sendable, Hashable, Comparable {
  public var key: JobKey
  /// `2026-11-30`, UTC.
  public var date: String
  /// From 0 to 23.
  public var hour: Int

  public init(key: JobKey, time: Timestamp) {
    self.key = key
    // Texts of ISO 8601: their parts are at fixed places.
    let text = time.description
    date = String(text.prefix(10))
    hour = Int(text.dropFirst(11).prefix(2)) ?? 0
  }

  /// Parses the beginning of an object's key; nil for another one.
  public init?(parsing path: some StringProtocol) {
    let parts = path.split(separator: "/").prefix(6)
    let names = ["cluster", "role", "stage", "job", "date", "hour"]
    guard parts.count == names.count else { return nil }
    var values: [String] = []
    for (part, name) in zip(parts, names) {
      guard part.hasPrefix(name + "=") else { return nil }
      values.append(String(part.dropFirst(name.count + 1)))
    }
    key = JobKey(cluster: values[0], role: values[1], stage: values[2], name: values[3])
    guard key.problem == nil, values[4].count == 10, let hour = Int(values[5]), (0...23).contains(hour) else {
      return nil
    }
    date = values[4]
    self.hour = hour
  }

  /// Without a slash at the end.
  public var path: String {
    let hour = self.hour < 10 ? "0\(self.hour)" : "\(self.hour)"
    return
      "cluster=\(key.cluster)/role=\(key.role)/stage=\(key.stage)/job=\(key.name)/date=\(date)/hour=\(hour)"
  }

  /// `2026-11-30T14`: texts in the order of time.
  public var moment: String { date + "T" + (hour < 10 ? "0\(hour)" : "\(hour)") }

  public static func < (left: LogPartition, right: LogPartition) -> Bool {
    (left.moment, left.key) < (right.moment, right.key)
  }
}
