import Digests
public import SystemSupport

extension Repository {
  /// Puts files under a name and a version, which must not have other files yet.
  ///
  /// - Returns: false if the same files are there already.
  public func put(_ release: Release, files: [FilePath]) throws(ArtifactError) -> Bool {
    if storage.isReadOnly { throw .readOnly(repository: location) }
    for kind in ReleaseVersion.Kind.allCases where !storage.isAbsent {
      guard let version = ReleaseVersion(release.version.text, kind: kind),
        let present = try self.release(release.name, version)
      else { continue }
      guard present.files == release.files, kind == release.version.kind else { throw conflict(present, release) }
      return false
    }
    try storage.prepareForWriting()
    for file in release.files {
      guard let path = files.first(where: { $0.lastComponent?.string == file.name.text }) else {
        throw .bundleMismatch(path: file.name.text, reason: "the file is missing")
      }
      let piece = FilePiece(path: path, offset: 0, length: file.size)
      if try storage.size(of: RepositoryLayout.blob(file.digest)) == file.size { continue }
      try piece.requireDigest(file.digest, name: file.name.text)
      try storage.upload(piece, digest: file.digest, to: RepositoryLayout.blob(file.digest))
    }
    if try storage.create(RepositoryLayout.release(release.name, release.version), release.bytes) { return true }
    if let winner = try self.release(release.name, release.version), winner.files != release.files {
      throw conflict(winner, release)
    }
    return false
  }

  private func conflict(_ present: Release, _ offered: Release) -> ArtifactError {
    .releaseConflict(
      offered.name, offered.version, published: present.digest.hex, offered: offered.digest.hex, repository: location)
  }

  /// A release; nil if there is none of that name and version.
  public func release(_ name: ArtifactName, _ version: ReleaseVersion) throws(ArtifactError) -> Release? {
    let key = RepositoryLayout.release(name, version)
    guard let bytes = try storage.read(key, limit: ManifestLimits.file) else { return nil }
    do throws(ManifestFault) {
      return try Release(parsing: bytes, name: name, version: version)
    } catch {
      throw .badManifest(key, reason: error.reason, repository: location)
    }
  }

  /// The release of a version, whichever type it has; a semantic one first.
  public func release(_ name: ArtifactName, _ text: String) throws(ArtifactError) -> Release {
    var isVersion = false
    for kind in ReleaseVersion.Kind.allCases {
      guard let version = ReleaseVersion(text, kind: kind) else { continue }
      isVersion = true
      if let found = try release(name, version) { return found }
    }
    guard isVersion else { throw .invalidVersion(text, .static) }
    throw .unknownVersion(name, text, known: try versions(of: name).map(\.text), repository: location)
  }

  /// The versions of a name, of both types, sorted by text; empty for an unknown name.
  public func versions(of name: ArtifactName) throws(ArtifactError) -> [ReleaseVersion] {
    var found: [ReleaseVersion] = []
    for kind in ReleaseVersion.Kind.allCases {
      for entry in try storage.list(RepositoryLayout.releases(kind, name), recursive: false) {
        guard entry.name.hasSuffix(".json"), let version = ReleaseVersion(entry.name.dropLast(5), kind: kind) else {
          continue
        }
        found.append(version)
      }
    }
    return found.sorted { $0.text < $1.text }
  }

  /// Writes the files of a release into a directory that exists, each verified before it appears.
  public func fetch(_ release: Release, into directory: FilePath) throws(ArtifactError) {
    for file in release.files {
      let path = directory.appending(file.name.text)
      let segment = Manifest.Segment(kind: "file", name: file.name.text, digest: file.digest, size: file.size)
      try receiveAgain(segment) { () throws(ArtifactError) in
        let draft = try onFiles { () throws(SystemCallError) in try FileReplacement(of: path, permissions: 0o755) }
        let target = draft.file
        try receive(segment) { (bytes) throws(ArtifactError) in
          try onFiles { () throws(SystemCallError) in try FileSystem.write(bytes, to: target, path: path) }
        }
        do throws(SystemCallError) { try draft.commit(.durable) } catch { throw .file(error) }
      }
    }
  }
}
