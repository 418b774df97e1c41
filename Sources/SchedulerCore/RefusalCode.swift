/// Why a job is refused, as a stable word for programs: `code` in the answers of the API.
public enum RefusalCode: String, Sendable, Hashable, CaseIterable {
  /// A field has a value that no job can have.
  case invalid
  /// The job asks for something that one machine cannot give.
  case unsupported
  /// The cluster, role, stage or name is missing or not an identifier.
  case badKey = "bad-key"
  /// The task names another user than the job's role.
  case roleMismatch = "role-mismatch"
  /// An artifact has no full commit or version.
  case commitMissing = "commit-missing"
  /// An artifact has no digest.
  case digestMissing = "digest-missing"
  /// A production stage, and nothing proves that the commit was on the main branch.
  case offMain = "off-main"
  /// A port is used by nothing, or a name is used twice.
  case badNames = "bad-names"
  /// A variable is bound to nothing.
  case unbound
}
