internal import JobModel
internal import SchedulerCore
internal import SystemSupport

/// The rules for jobs in a cluster: configuration of the scheduler, never a client's claim.
///
/// Read from the table `[policy]` of the file of `--config`; see docs/operations.md. Without a file these are the
/// rules: production stages accept only artifacts, and only those whose manifest says that their commit was on the main
/// branch.
struct ClusterPolicy: Sendable, Hashable {
  /// The stages to which a rule applies.
  enum Scope: String, Sendable, Hashable, CaseIterable {
    case never, production, always
  }

  struct VolumeRule: Sendable, Hashable {
    /// An absolute path, which a volume must name exactly.
    var path: String
    /// Patterns of roles.
    var roles: [String]
    var mode: Volume.Mode
  }

  /// Patterns of stages that are production, compared without case.
  var productionStages = ["prod", "prod-*", "prod_*", "prod.*", "production*"]
  /// Patterns of allowed stages; empty for any.
  var stages: [String] = []
  var mainBranch = "main"
  /// Patterns of roles by pattern of stages, the first that matches the stage counts; without a match any role is allowed.
  var roles: [(stages: String, roles: [String])] = []
  /// The stages in which a job must run an artifact.
  var artifacts = Scope.production
  /// The total resources for the jobs of a role, or of one of its stages.
  var quotas: [QuotaKey: Resources] = [:]
  /// The stages in which an artifact's commit must have been on the main branch.
  var mainOnly = Scope.production
  /// The stages in which the job must match its committed files.
  var committedFiles = Scope.never
  /// The git repository that has the committed files: a mirror on this host.
  var git: FilePath?
  var volumes: [VolumeRule] = []
  /// Attributes of this host for placement constraints, besides `host`.
  var attributes: [String: String] = [:]
  /// Codes of refusals that `--reason` can override.
  var overridable: Set<String> = []
  /// The trust policy that artifacts must satisfy, in addition to the host's; see `TrustPolicy`.
  var trust: FilePath?
  /// The directory of secrets.
  var secrets: FilePath?
  /// The command that prints a secret, given its reference, if there is no directory.
  var secretsCommand: [String] = []
  /// The table `[discovery]`.
  var discovery = DiscoverySettings()

  func isProduction(_ stage: String) -> Bool {
    productionStages.contains { Glob.matches($0.lowercased(), stage.lowercased()) }
  }

  func holds(_ scope: Scope, in stage: String) -> Bool {
    switch scope {
    case .never: false
    case .production: isProduction(stage)
    case .always: true
    }
  }

  static func == (left: ClusterPolicy, right: ClusterPolicy) -> Bool { left.key == right.key }

  func hash(into hasher: inout Hasher) { hasher.combine(key) }

  /// Everything, in a form that can be compared.
  private var key: [String] {
    productionStages + ["|"] + stages + ["|", mainBranch] + roles.flatMap { [$0.stages] + $0.roles }
      + [artifacts.rawValue, mainOnly.rawValue, committedFiles.rawValue, git?.string ?? "", trust?.string ?? ""]
      + [secrets?.string ?? ""] + secretsCommand + quotas.map { "\($0)" }.sorted()
      + volumes.map { "\($0)" } + attributes.map { "\($0)=\($1)" }.sorted() + overridable.sorted() + ["\(discovery)"]
  }
}

/// Patterns of names with `*` and `?`.
enum Glob {
  static func matches(_ pattern: String, _ text: String) -> Bool {
    matches(Array(pattern.utf8)[...], Array(text.utf8)[...])
  }

  private static func matches(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
    var (pattern, text) = (pattern, text)
    // The position to continue at when a star has to match one more byte.
    var retry: (pattern: ArraySlice<UInt8>, text: ArraySlice<UInt8>)?
    while true {
      if let wanted = pattern.first {
        if wanted == UInt8(ascii: "*") {
          pattern = pattern.dropFirst()
          retry = (pattern, text)
          continue
        }
        if let byte = text.first, wanted == byte || wanted == UInt8(ascii: "?") {
          pattern = pattern.dropFirst()
          text = text.dropFirst()
          continue
        }
      } else if text.isEmpty {
        return true
      }
      guard let again = retry, !again.text.isEmpty else { return false }
      retry = (again.pattern, again.text.dropFirst())
      (pattern, text) = (again.pattern, again.text.dropFirst())
    }
  }
}
