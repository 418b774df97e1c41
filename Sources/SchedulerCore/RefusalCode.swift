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
  /// A port is used by nothing, or a name is used twice.
  case badNames = "bad-names"
  /// A variable is bound to nothing.
  case unbound

  /// The remedy of problems that have none of their own.
  public var remedy: String {
    switch self {
    case .invalid: "change the value in the job file or its template"
    case .unsupported: "remove it from the job"
    case .badKey: "name cluster, role, stage and job by letters, digits, \"_\", \".\" and \"-\""
    case .roleMismatch: "name the user once, as \"user\" in the job file"
    case .commitMissing: "name the commit as \"githash\" in the job file"
    case .digestMissing: "publish the artifact with `kilt publish`"
    case .badNames: "give each process and port a name of its own"
    case .unbound: "bind the variable in the template, or remove it"
    }
  }
}
