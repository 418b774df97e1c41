import Digests
import SystemSupport

extension Repository {
  /// The index of a branch for an artifact platform; nil if nothing was published from it.
  public func branchIndex(
    _ branch: BranchName, platform: ArtifactPlatform
  ) throws(ArtifactError) -> BranchIndex? {
    try versionedIndex(branch, platform)?.index
  }

  private func versionedIndex(
    _ branch: BranchName, _ platform: ArtifactPlatform
  ) throws(ArtifactError) -> (index: BranchIndex, version: ObjectVersion)? {
    let key = RepositoryLayout.index(of: branch, platform)
    guard let (bytes, version) = try storage.readVersioned(key, limit: BranchIndex.limit) else { return nil }
    do throws(ManifestFault) {
      return (try BranchIndex(parsing: bytes, branch: branch, platform: platform), version)
    } catch {
      throw .badManifest(key, reason: error.reason, repository: location)
    }
  }

  /// Changes the index of a branch: reads it, lets `change` change it, and writes it unless another writer did
  /// meanwhile; then starts again.
  public func updateIndex(
    of branch: BranchName, platform: ArtifactPlatform, _ change: (inout BranchIndex) -> Void
  ) throws(ArtifactError) {
    if storage.isReadOnly { throw .readOnly(repository: location) }
    let key = RepositoryLayout.index(of: branch, platform)
    try storage.prepareForWriting()
    for attempt in 1...Self.updateAttempts {
      let current = try versionedIndex(branch, platform)
      var index = current?.index ?? BranchIndex(branch: branch, platform: platform)
      change(&index)
      if index == current?.index { return }
      if try storage.replace(key, index.bytes, expecting: current?.version) { return }
      // Spread out, so that many publishers get through one after the other.
      pauseMilliseconds(Int.random(in: 1...min(20 * attempt, 1000)))
    }
    throw .server(repository: location, reason: "other processes keep changing the index of branch \(branch)")
  }

  private static var updateAttempts: Int { 100 }

  /// The branches that artifacts were published from, by name.
  public func branches() throws(ArtifactError) -> [BranchName] {
    try storage.list(RepositoryLayout.branches, recursive: false).compactMap { BranchName(encoded: $0.name) }.sorted()
  }
}
