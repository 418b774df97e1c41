internal import Artifacts
internal import BuildCommands
internal import BuildFiles
internal import Bundles
internal import ContentStore
internal import Diagnostics
internal import Digests
internal import JobFiles
internal import JobModel
internal import SystemSupport
internal import TargetGraph
internal import Workspace

/// Artifacts for a task on this machine, from the local build: each is packaged from the current files, and stored in a
/// separate repository. Artifacts that no target of the workspace builds come from the workspace's repository.
final class LocalArtifacts: ArtifactLookup {
  private let session: WorkspaceSession
  private let store: ContentStore
  private let builder: TargetBuilder
  private let repository: Repository
  private let note: (String) -> Void
  /// The commit that represents the local files while a job file is loaded.
  static let version = String(repeating: "0", count: 40)

  init(_ global: GlobalOptions, repository directory: FilePath) throws {
    session = try WorkspaceSession(global)
    store = try ContentStore.userDefault()
    builder = try session.targetBuilder(store: store, cleanUp: nil)
    repository = try Repository(opening: directory.string)
    note = global.note
  }

  func artifact(for request: ArtifactRequest) throws -> TaskArtifact {
    try publish(try package(request.name), as: request.name)
  }

  /// The bundle of an artifact in `dist/`, built from the files as they are.
  func bundle(_ name: String) throws -> FilePath { try package(name).bundle.path }

  private func package(_ name: String) throws -> BundleProduct {
    let graph = session.graph
    let all = try graph.select(try session.parse(["::"]))
    let binaries = try session.resolver.binaries(among: all).filter {
      graph.artifactName(of: graph[$0]) == name
    }
    guard binaries.count == 1 else {
      throw Diagnostic(
        .input, "no pex_binary of the workspace builds the artifact \"\(name)\"",
        remedies: ["run `kilt list :: --filter-target-type=pex_binary` to list the binaries"])
    }
    try builder.prepare(binaries, jobs: availableProcessors())
    let packager = BundleProductBuilder(
      workspace: session.workspace, resolver: session.resolver, store: store,
      version: try SourceVersion(of: session.workspace, session.resolver), targets: builder)
    let packaged = try packager.package(binaries[0])
    note("\(packaged.work.rawValue)  \(packaged.relativePath)")
    return packaged
  }

  private func publish(_ packaged: BundleProduct, as name: String) throws -> TaskArtifact {
    let segments = packaged.bundle.segments.map {
      Manifest.Segment(kind: $0.kind.rawValue, name: $0.name, digest: $0.sha256, size: Int64($0.size))
    }
    // Local files have no commit. One that follows from the contents keeps bundles apart in the cache of pex-runner.
    let version = String(Manifest.treeDigest(of: segments).hex.prefix(Self.version.utf8.count))
    guard let commit = Commit(version) else { throw Diagnostic(.defect, "\"\(version)\" is not a commit") }
    let key = ManifestKey(name: try ArtifactName(validating: name), commit: commit, platform: .current)
    let manifest = Manifest(
      key: key, size: Int64(packaged.bundle.size), segments: segments, created: wallClockNanoseconds() / 1_000_000_000)
    _ = try repository.publish(manifest, file: packaged.bundle.path)
    return TaskArtifact(
      name: name, hashType: .git, version: version, platform: ArtifactPlatform.current.text,
      digest: manifest.digest.hex,
      size: Int(packaged.bundle.size), isOnMainBranch: true)
  }
}
