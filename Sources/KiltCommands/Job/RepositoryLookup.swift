internal import Artifacts
internal import Diagnostics
internal import Digests
internal import JobFiles
internal import JobModel
internal import Synchronization
internal import Workspace

/// Answers what job files ask about artifacts: from the repository, and from git for what is on the main branch.
///
/// The repository is opened by the first question: a job without artifacts needs none.
final class RepositoryLookup: ArtifactLookup {
  private let workspace: Workspace
  private let opened = Mutex<Repository?>(nil)

  init(workspace: Workspace) { self.workspace = workspace }

  private var repository: Repository {
    get throws {
      try opened.withLock { opened in
        if let opened { return opened }
        let repository = try workspace.repository()
        opened = repository
        return repository
      }
    }
  }

  func artifact(for request: ArtifactRequest) throws -> TaskArtifact {
    let repository = try repository
    if let kind = ReleaseVersion.Kind(rawValue: request.hashType.rawValue) {
      let name = try ArtifactName(validating: request.name)
      // A range would name other files tomorrow.
      let version = try ReleaseVersion(validating: request.version, kind: kind)
      guard let release = try repository.release(name, version) else {
        throw ArtifactError.unknownVersion(
          name, version.text, known: try repository.versions(of: name).map(\.text), repository: repository.location)
      }
      return TaskArtifact(
        name: request.name, hashType: request.hashType, version: version.text, digest: release.digest.hex,
        size: Int(release.size))
    }
    let platform = try request.platform.map { try ArtifactPlatform(validating: $0) } ?? .current
    let reference = try ArtifactReference(parsing: "\(request.name)@\(request.version)")
    let evidence = try repository.resolveEvidence(reference, platform: platform)
    let manifest = evidence.manifest
    return TaskArtifact(
      name: request.name, hashType: .git, version: manifest.key.commit.text, platform: platform.text,
      digest: manifest.digest.hex, size: Int(manifest.size), branch: manifest.branch,
      isOnMainBranch: try isOnMain(evidence, repository))
  }

  /// A commit may have been merged since it was published: a later publication says so, and git, where it knows the commit.
  private func isOnMain(_ evidence: Evidence, _ repository: Repository) throws(ArtifactError) -> Bool {
    let manifest = evidence.manifest
    if try repository.publications(of: evidence).contains(where: { $0.manifest.isOnMain }) { return true }
    do {
      return try workspace.git.isAncestor(
        manifest.key.commit.text, ofBranch: workspace.configuration.mainBranch)
    } catch {
      return false
    }
  }
}
