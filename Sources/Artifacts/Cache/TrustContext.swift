import Digests
public import SystemSupport

/// The demands of a host on bundles before it runs them: its policies, the stage, the time.
public struct TrustContext: Sendable {
  /// All of them must admit a bundle.
  public var policies: [TrustPolicy]
  public var stage: String?
  /// Seconds since 1970.
  public var now: Int64
  /// Stands for the policies and the stage: an admission counts for as long as both stay the same.
  public let identity: String

  /// No policy: nothing is demanded.
  public static let none = TrustContext()

  private init() {
    policies = []
    now = 0
    identity = "-"
  }

  /// Reads the policies of a host. Files that do not exist are no policies.
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
    identity = policies.isEmpty ? "-" : String(hasher.digest().hex.prefix(32))
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
  }
}
