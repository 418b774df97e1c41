/// Why a job is refused, as a stable word for programs: `code` in the answers of the API. Every check of a submission
/// has its own; docs/operations.md lists them.
public enum RefusalCode: String, Sendable, Hashable, CaseIterable {
  // The job in itself.

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
  /// A port is unused, or a name is used twice.
  case badNames = "bad-names"
  /// A variable is unbound.
  case unbound
  /// No task could start with these names, command lines or variables.
  case cannotStart = "cannot-start"

  // The host.

  /// The job is for another cluster.
  case otherCluster = "other-cluster"
  /// The host has no user of the role's name.
  case unknownUser = "unknown-user"
  /// The scheduler cannot become the role's user, or must not run tasks as this user.
  case cannotRunAs = "cannot-run-as"
  /// An instance asks for more than any host has.
  case tooLarge = "too-large"
  /// No host meets a placement constraint.
  case constraintNotMet = "constraint-not-met"

  // The artifact repository.

  /// The artifact repository does not have the artifact, or the scheduler has no artifact repository.
  case artifactMissing = "artifact-missing"
  /// The artifact has another digest.
  case artifactDigest = "artifact-digest"
  /// The artifact is for another platform.
  case artifactPlatform = "artifact-platform"
  /// The artifact's manifest cannot be used.
  case artifactDamaged = "artifact-damaged"
  /// A trust policy does not admit the artifact to the stage.
  case artifactRefused = "artifact-refused"
  /// The manifest does not say that the commit was on the main branch.
  case offMain = "off-main"

  // The policy.

  /// The policy does not know the stage.
  case stageNotAllowed = "stage-not-allowed"
  /// The policy does not allow the role in the stage.
  case roleNotAllowed = "role-not-allowed"
  /// The job names no artifact, and the policy asks for one.
  case artifactRequired = "artifact-required"
  /// The job's files are not in the scheduler's mirror, or not on the main branch.
  case filesNotCommitted = "files-not-committed"
  /// The committed files describe another job.
  case filesDiffer = "files-differ"
  /// No rule allows the role a directory of the host.
  case volumeNotAllowed = "volume-not-allowed"
  /// The scheduler offers no secrets.
  case secretsNotOffered = "secrets-not-offered"

  // Conflicts with running jobs and updates.

  /// The jobs of the role together would exceed its quota.
  case overQuota = "over-quota"
  /// The policy fixes the quota: the API cannot change it.
  case quotaFixed = "quota-fixed"
  /// The job is being updated.
  case updateInProgress = "update-in-progress"

  /// Whether a policy can let a recorded reason override the refusal. A reason cannot override the limits of the host.
  public var isOverridable: Bool {
    switch self {
    case .artifactRequired, .offMain, .filesNotCommitted, .filesDiffer: true
    default: false
    }
  }

  /// The remedy of problems that have none of their own.
  public var remedy: String {
    switch self {
    case .invalid: "change the value in the job file or its template"
    case .unsupported: "remove it from the job"
    case .badKey: "name cluster, role, stage and job by letters, digits, \"_\", \".\" and \"-\""
    case .roleMismatch: "name the user once, as \"user\" in the job file"
    case .commitMissing: "name the commit as \"githash\" in the job file"
    case .digestMissing, .artifactMissing: "publish the artifact with `kilt publish`"
    case .badNames: "give each process and port its own name"
    case .unbound: "bind the variable in the template, or remove it"
    case .cannotStart: "correct it in the job file or its template"
    case .otherCluster: "submit it to the scheduler of its cluster"
    case .unknownUser: "name another user as \"user\" in the job file"
    case .cannotRunAs: "name another user as \"user\" in the job file"
    case .tooLarge: "ask for less in \"config\" of the job file"
    case .constraintNotMet: "change \"constraints\" of the job"
    case .artifactDigest: "submit the job again: the client asks the repository for the digest"
    case .artifactPlatform: "publish the artifact on the host's platform, and submit again"
    case .artifactDamaged: "run `kilt artifacts verify`, and publish another commit"
    case .artifactRefused:
      "publish the artifact with a key that the policy trusts, or sign it with `kilt artifacts sign`"
    case .offMain: "merge the commit into the main branch, push it, and publish it from there"
    case .stageNotAllowed: "use a stage that the scheduler's policy allows"
    case .roleNotAllowed: "name a role that the scheduler's policy allows as \"user\" in the job file"
    case .artifactRequired: "name the program as \"buildname\" in the job file"
    case .filesNotCommitted, .filesDiffer: "commit the job file and its template, push, and submit again"
    case .volumeNotAllowed: "remove the volume, or have it added to [policy.volumes] of the scheduler"
    case .secretsNotOffered: "have secrets = \"DIRECTORY\" added to [policy] of the scheduler"
    case .overQuota: "ask for fewer or smaller instances"
    case .quotaFixed: "change [policy.quotas] of the scheduler's configuration"
    case .updateInProgress: "wait for the update, or end it with `kilt job abort`"
    }
  }
}
