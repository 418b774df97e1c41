internal import Artifacts
internal import Diagnostics
internal import Digests
internal import JobModel
internal import Zip

/// Reads the contents of instances' bundles from the scheduler's artifact repository.
struct BundleFactsReader: Sendable {
  /// Nil for a scheduler without a repository.
  let repository: String?

  /// The code segment of a bundle is read whole, up to this many bytes.
  static let largestCode: Int64 = 64 << 20
  /// Bytes of the files of a bundle together.
  static let largestContents = 128 << 20

  /// The facts of each bundle of the instances, each once. If the artifact repository does not answer, the facts say
  /// so: the scheduler's own knowledge is an answer without them. Blocks.
  func facts(of found: [Whence]) -> [BundleFacts] {
    var artifacts: [TaskArtifact] = []
    for artifact in found.flatMap(\.instance.artifacts) where artifact.hashType == .git {
      if !artifacts.contains(artifact) { artifacts.append(artifact) }
    }
    return artifacts.map(facts)
  }

  private func facts(of artifact: TaskArtifact) -> BundleFacts {
    var facts = BundleFacts(
      artifact: artifact.name, commit: artifact.version, platform: artifact.platform ?? "",
      digest: artifact.digest ?? "", branch: artifact.branch, isOnMain: artifact.isOnMainBranch ?? false)
    do {
      guard let location = repository else {
        facts.problem = "the scheduler has no artifact repository"
        return facts
      }
      let repository = try Repository(opening: location)
      guard let commit = Commit(artifact.version) else { return facts }
      let key = ManifestKey(
        name: try ArtifactName(validating: artifact.name), commit: commit,
        platform: try ArtifactPlatform(validating: facts.platform))
      guard let manifest = try repository.manifest(key), manifest.digest.hex == facts.digest else {
        facts.problem = "the artifact repository no longer has this artifact"
        return facts
      }
      facts.target = manifest.target
      facts.branch = manifest.branch
      facts.isOnMain = manifest.isOnMain
      facts.builder = manifest.builder
      facts.buildURL = manifest.buildURL
      facts.segments = manifest.segments.map {
        BundleFacts.Segment(kind: $0.kind, name: $0.name, digest: $0.digest.hex, size: Int($0.size))
      }
      facts.files = try files(of: manifest, repository)
    } catch {
      facts.problem = (error as? any DiagnosableError)?.diagnostic.summary ?? "\(error)"
    }
    return facts
  }

  /// The workspace's files in the bundle; nil for more than is read.
  private func files(of manifest: Manifest, _ repository: Repository) throws -> [BundleFacts.File]? {
    var files: [BundleFacts.File] = []
    for segment in manifest.segments where segment.kind == "code" {
      guard let bytes = try repository.bytes(of: segment, limit: Self.largestCode) else { return nil }
      try ZipRun.forEachMember(of: bytes, archive: manifest.fileName, limit: Self.largestContents) { path, contents in
        files.append(BundleFacts.File(path: path, digest: SHA256Digest.of(contents).hex, size: contents.count))
      }
    }
    return files
  }
}
