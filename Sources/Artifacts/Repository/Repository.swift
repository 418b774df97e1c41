import Digests
public import SystemSupport

/// Published bundles: manifests by name, commit and platform, and the blobs of their segments.
///
/// Anyone who can write to a repository decides its contents: everything that is read from one is checked against
/// digests and limits before it is used.
public struct Repository: Sendable {
  let storage: any ObjectStorage

  init(_ storage: any ObjectStorage) { self.storage = storage }

  /// A repository in a directory, which need not exist before the first publishing.
  public init(directory: FilePath) { storage = DirectoryStorage(root: directory) }

  /// The place, for messages: never with credentials.
  public var location: String { storage.location }

  /// Whether the directory or bucket itself is missing: the first publication creates a directory.
  public var isAbsent: Bool { storage.isAbsent }

  /// The names of all artifacts, sorted.
  public func names() throws(ArtifactError) -> [ArtifactName] {
    try storage.list(RepositoryLayout.artifacts, recursive: false).compactMap { ArtifactName($0.name) }.sorted()
  }

  /// The published commits of an artifact, newest first; empty for a name that is not known.
  public func commits(of name: ArtifactName) throws(ArtifactError) -> [CommitListing] {
    var listings: [Commit: CommitListing] = [:]
    for entry in try storage.list(RepositoryLayout.commits(of: name), recursive: true) {
      guard let (commit, platform) = RepositoryLayout.parse(commitEntry: entry.name) else { continue }
      var listing = listings[commit] ?? CommitListing(commit: commit, platforms: [], published: nil)
      listing.platforms.append(platform)
      if let modified = entry.modified { listing.published = max(listing.published ?? 0, modified / 1_000_000_000) }
      listings[commit] = listing
    }
    for commit in listings.keys { listings[commit]?.platforms.sort() }
    return listings.values.sorted {
      ($0.published ?? 0, $1.commit.text) > ($1.published ?? 0, $0.commit.text)
    }
  }

  /// The manifest that a user means by `NAME@COMMIT`.
  ///
  /// Throws when the name or the commit is not known (with the nearest known ones), when several commits begin with the
  /// digits given, and when the commit is published for other platforms only.
  public func resolve(
    _ reference: ArtifactReference, platform: ArtifactPlatform = .current
  ) throws(ArtifactError) -> Manifest {
    try resolveEvidence(reference, platform: platform).manifest
  }

  /// As ``resolve(_:platform:)-(ArtifactReference,_)``, with the inputs of a policy's decision; see
  /// ``evidence(for:signedBy:)``.
  public func resolveEvidence(
    _ reference: ArtifactReference, platform: ArtifactPlatform = .current, signedBy keyIDs: [String] = []
  ) throws(ArtifactError) -> Evidence {
    if let commit = reference.commit.commit {
      // All digits: one request, no listing.
      let key = ManifestKey(name: reference.name, commit: commit, platform: platform)
      if let found = try evidence(for: key, signedBy: keyIDs) {
        return found
      }
    }
    let known: [CommitListing]
    do throws(ArtifactError) {
      known = try commits(of: reference.name)
    } catch {
      // A server that only serves files cannot list them.
      guard case .noListing = error, reference.commit.commit != nil else { throw error }
      throw .unknownCommit(reference, known: [], repository: location)
    }
    let matches = known.filter { reference.commit.matches($0.commit) }
    guard let match = matches.first else {
      if known.isEmpty {
        let names = try names()
        if !names.contains(reference.name) {
          throw .unknownName(reference.name, known: names, repository: location)
        }
      }
      throw .unknownCommit(reference, known: Self.nearest(to: reference.commit, in: known), repository: location)
    }
    guard matches.count == 1 else { throw .ambiguousCommit(reference, matches: matches, repository: location) }
    let key = ManifestKey(name: reference.name, commit: match.commit, platform: platform)
    guard match.platforms.contains(platform), let found = try evidence(for: key, signedBy: keyIDs) else {
      throw .otherPlatform(reference, platform, published: match.platforms, repository: location)
    }
    return found
  }

  /// Up to 5 commits: those that share the most first digits with the one asked for, and of equals the newest.
  static func nearest(to prefix: CommitPrefix, in known: [CommitListing]) -> [CommitListing] {
    func shared(_ listing: CommitListing) -> Int {
      zip(prefix.text.utf8, listing.commit.text.utf8).prefix { $0 == $1 }.count
    }
    let ranked = known.enumerated().sorted {
      (shared($0.element), $1.offset) > (shared($1.element), $0.offset)
    }
    return ranked.prefix(5).map(\.element)
  }
}
