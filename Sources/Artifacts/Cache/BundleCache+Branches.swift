import Digests
import SystemSupport

extension BundleCache {
  /// Records the commit that a branch resolves to.
  ///
  /// The artifact repository's index of branches is not signed. Whoever can write to the repository can have a branch
  /// point back to an older commit, with a manifest that is signed. So this host remembers when the manifest of the last
  /// commit was created, and notices an older one.
  ///
  /// - Parameter isStrict: refuses an older commit, and keeps the record.
  /// - Returns: the last commit, if the branch moved back.
  public func advance(
    _ name: ArtifactName, on branch: BranchName, platform: ArtifactPlatform, to position: BranchPosition, isStrict: Bool
  ) throws(ArtifactError) -> Commit? {
    let path = branchPath(name, branch, platform)
    let last = try lastPosition(of: name, on: branch, platform: platform)
    if last == position { return nil }
    let movedBack = last.map { $0.commit != position.commit && position.isOlder(than: $0) } ?? false
    if let last, movedBack, isStrict {
      throw .branchMovedBack(name, branch, from: last.commit, to: position.commit, record: path.string)
    }
    try onFiles { () throws(SystemCallError) in
      try FileSystem.createDirectories(path.removingLastComponent())
      try FileSystem.write(text: position.text, to: path)
    }
    return movedBack ? last?.commit : nil
  }

  /// The commit that a branch resolved to the last time; nil if none is known.
  public func lastPosition(
    of name: ArtifactName, on branch: BranchName, platform: ArtifactPlatform
  ) throws(ArtifactError) -> BranchPosition? {
    do throws(SystemCallError) {
      return BranchPosition(parsing: try FileSystem.read(branchPath(name, branch, platform), limit: 256))
    } catch {
      if error.isMissing { return nil }
      throw .file(error)
    }
  }

  private func branchPath(_ name: ArtifactName, _ branch: BranchName, _ platform: ArtifactPlatform) -> FilePath {
    FilePath("\(root)/branches/\(name)/\(branch.encoded)/\(platform)")
  }

  /// Hashes every bundle, and removes the damaged ones.
  public func verify() throws(ArtifactError) -> [(entry: CacheEntry, isIntact: Bool)] {
    var results: [(entry: CacheEntry, isIntact: Bool)] = []
    for entry in try contents() {
      let recordPath = bundles.appending(entry.digest).appending("record")
      guard let record = try record(at: recordPath), record.digest.hex == entry.digest else {
        // Without the record of the bundle, its expected digest is unknown.
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

/// The commit that a branch resolved to, and when its manifest was created.
public struct BranchPosition: Sendable, Hashable {
  public var commit: Commit
  /// Seconds since 1970; nil in a record of an earlier version of Kilt.
  public var created: Int64?

  public init(commit: Commit, created: Int64?) {
    self.commit = commit
    self.created = created
  }

  /// Two publishers' clocks can differ by this much, in seconds.
  static let tolerance: Int64 = 600

  func isOlder(than other: BranchPosition) -> Bool {
    guard let created, let last = other.created else { return false }
    return created < last - Self.tolerance
  }

  /// `COMMIT CREATED` and a line end.
  var text: String { "\(commit)\(created.map { " \($0)" } ?? "")\n" }

  /// Nil for a damaged record: it counts as absent.
  init?(parsing bytes: [UInt8]) {
    let line = String(decoding: bytes, as: UTF8.self).prefix { !$0.isNewline }
    let fields = line.split(separator: " ", omittingEmptySubsequences: false)
    guard let first = fields.first, let commit = Commit(first), fields.count <= 2 else { return nil }
    let created = fields.count == 2 ? Int64(fields[1]) : nil
    if fields.count == 2, created == nil { return nil }
    self.init(commit: commit, created: created)
  }
}
