internal import JobModel
internal import SchedulerCore
internal import SystemSupport

/// What may run in a cluster: configuration of the scheduler, never the word of a client.
///
/// Read from the table `[policy]` of the file of `--config`; see docs/operations.md. Without a file these are the rules:
/// stages that are named like production take only artifacts, and only those whose manifest says that their commit was on
/// the main branch.
struct ClusterPolicy: Sendable, Hashable {
  /// Where a rule holds.
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
  /// Patterns of stages that may be used; empty for any.
  var stages: [String] = []
  var mainBranch = "main"
  /// Patterns of roles by pattern of stages, the first that matches the stage counts; without a match any role is allowed.
  var roles: [(stages: String, roles: [String])] = []
  /// Where a job must run an artifact.
  var artifacts = Scope.production
  /// What the jobs of a role, or of one stage of it, may ask for together.
  var quotas: [QuotaKey: Resources] = [:]
  /// Where an artifact's commit must have been on the main branch.
  var mainOnly = Scope.production
  /// Where the job must be what its committed files describe.
  var committedFiles = Scope.never
  /// The git repository that has the committed files: a mirror on this host.
  var git: FilePath?
  var volumes: [VolumeRule] = []
  /// Attributes of this host for placement constraints, besides `host`.
  var attributes: [String: String] = [:]
  /// Codes of refusals that `--reason` can override.
  var overridable: Set<String> = []
  /// The trust policy that artifacts must satisfy, besides that of the host; see `TrustPolicy`.
  var trust: FilePath?
  /// Where secrets are looked up.
  var secrets: FilePath?
  /// The command that prints a secret, given its reference, where there is no directory.
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
    // Where to go on when a star has to take one byte more.
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
