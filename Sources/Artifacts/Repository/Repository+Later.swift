import Digests

/// A commit can be published more than once: by a developer, by the CI of a topic branch, and by the CI of the main branch
/// after the merge. The first manifest stays as it is. A later publication of the same file adds its own manifest beside it
/// if that says more: the main branch, another branch, or another signature.
extension Repository {
  /// Returns all publications of a commit that a decision can rest on: the first one, then the later ones.
  ///
  /// Reads later manifests only if the first one does not say enough.
  ///
  /// - Parameters:
  ///   - branch: a branch of the git remote that must have had the commit.
  ///   - keyIDs: the keys whose signatures count.
  public func publications(
    of first: Evidence, on branch: BranchName? = nil, signedBy keyIDs: [String] = []
  ) throws(ArtifactError) -> [Evidence] {
    guard let record = first.records.first else { return [first] }
    let isSigned = keyIDs.isEmpty || record.isSigned(byAnyOf: keyIDs)
    var found = [first]
    if !isSigned || !record.manifest.isOnMain, let later = try later(first, on: nil, signedBy: keyIDs) {
      found.append(later)
    }
    let name = branch ?? (isSigned ? nil : record.manifest.branch.flatMap { BranchName($0) })
    if let name, !isSigned || !found.contains(where: { $0.manifest.pushed.contains(name.text) }),
      let later = try later(first, on: name, signedBy: keyIDs)
    {
      found.append(later)
    }
    return found
  }

  /// Returns the publication of a commit that a host admits: the first one, or a later one.
  ///
  /// - Throws: `ArtifactError.refused` for the last of them if the host admits none.
  public func admitted(_ first: Evidence, by trust: TrustContext) throws(ArtifactError) -> Evidence {
    do throws(ArtifactError) {
      try trust.require(first)
      return first
    } catch {
      guard case .refused = error else { throw error }
      var refusal = error
      for later in try publications(of: first, on: trust.branch, signedBy: trust.keyIDs).dropFirst() {
        do throws(ArtifactError) {
          try trust.require(later)
          return later
        } catch {
          guard case .refused = error else { throw error }
          refusal = error
        }
      }
      throw refusal
    }
  }

  /// The later manifest of a commit on a branch, or on the main branch; nil if there is none.
  private func later(
    _ first: Evidence, on branch: BranchName?, signedBy keyIDs: [String]
  ) throws(ArtifactError) -> Evidence? {
    let key = first.manifest.key
    let path = RepositoryLayout.later(key, on: branch)
    guard let record = try laterRecord(key, at: path) else { return nil }
    guard record.manifest.digest == first.manifest.digest, record.manifest.size == first.manifest.size else {
      throw .badManifest(path, reason: "it is about another file than the first manifest", repository: location)
    }
    return try evidence(record, key, signedBy: keyIDs)
  }

  private func laterRecord(_ key: ManifestKey, at path: String) throws(ArtifactError) -> ManifestRecord? {
    guard let bytes = try storage.read(path, limit: ManifestLimits.file) else { return nil }
    do throws(ManifestFault) {
      return try ManifestRecord(parsing: bytes, for: key, path: path)
    } catch {
      throw .badManifest(path, reason: error.reason, repository: location)
    }
  }

  /// Stores a later manifest of a published commit, if the first one lacks the branch or the signature.
  ///
  /// - Returns: whether a manifest was stored.
  func addLater(
    _ offered: Manifest, to published: ManifestRecord, signer: (any ManifestSigner)?, isDryRun: Bool
  ) throws(ArtifactError) -> Bool {
    guard offered.format != 1, published.manifest.digest == offered.digest else { return false }
    let isSigned = signer.map { !published.signers(among: [$0.publicKey]).isEmpty } ?? true
    var places: [String] = []
    if offered.isOnMain, !isSigned || !published.manifest.isOnMain {
      places.append(RepositoryLayout.later(offered.key, on: nil))
    }
    if let branch = offered.branch.flatMap({ BranchName($0) }), offered.pushed.contains(branch.text),
      !isSigned || !published.manifest.pushed.contains(branch.text)
    {
      places.append(RepositoryLayout.later(offered.key, on: branch))
    }
    if places.isEmpty { return false }
    var record = ManifestRecord(offered)
    if let signer { try record.sign(with: signer) }
    for place in places {
      if isDryRun ? try storage.size(of: place) == nil : try storage.create(place, record.bytes) { return true }
      guard let present = try laterRecord(offered.key, at: place) else { continue }
      let isEnough = offered.pushed.allSatisfy { present.manifest.pushed.contains($0) }
      if isEnough, signer.map({ !present.signers(among: [$0.publicKey]).isEmpty }) ?? true { return false }
    }
    return false
  }
}
