import Digests
import SystemSupport

extension BundleCache {
  /// Remembers the commit that a branch stood for.
  public func remember(
    _ commit: Commit, of name: ArtifactName, on branch: BranchName, platform: HostPlatform
  ) throws(ArtifactError) {
    let path = branchPath(name, branch, platform)
    if try lastCommit(of: name, on: branch, platform: platform) == commit { return }
    try onFiles { () throws(SystemCallError) in
      try FileSystem.createDirectories(path.removingLastComponent())
      try FileSystem.write(text: commit.text + "\n", to: path)
    }
  }

  /// The commit that a branch stood for the last time; nil if none is known.
  public func lastCommit(
    of name: ArtifactName, on branch: BranchName, platform: HostPlatform
  ) throws(ArtifactError) -> Commit? {
    do throws(SystemCallError) {
      let bytes = try FileSystem.read(branchPath(name, branch, platform), limit: 256)
      return Commit(String(decoding: bytes, as: UTF8.self).prefix { !$0.isNewline })
    } catch {
      if error.isMissing { return nil }
      throw .file(error)
    }
  }

  private func branchPath(_ name: ArtifactName, _ branch: BranchName, _ platform: HostPlatform) -> FilePath {
    FilePath("\(root)/branches/\(name)/\(branch.encoded)/\(platform)")
  }

  /// Hashes every bundle, and removes the damaged ones.
  public func verify() throws(ArtifactError) -> [(entry: CacheEntry, isIntact: Bool)] {
    var results: [(entry: CacheEntry, isIntact: Bool)] = []
    for entry in try contents() {
      let recordPath = bundles.appending(entry.digest).appending("record")
      guard let record = try record(at: recordPath), record.digest.hex == entry.digest else {
        // Without its record nothing says what it should be.
        try onFiles { () throws(SystemCallError) in try FileSystem.removeTree(bundles.appending(entry.digest)) }
        results.append((entry, false))
        continue
      }
      // Any commit does: the value is not shown.
      let commit = Commit(String(repeating: "0", count: 40))
      guard let commit else { continue }
      let bundle = try open(record, commit: commit, verifying: true, renewing: recordPath)
      let isIntact = bundle != nil
      results.append((entry, isIntact))
    }
    return results
  }
}
