internal import Artifacts
internal import Diagnostics
internal import Digests
internal import JobModel
internal import SchedulerCore
internal import SystemSupport

/// Checks the artifacts of a submitted job against the artifact repository and the trust policies of this host,
/// regardless of the client's claims. The executor's `pex-runner` applies the same policies again when it fetches.
///
/// Reads the policies for each submission: a revoked key counts at once. Blocks while the artifact repository answers.
struct ArtifactCheck {
  private let options: SchedulerOptions
  private let stage: String
  private let trust: TrustContext

  /// - Throws: `ArtifactError.badPolicy` for a policy that cannot be read: nothing is admitted then.
  init(_ options: SchedulerOptions, stage: String) throws {
    self.options = options
    self.stage = stage
    trust = try .host(and: options.clusterPolicy.trust, stage: stage, now: wallClockNanoseconds() / 1_000_000_000)
  }

  /// An artifact with the facts of the artifact repository, and why its job is refused.
  struct Answer {
    /// Without the client's claims: branch, size and main branch come from the manifest, or are unknown.
    var artifact: TaskArtifact
    var refusal: SubmissionRefusal?
  }

  /// Asks the artifact repository. The client's branch, size and main branch count for nothing, even if a reason
  /// overrides the refusal.
  ///
  /// - Throws: if the artifact repository cannot be reached.
  func verified(_ artifact: TaskArtifact) throws -> Answer {
    var artifact = artifact
    artifact.branch = nil
    artifact.isOnMainBranch = nil
    artifact.size = nil
    guard let location = options.repository else {
      return Answer(
        artifact: artifact,
        refusal: SubmissionRefusal(
          .artifactMissing, "the scheduler has no artifact repository for \"\(artifact.name)\"",
          remedy: "start the scheduler with `--repository URL`"))
    }
    let repository = try Repository(opening: location)
    do throws(ArtifactError) {
      if let kind = ReleaseVersion.Kind(rawValue: artifact.hashType.rawValue) {
        return try release(artifact, kind, repository)
      }
      return try bundle(artifact, repository)
    } catch {
      return Answer(artifact: artifact, refusal: try refusal(error, artifact))
    }
  }

  private func bundle(
    _ artifact: TaskArtifact, _ repository: Repository
  ) throws(ArtifactError) -> Answer {
    let platform = ArtifactPlatform.current
    func refuse(_ code: RefusalCode, _ summary: String, _ remedy: String) -> Answer {
      Answer(artifact: artifact, refusal: SubmissionRefusal(code, summary, remedy: remedy))
    }
    if let claimed = artifact.platform, claimed != platform.text {
      return refuse(
        .artifactPlatform, "artifact \(artifact.name) is for \(claimed), and this host is \(platform)",
        "publish it on \(platform), and submit again")
    }
    guard let commit = Commit(artifact.version) else {
      return refuse(
        .artifactMissing, "\"\(artifact.version)\" of artifact \"\(artifact.name)\" is not a full commit",
        RefusalCode.commitMissing.remedy)
    }
    let key = ManifestKey(name: try ArtifactName(validating: artifact.name), commit: commit, platform: platform)
    guard let first = try repository.evidence(for: key, signedBy: trust.keyIDs) else {
      return refuse(
        .artifactMissing, "artifact \(artifact.name)@\(commit.abbreviated) is not in the repository for \(platform)",
        "run `kilt publish` at that commit, on this platform")
    }
    if let refusal = differs(artifact, from: first.manifest.digest) {
      return Answer(artifact: artifact, refusal: refusal)
    }
    let (manifest, refusal) = try admitted(artifact, first, repository)
    var artifact = artifact
    artifact.platform = platform.text
    artifact.size = Int(manifest.size)
    artifact.branch = manifest.branch
    artifact.isOnMainBranch = manifest.isOnMain
    return Answer(artifact: artifact, refusal: refusal)
  }

  /// Returns the manifest of the publication that the policies admit and, where the stage needs it, that was on the main
  /// branch: the first publication, or a later one. Without such a one, the first and why it is refused.
  private func admitted(
    _ artifact: TaskArtifact, _ first: Evidence, _ repository: Repository
  ) throws(ArtifactError) -> (Manifest, SubmissionRefusal?) {
    let policy = options.clusterPolicy
    let needsMain = policy.holds(policy.mainOnly, in: stage)
    var refused: ArtifactError?
    for evidence in try repository.publications(of: first, signedBy: trust.keyIDs) {
      do throws(ArtifactError) {
        try trust.require(evidence)
      } catch {
        guard case .refused = error else { throw error }
        refused = error
        continue
      }
      if !needsMain || evidence.manifest.isOnMain { return (evidence.manifest, nil) }
    }
    if let refused { throw refused }
    let manifest = first.manifest
    return (
      manifest,
      SubmissionRefusal(
        .offMain,
        "the manifest of \(artifact.name)@\(manifest.key.commit.abbreviated) does not say that its commit was on the "
          + "branch \"\(policy.mainBranch)\", as the stage \"\(stage)\" needs",
        notes: manifest.branch.map { ["it was published from the branch \"\($0)\""] } ?? [],
        remedy: "merge the commit into \"\(policy.mainBranch)\", push it, and publish it from there")
    )
  }

  private func release(
    _ artifact: TaskArtifact, _ kind: ReleaseVersion.Kind, _ repository: Repository
  ) throws(ArtifactError) -> Answer {
    let name = try ArtifactName(validating: artifact.name)
    let version = try ReleaseVersion(validating: artifact.version, kind: kind)
    guard let release = try repository.release(name, version) else {
      return Answer(
        artifact: artifact,
        refusal: SubmissionRefusal(
          .artifactMissing, "artifact \(name):\(version) is not in the repository",
          remedy: "run `kilt artifacts put --type \(kind.rawValue) \(name) \(version) FILE`"))
    }
    if let refusal = differs(artifact, from: release.digest) { return Answer(artifact: artifact, refusal: refusal) }
    try trust.require(release)
    var artifact = artifact
    artifact.size = Int(release.size)
    return Answer(artifact: artifact)
  }

  private func differs(_ artifact: TaskArtifact, from digest: SHA256Digest) -> SubmissionRefusal? {
    if artifact.digest == digest.hex { return nil }
    let name =
      artifact.hashType == .git
      ? "\(artifact.name)@\(artifact.version.prefix(12))" : "\(artifact.name):\(artifact.version)"
    return SubmissionRefusal(
      .artifactDigest, "artifact \(name) has digest \(digest.hex), not the job's",
      remedy: "submit the job again: the client asks the repository for the digest")
  }

  /// Errors about this artifact are refusals of the job; others are about the artifact repository or the host.
  private func refusal(_ error: ArtifactError, _ artifact: TaskArtifact) throws -> SubmissionRefusal {
    let diagnostic = error.diagnostic
    let remedy = diagnostic.remedies.first ?? "publish it again"
    switch error {
    case .refused:
      return SubmissionRefusal(.artifactRefused, diagnostic.summary, notes: [diagnostic.notes[0]], remedy: remedy)
    case .badManifest:
      return SubmissionRefusal(
        .artifactDamaged, "cannot use the manifest of artifact \(artifact.name)", notes: [diagnostic.summary],
        remedy: "run `kilt artifacts verify`, and publish another commit")
    case .invalidName, .invalidVersion:
      return SubmissionRefusal(.artifactMissing, diagnostic.summary, notes: diagnostic.notes, remedy: remedy)
    default: throw error
    }
  }
}
