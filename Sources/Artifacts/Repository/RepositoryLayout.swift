import Digests

/// Where things are in a repository, whatever it is made of. Keys are relative, with `/`, and built only from validated
/// parts, so none leads out of the repository.
enum RepositoryLayout {
  static let artifacts = "artifacts/"

  static func blob(_ digest: SHA256Digest) -> String {
    let hex = digest.hex
    return "blobs/sha256/\(hex.prefix(2))/\(hex)"
  }

  static func manifest(_ key: ManifestKey) -> String {
    "\(commits(of: key.name))\(key.commit)/\(key.platform).json"
  }

  static func commits(of name: ArtifactName) -> String { "\(artifacts)\(name)/" }

  /// The commit and platform that `COMMIT/PLATFORM.json` names; nil for anything else that may lie there.
  static func parse(commitEntry name: String) -> (Commit, HostPlatform)? {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[1].hasSuffix(".json"), let commit = Commit(parts[0]),
      let platform = HostPlatform(parts[1].dropLast(5))
    else { return nil }
    return (commit, platform)
  }
}
