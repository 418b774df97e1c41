import Digests
public import SystemSupport

/// The demands of a host on bundles before it runs them: its policies, the stage, the time.
public struct TrustContext: Sendable {
  /// All of them must admit a bundle.
  public var policies: [TrustPolicy]
  public var stage: String?
  /// Seconds since 1970.
  public var now: Int64
  /// The branch of the git remote that must have had the commit: a start of `NAME@BRANCH`.
  public private(set) var branch: BranchName?
  /// The digest of the policies and the stage.
  private let policyIdentity: String

  /// Identifies the policies, the stage and the branch: an admission counts while they stay the same.
  public var identity: String { branch.map { "\(policyIdentity)@\($0.encoded)" } ?? policyIdentity }

  /// No policy: no demands.
  public static let none = TrustContext()

  private init() {
    policies = []
    now = 0
    policyIdentity = "-"
  }

  /// Reads the policy of this host, and the one that is named, which must exist.
  ///
  /// - Throws: ``ArtifactError`` for a file that cannot be read or understood.
  public static func host(
    and named: FilePath?, stage: String?, now: Int64
  ) throws(ArtifactError) -> TrustContext {
    if let named, !FileSystem.exists(named) { throw .badPolicy(named.string, line: nil, reason: "it does not exist") }
    return try TrustContext(policies: [TrustPolicy.hostFile] + (named.map { [$0] } ?? []), stage: stage, now: now)
  }

  /// The same demands, and that the signed manifest names a branch.
  public func on(_ branch: BranchName) -> TrustContext {
    var context = self
    // Without a policy nothing is signed, so nothing is proven.
    if !policies.isEmpty { context.branch = branch }
    return context
  }

  /// Reads the policies of a host. Missing files are not policies.
  ///
  /// - Throws: ``ArtifactError`` for a file that cannot be read or understood.
  public init(policies paths: [FilePath], stage: String?, now: Int64) throws(ArtifactError) {
    var policies: [TrustPolicy] = []
    var hasher = SHA256Hasher()
    for path in paths {
      let bytes: [UInt8]
      do throws(SystemCallError) {
        bytes = try FileSystem.read(path, limit: 4 << 20)
      } catch {
        if error.isMissing { continue }
        throw .file(error)
      }
      policies.append(try TrustPolicy(parsing: bytes, path: path.string))
      hasher.update("\(bytes.count)\n")
      hasher.update(bytes)
    }
    self.policies = policies
    self.stage = stage
    self.now = now
    hasher.update("stage \(stage ?? "")")
    policyIdentity = policies.isEmpty ? "-" : String(hasher.digest().hex.prefix(32))
  }

  public var isEmpty: Bool { policies.isEmpty }

  /// The keys whose signatures count.
  public var keyIDs: [String] {
    var found: [String] = []
    for id in policies.flatMap(\.keyIDs) where !found.contains(id) { found.append(id) }
    return found
  }

  /// - Throws: `ArtifactError.refused` if one of the policies does not admit the release.
  public func require(_ release: Release) throws(ArtifactError) {
    if policies.isEmpty { return }
    let record = release.record
    do throws(ArtifactError) {
      try require(Evidence(manifest: record.manifest, records: [record]))
    } catch {
      guard case .refused(_, let policy, let rule, let reason) = error else { throw error }
      throw .refused("\(release.name):\(release.version)", policy: policy, rule: rule, reason: reason)
    }
  }

  /// - Throws: `ArtifactError.refused` if one of the policies does not admit the bundle.
  public func require(_ evidence: Evidence) throws(ArtifactError) {
    for policy in policies { _ = try policy.admit(evidence, stage: stage, now: now) }
    // The index of branches is not signed: the manifest, which is, must say the same.
    guard let branch, let policy = policies.first, !evidence.manifest.pushed.contains(branch.text) else { return }
    let key = evidence.manifest.key
    throw .refused(
      "\(key.name)@\(branch)", policy: policy.path, rule: nil,
      reason: "the signed manifest of \(key.commit.abbreviated) does not say that the git remote's branch "
        + "\(quoted(branch.text)) had the commit")
  }
}
