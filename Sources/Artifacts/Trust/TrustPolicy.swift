import Glibc

/// The rules of a host or scheduler: which key must have signed what, before it runs.
///
/// A rule is a permission. An artifact is admitted if one rule that matches its name, branch and stage has enough
/// signatures of its keys. Without such a rule the artifact is refused, and the refusal names the rule that came closest.
///
/// To verify an artifact:
/// ```
/// let policy = try TrustPolicy(reading: "/etc/kilt/policy.toml")          // nil if the file does not exist
/// let evidence = try repository.evidence(for: key, signedBy: policy.keyIDs)
/// let admission = try policy.admit(evidence, stage: "prod", now: seconds)  // throws ArtifactError.refused
/// evidence.manifest.isOnMain, .digest, .branch                             // now facts that a trusted key vouches for
/// ```
/// Without a policy these facts are the word of whoever can write to the artifact repository.
public struct TrustPolicy: Sendable, Hashable {
  /// The part that the owner of a key plays.
  public enum Role: String, Sendable, Hashable, CaseIterable {
    case ciMain = "ci-main"
    case ciBranch = "ci-branch"
    case person
  }

  /// A trusted key.
  public struct Key: Sendable, Hashable {
    public var name: String
    public var key: PublicKey
    public var role: Role
    /// The manifests that the key counts for, by creation, in seconds since 1970. Rotation ends one key's time and
    /// begins the next one's.
    public var validity: ClosedRange<Int64>
    /// A revoked key counts for nothing, at any signing time: a thief can write any date.
    public var isRevoked: Bool
  }

  /// A permission.
  public struct Rule: Sendable, Hashable {
    public var name: String
    /// Patterns with `*` and `?`.
    public var artifacts: [String]
    /// Patterns; empty for any branch, and for none.
    public var branches: [String]
    /// Empty for any stage, and for none.
    public var stages: [String]
    /// The roles whose keys count; empty for all roles.
    public var roles: Set<Role>
    /// Names of keys that count; empty for all keys of the roles.
    public var keys: [String]
    /// The number of different keys that must have signed.
    public var threshold: Int
    /// Seconds since the manifest was created.
    public var minimumAge: Int64
    /// Whether the commit must have been on the main branch of the git remote.
    public var requiresMain: Bool
  }

  /// The file, for messages.
  public var path: String
  public var keys: [Key]
  public var rules: [Rule]

  public init(path: String, keys: [Key], rules: [Rule]) {
    self.path = path
    self.keys = keys
    self.rules = rules
  }

  /// The keys whose signatures are searched beside manifests.
  public var keyIDs: [String] { keys.filter { !$0.isRevoked }.map(\.key.keyID) }

  /// The reason for an admission.
  public struct Admission: Sendable, Hashable {
    public var rule: String
    /// Names of the keys that signed.
    public var keys: [String]
  }

  /// Returns the rule that admits an artifact in a stage.
  ///
  /// A manifest with an `origin` needs two things: its own record satisfies the rule, and so does the record of the
  /// origin, which vouches for the bytes.
  ///
  /// - Parameters:
  ///   - stage: nil for a start outside of any stage, such as by hand.
  ///   - now: seconds since 1970.
  /// - Throws: `ArtifactError.refused` with the rule that came closest.
  public func admit(_ evidence: Evidence, stage: String?, now: Int64) throws(ArtifactError) -> Admission {
    var refusals: [PolicyRefusal] = []
    for rule in rules {
      var admission = Admission(rule: rule.name, keys: [])
      var refusal: PolicyRefusal?
      for record in evidence.records where refusal == nil {
        switch check(record, rule, stage: stage, now: now) {
        case .success(let names): admission.keys = names
        case .failure(let reason): refusal = reason
        }
      }
      guard let refusal else { return admission }
      refusals.append(refusal)
    }
    let key = evidence.manifest.key
    let closest = refusals.max { $0.progress < $1.progress }
    throw .refused(
      "\(key.name)@\(key.commit.abbreviated)", policy: path, rule: closest?.rule,
      reason: closest?.reason ?? "the policy has no rules")
  }

  private func check(
    _ record: ManifestRecord, _ rule: Rule, stage: String?, now: Int64
  ) -> Result<[String], PolicyRefusal> {
    let manifest = record.manifest
    func refuse(_ progress: Int, _ reason: String) -> Result<[String], PolicyRefusal> {
      .failure(PolicyRefusal(rule: rule.name, reason: reason, progress: progress))
    }
    guard rule.artifacts.contains(where: { Self.matches($0, manifest.key.name.text) }) else {
      return refuse(0, "it is not for \(manifest.key.name)")
    }
    guard rule.stages.isEmpty || stage.map(rule.stages.contains) == true else {
      return refuse(1, "it is not for \(stage.map { "stage \(quoted($0))" } ?? "starts without a stage")")
    }
    let branch = manifest.branch
    guard rule.branches.isEmpty || branch.map({ branch in rule.branches.contains { Self.matches($0, branch) } }) == true
    else { return refuse(2, "it is not for \(branch.map { "branch \(quoted($0))" } ?? "manifests without a branch")") }
    guard !rule.requiresMain || manifest.isOnMain else {
      return refuse(3, "the commit was not on the main branch when it was published")
    }
    guard !record.envelopes.isEmpty else { return refuse(4, "the manifest is not signed") }
    let signers = record.signers(among: keys.map(\.key))
    let signed = keys.filter { signers.contains($0.key) }
    guard !signed.isEmpty else { return refuse(5, "no trusted key signed the manifest as it is") }
    let usable = signed.filter { !$0.isRevoked }
    guard !usable.isEmpty else { return refuse(6, "the key \(quoted(signed[0].name)) is revoked") }
    let current = usable.filter { $0.validity.contains(manifest.created) }
    guard !current.isEmpty else {
      return refuse(7, "the key \(quoted(usable[0].name)) is not valid for \(RFC3339.text(manifest.created))")
    }
    let counted = current.filter {
      (rule.roles.isEmpty || rule.roles.contains($0.role)) && (rule.keys.isEmpty || rule.keys.contains($0.name))
    }
    guard !counted.isEmpty else {
      return refuse(8, "the key \(quoted(current[0].name)) of role \(current[0].role.rawValue) does not count for it")
    }
    guard counted.count >= rule.threshold else {
      return refuse(9, "\(counted.count) of \(rule.threshold) required keys signed the manifest")
    }
    let age = now - manifest.created
    // If the policy demands no age, a publisher whose clock is ahead is not refused.
    guard rule.minimumAge == 0 || age >= rule.minimumAge else {
      let text = age >= 0 ? "is \(age) s old" : "was created \(-age) s from now by this clock"
      return refuse(10, "the manifest \(text), and \(rule.minimumAge) s are required")
    }
    return .success(counted.map(\.name))
  }

  /// Whether a pattern with `*` and `?` matches the whole text (fnmatch(3)).
  static func matches(_ pattern: String, _ text: String) -> Bool { fnmatch(pattern, text, 0) == 0 }
}

/// The reason why one rule does not admit an artifact.
struct PolicyRefusal: Error {
  var rule: String
  var reason: String
  /// The number of the rule's conditions that held: the refusal of the rule that came closest is shown.
  var progress: Int
}
