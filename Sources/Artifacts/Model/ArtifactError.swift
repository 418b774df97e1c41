public import Diagnostics
public import DirectoryTrust
public import SystemSupport

/// What can go wrong between a bundle, a repository and the cache.
///
/// `repository` is always a location without credentials, fit for a message.
public enum ArtifactError: Error, Sendable, Hashable {
  case invalidName(String)
  case invalidPlatform(String)
  case missingCommit(String)
  case invalidCommit(String)
  case invalidRepository(String, reason: String)

  case unknownName(ArtifactName, known: [ArtifactName], repository: String)
  case unknownCommit(ArtifactReference, known: [CommitListing], repository: String)
  case ambiguousCommit(ArtifactReference, matches: [CommitListing], repository: String)
  case otherPlatform(ArtifactReference, HostPlatform, published: [HostPlatform], repository: String)

  /// The commit is there with another file: what is published never changes.
  case conflict(ManifestKey, published: String, offered: String, repository: String)
  /// A bundle file is not what its segments say.
  case bundleMismatch(path: String, reason: String)

  case unreachable(repository: String, cause: String)
  case denied(repository: String, reason: String)
  case readOnly(repository: String)
  case noListing(repository: String)
  /// A bucket that is not there.
  case missingBucket(repository: String)
  /// The server's answer makes no sense, or is an error that is neither of the above.
  case server(repository: String, reason: String)

  case missingBlob(digest: String, repository: String)
  case damagedBlob(digest: String, found: String, repository: String)
  case badManifest(String, reason: String, repository: String)

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
    case .invalidName, .invalidPlatform, .missingCommit, .invalidCommit, .invalidRepository: usage
    case .unknownName, .unknownCommit, .ambiguousCommit, .otherPlatform: lookup
    case .conflict, .bundleMismatch: publishing
    case .missingBlob, .damagedBlob, .badManifest: contents
    default: environment
    }
  }

  private var usage: Diagnostic {
    switch self {
    case .invalidName(let text):
      Diagnostic(
        .input, "\(quoted(text)) is not the name of an artifact",
        remedies: ["a name has 1 to 128 letters, digits, '_', '-', '.' or '+', and does not begin with '-', '.' or '+'"]
      )
    case .invalidPlatform(let text):
      Diagnostic(
        .input, "\(quoted(text)) is not a platform",
        remedies: ["a platform is a distribution and an architecture, as in \(HostPlatform.current)"])
    case .missingCommit(let text):
      Diagnostic(
        .input, "\(quoted(text)) names no commit",
        remedies: ["write NAME@COMMIT, with at least 7 digits of the git commit"])
    case .invalidCommit(let text):
      Diagnostic(
        .input, "\(quoted(text)) is not a git commit",
        remedies: ["a commit is its full object name, or at least its first 7 hexadecimal digits"])
    case .invalidRepository(let text, let reason):
      Diagnostic(
        .input, "\(quoted(text)) is not a repository: \(reason)",
        remedies: ["a repository is a directory, file:PATH, s3://BUCKET/PREFIX, http://HOST/PATH or https://HOST/PATH"])
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
          + (known.isEmpty ? [] : ["known are: " + list(known.map(\.text))]))
    case .unknownCommit(let reference, let known, let repository):
      Diagnostic(
        .input, "\(reference) is not in \(repository)",
        notes: known.isEmpty
          ? ["no commit of \(reference.name) is published there"] : ["the nearest known:"] + known.map(\.line),
        remedies: ["publish it: check the commit out, then kilt publish"])
    case .ambiguousCommit(let reference, let matches, _):
      Diagnostic(
        .input, "\(reference) is ambiguous: \(matches.count) published commits begin with it",
        notes: matches.map(\.line), remedies: ["give more digits"])
    case .otherPlatform(let reference, let platform, let published, let repository):
      Diagnostic(
        .input, "\(reference) is not published for \(platform) in \(repository)",
        notes: ["it is published for: " + list(published.map(\.text))],
        remedies: [
          "build and publish it on a \(platform) machine",
          "or take the nearest one with --platform, when you know that it runs here",
        ])
    default: Diagnostic(.defect, "not a lookup error: \(self)")
    }
  }

  private var publishing: Diagnostic {
    switch self {
    case .conflict(let key, let published, let offered, let repository):
      Diagnostic(
        .input, "\(key.name)@\(key.commit.abbreviated) for \(key.platform) is already published with another content",
        notes: ["published in \(repository): sha256 \(published)", "offered now: sha256 \(offered)"],
        remedies: ["what is published never changes: commit what differs, and publish the new commit"])
    case .bundleMismatch(let path, let reason):
      Diagnostic(
        .work, "the bundle \(quoted(path)) is not what its segments say: \(reason)",
        remedies: ["delete it and run kilt package again"])
    default: Diagnostic(.defect, "not a publishing error: \(self)")
    }
  }

  private var contents: Diagnostic {
    switch self {
    case .missingBlob(let digest, let repository):
      Diagnostic(
        .environment, "the repository \(repository) lacks a blob that one of its manifests names",
        notes: ["blob sha256 \(digest)"], remedies: ["publish the same commit again: what is missing is uploaded"])
    case .damagedBlob(let digest, let found, let repository):
      Diagnostic(
        .environment, "a blob in \(repository) is damaged",
        notes: ["its name says sha256 \(digest)", "it is \(found)"],
        remedies: [
          "nothing of it was used",
          "delete blobs/sha256/\(digest.prefix(2))/\(digest) there and publish the same commit again",
        ])
    case .badManifest(let key, let reason, let repository):
      Diagnostic(
        .environment, "the manifest \(key) in \(repository) cannot be used: \(reason)",
        remedies: ["kilt artifacts verify says what else is wrong there"])
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
