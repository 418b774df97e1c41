public import Diagnostics
public import DirectoryTrust
public import SystemSupport

/// An error of a bundle, an artifact repository or the runner cache.
///
/// `repository` is always a location without credentials, fit for a message.
public enum ArtifactError: Error, Sendable, Hashable {
  case invalidName(String)
  case invalidPlatform(String)
  case missingCommit(String)
  case invalidCommit(String)
  case invalidRepository(String, reason: String)
  /// A variable with a value that cannot be used.
  case invalidSetting(String, String, expected: String)

  case invalidVersion(String, ReleaseVersion.Kind)
  /// A version where only a commit or a branch is meant.
  case notABundle(String)
  case unknownVersion(ArtifactName, String, known: [String], repository: String)
  /// The version is there with other files.
  case releaseConflict(ArtifactName, ReleaseVersion, published: String, offered: String, repository: String)

  case unknownName(ArtifactName, known: [ArtifactName], repository: String)
  case unknownCommit(ArtifactReference, known: [CommitListing], repository: String)
  case ambiguousCommit(ArtifactReference, matches: [CommitListing], repository: String)
  case otherPlatform(ArtifactReference, ArtifactPlatform, published: [ArtifactPlatform], repository: String)

  /// The branch has no published artifact of that name.
  case unknownBranch(ArtifactName, BranchName, ArtifactPlatform, known: [BranchName], repository: String)

  /// The commit exists with another file: published files never change.
  case conflict(ManifestKey, published: String, offered: String, repository: String)
  /// A bundle file does not match its segments.
  case bundleMismatch(path: String, reason: String)

  case unreachable(repository: String, cause: String)
  case denied(repository: String, reason: String)
  case readOnly(repository: String)
  case noListing(repository: String)
  /// A bucket that is not there.
  case missingBucket(repository: String)
  /// The server's answer is invalid, or is an error that none of the other cases covers.
  case server(repository: String, reason: String)

  /// `segment` is its name for people, such as the file name of a wheel.
  case missingBlob(digest: String, segment: String, repository: String)
  case damagedBlob(digest: String, segment: String, found: String, repository: String)
  case badManifest(String, reason: String, repository: String)

  /// A policy does not admit an artifact; `rule` came closest.
  case refused(String, policy: String, rule: String?, reason: String)
  /// A policy file that cannot be understood.
  case badPolicy(String, line: Int?, reason: String)
  /// A file of the runner cache that cannot be used; its subject has to be fetched again.
  case damagedRecord(path: String, reason: String)
  /// A branch that resolves to an older commit than before; `record` is the file that remembers the last one.
  case branchMovedBack(ArtifactName, BranchName, from: Commit, to: Commit, record: String)
  /// An envelope without a usable statement about the manifest by the key.
  case foreignEnvelope(ArtifactReference, keyID: String)

  /// A request could not even be made: libcurl is missing, for one.
  case client(Diagnostic)
  /// A system call failed on a file of a directory repository or of the cache.
  case file(SystemCallError)
  case noCacheDirectory
  /// Another user could have changed the bundles in the cache.
  case untrusted(UntrustedDirectory)
  /// The cached pieces of a bundle do not give it, even after they were fetched again.
  case damagedCache
}

extension ArtifactError: DiagnosableError {
  public var diagnostic: Diagnostic {
    switch self {
    case .invalidName, .invalidPlatform, .missingCommit, .invalidCommit, .invalidRepository, .invalidSetting,
      .invalidVersion, .notABundle:
      usage
    case .unknownName, .unknownCommit, .ambiguousCommit, .otherPlatform, .unknownBranch, .unknownVersion: lookup
    case .conflict, .bundleMismatch, .releaseConflict: publishing
    case .missingBlob, .damagedBlob, .badManifest: contents
    case .refused, .badPolicy, .branchMovedBack, .foreignEnvelope: trust
    default: environment
    }
  }

  private var usage: Diagnostic {
    switch self {
    case .invalidName(let text):
      Diagnostic(
        .input, "invalid artifact name \(quoted(text))",
        remedies: [
          "a name has 1 to 128 letters, digits, \"_\", \"-\", \".\" or \"+\", and does not begin with \"-\", \".\" or \"+\""
        ]
      )
    case .invalidPlatform(let text):
      Diagnostic(
        .input, "invalid artifact platform \(quoted(text))",
        remedies: ["a platform is a distribution and an architecture, as in \(ArtifactPlatform.current)"])
    case .missingCommit(let text):
      Diagnostic(
        .input, "\(quoted(text)) has no commit",
        remedies: ["write NAME@COMMIT, with at least 7 digits of the git commit"])
    case .invalidCommit(let text):
      Diagnostic(
        .input, "invalid git commit \(quoted(text))",
        remedies: ["a commit is its full object name, or at least its first 7 hexadecimal digits"])
    case .invalidRepository(let text, let reason):
      Diagnostic(
        .input, "invalid artifact repository \(quoted(text)): \(reason)",
        remedies: ["a repository is a directory, file:PATH, s3://BUCKET/PREFIX, http://HOST/PATH or https://HOST/PATH"])
    case .invalidSetting(let name, let value, let expected):
      Diagnostic(.input, "invalid \(name) \(quoted(value))", remedies: ["set it to \(expected), or unset it"])
    case .notABundle(let text):
      Diagnostic(
        .input, "\(quoted(text)) is a version: this command needs NAME@COMMIT or NAME@BRANCH",
        remedies: ["run `pex-runner fetch \(text)` to fetch it"])
    case .invalidVersion(let text, let kind):
      Diagnostic(
        .input, "invalid version \(quoted(text))",
        notes: [
          kind == .version
            ? "expected one semantic version such as 1.4.0 or 2.0.0-rc.1; ranges are not versions"
            : "expected a label of letters, digits, \"_\", \"-\", \".\" and \"+\""
        ], remedies: ["name exactly one version"])
    default: Diagnostic(.defect, "not a usage error: \(self)")
    }
  }

  private var lookup: Diagnostic {
    switch self {
    case .unknownName(let name, let known, let repository):
      Diagnostic(
        .input, "no artifact named \(quoted(name.text)) in \(repository)",
        notes: known.isEmpty ? ["nothing is published there yet"] : [],
        remedies: [Suggestions.remedy(for: name.text, among: known.map(\.text))].compactMap(\.self)
          + (known.isEmpty ? [] : ["published artifacts: " + list(known.map(\.text))]))
    case .unknownCommit(let reference, let known, let repository):
      Diagnostic(
        .input, "\(reference) is not in \(repository)",
        notes: known.isEmpty
          ? ["no commit of \(reference.name) is published there"] : ["the nearest known:"] + known.map(\.line),
        remedies: ["check out the commit, then run `kilt publish`"])
    case .ambiguousCommit(let reference, let matches, _):
      Diagnostic(
        .input, "\(reference) is ambiguous: it matches \(matches.count) published commits",
        notes: matches.map(\.line), remedies: ["write more digits"])
    case .otherPlatform(let reference, let platform, let published, let repository):
      Diagnostic(
        .input, "\(reference) is not published for \(platform) in \(repository)",
        notes: ["it is published for: " + list(published.map(\.text))],
        remedies: [
          "build and publish it on a \(platform) machine",
          "or use the nearest one with `--platform`, if you know that it runs here",
        ])
    case .unknownBranch(let name, let branch, let platform, let known, let repository):
      Diagnostic(
        .input, "\(name) is not published from branch \(quoted(branch.text)) for \(platform) in \(repository)",
        notes: known.isEmpty ? [] : ["branches with published artifacts: " + list(known.map(\.text))],
        remedies: [Suggestions.remedy(for: branch.text, among: known.map(\.text))].compactMap(\.self)
          + ["publish from that branch, or name a commit"])
    case .unknownVersion(let name, let version, let known, let repository):
      Diagnostic(
        .input, "\(name):\(version) is not in \(repository)",
        notes: known.isEmpty ? ["no version of \(name) is published"] : ["versions: " + list(known)],
        remedies: [Suggestions.remedy(for: version, among: known)].compactMap(\.self)
          + ["run `kilt artifacts put --type version \(name) \(version) FILE`"])
    default: Diagnostic(.defect, "not a lookup error: \(self)")
    }
  }

  private var publishing: Diagnostic {
    switch self {
    case .conflict(let key, let published, let offered, let repository):
      Diagnostic(
        .input, "\(key.name)@\(key.commit.abbreviated) for \(key.platform) is already published with other contents",
        notes: ["published in \(repository): sha256 \(published)", "offered now: sha256 \(offered)"],
        remedies: ["published artifacts never change: commit the differences, and publish the new commit"])
    case .bundleMismatch(let path, let reason):
      Diagnostic(
        .work, "the bundle \(quoted(path)) does not match its segments: \(reason)",
        remedies: ["delete it and run `kilt package` again"])
    case .releaseConflict(let name, let version, let published, let offered, let repository):
      Diagnostic(
        .input, "\(name):\(version) is already in \(repository) with other files",
        notes: ["published: sha256 \(published)", "offered now: sha256 \(offered)"],
        remedies: ["a version never changes: choose another one"])
    default: Diagnostic(.defect, "not a publishing error: \(self)")
    }
  }

  private var contents: Diagnostic {
    switch self {
    case .missingBlob(let digest, let segment, let repository):
      Diagnostic(
        .environment, "the artifact repository \(repository) lacks \(quoted(segment)), which a manifest lists",
        notes: ["blob sha256 \(digest)"], remedies: ["publish the same commit again to upload the missing blobs"])
    case .damagedBlob(let digest, let segment, let found, let repository):
      Diagnostic(
        .environment, "\(quoted(segment)) from \(repository) is damaged",
        notes: ["its name says sha256 \(digest)", "its contents are \(found)"],
        remedies: [
          "Kilt did not use it",
          "delete blobs/sha256/\(digest.prefix(2))/\(digest) there and publish the same commit again",
        ])
    case .badManifest(let key, let reason, let repository):
      Diagnostic(
        .environment, "cannot use the manifest \(key) in \(repository): \(reason)",
        remedies: ["run `kilt artifacts verify` to find all damage"])
    default: Diagnostic(.defect, "not an error of contents: \(self)")
    }
  }

  private func list(_ names: [String]) -> String {
    names.isEmpty ? "none" : names.prefix(10).joined(separator: ", ") + (names.count > 10 ? ", …" : "")
  }
}

/// The text in double quotes, without control characters and not longer than a line.
func quoted(_ text: String) -> String {
  let shown = text.unicodeScalars.prefix(160).map { $0.value < 32 || $0.value == 127 ? "?" : Character($0) }
  return "\"" + String(shown) + (text.unicodeScalars.count > 160 ? "…" : "") + "\""
}
