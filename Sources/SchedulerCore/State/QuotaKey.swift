internal import JobModel

/// The scope of a quota: all jobs of a role, or of one of its stages. Printed `role` or `role/stage`.
public struct QuotaKey: Sendable, Hashable, Comparable, CustomStringConvertible {
  public var role: String
  public var stage: String?

  public init(role: String, stage: String? = nil) {
    self.role = role
    self.stage = stage
  }

  /// Parses `role` or `role/stage`; nil for any other text.
  public init?(_ text: String) {
    let parts = text.split(separator: "/" as Character, omittingEmptySubsequences: false).map(String.init)
    guard (1...2).contains(parts.count), parts.allSatisfy(JobKey.isIdentifier) else { return nil }
    self.init(role: parts[0], stage: parts.count == 2 ? parts[1] : nil)
  }

  public var description: String { stage.map { "\(role)/\($0)" } ?? role }

  public static func < (left: QuotaKey, right: QuotaKey) -> Bool {
    (left.role, left.stage ?? "") < (right.role, right.stage ?? "")
  }
}

extension JobKey {
  /// The quotas that count this job: its role's, and its stage's.
  var quotaKeys: [QuotaKey] { [QuotaKey(role: role), QuotaKey(role: role, stage: stage)] }
}
