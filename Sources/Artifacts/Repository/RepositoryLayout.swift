import Digests

/// The keys of an artifact repository, the same for every kind of storage. Keys are relative, with `/`, and built only from validated
/// parts, so none leads out of the repository.
enum RepositoryLayout {
  static let artifacts = "artifacts/"
  static let branches = "branches/"

  static func index(of branch: BranchName, _ platform: ArtifactPlatform) -> String {
    "\(branches)\(branch.encoded)/\(platform).json"
  }

  static func release(_ name: ArtifactName, _ version: ReleaseVersion) -> String {
    "\(releases(version.kind, name))\(version).json"
  }

  /// `versions/NAME/` or `static/NAME/`.
  static func releases(_ kind: ReleaseVersion.Kind, _ name: ArtifactName) -> String { "\(releases(kind))\(name)/" }

  /// `versions/` or `static/`.
  static func releases(_ kind: ReleaseVersion.Kind) -> String { kind == .version ? "versions/" : "static/" }

  static let blobs = "blobs/sha256/"
  static let collection = "gc/mark.json"

  static func blob(_ digest: SHA256Digest) -> String {
    let hex = digest.hex
    return "blobs/sha256/\(hex.prefix(2))/\(hex)"
  }

  static func manifest(_ key: ManifestKey) -> String {
    "\(commits(of: key.name))\(key.commit)/\(key.platform).json"
  }

  /// The whole file beside its manifest: a plain web server can have it instead of the segments.
  static func wholeFile(of manifest: Manifest) -> String {
    "\(commits(of: manifest.key.name))\(manifest.origin ?? manifest.key.commit)/\(manifest.key.platform).pex"
  }

  /// The envelope of one key beside a manifest. The suffix keeps it out of listings of manifests.
  static func signature(_ key: ManifestKey, keyID: String) -> String {
    "\(commits(of: key.name))\(key.commit)/\(key.platform).\(keyID).dsse"
  }

  /// A later manifest of a commit: it was published again when the git remote's branch had it. `nil` is the main branch,
  /// which readers find without its name.
  static func later(_ key: ManifestKey, on branch: BranchName?) -> String {
    let folder = "\(commits(of: key.name))\(key.commit)/\(key.platform)"
    return branch.map { "\(folder).\($0.encoded).on-branch" } ?? "\(folder).on-main"
  }

  /// Whether an object beside the manifest `PLATFORM.json` belongs to it: a signature, or a later manifest.
  static func isCompanion(_ name: some StringProtocol, of platform: some StringProtocol) -> Bool {
    name.hasPrefix("\(platform).") && [".dsse", ".on-main", ".on-branch"].contains { name.hasSuffix($0) }
  }

  static func commits(of name: ArtifactName) -> String { "\(artifacts)\(name)/" }

  /// The commit and platform that `COMMIT/PLATFORM.json` names; nil for any other object.
  static func parse(commitEntry name: String) -> (Commit, ArtifactPlatform)? {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[1].hasSuffix(".json"), let commit = Commit(parts[0]),
      let platform = ArtifactPlatform(parts[1].dropLast(5))
    else { return nil }
    return (commit, platform)
  }
}
