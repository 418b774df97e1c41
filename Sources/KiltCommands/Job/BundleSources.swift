internal import BuildCommands
internal import BuildFiles
internal import TargetGraph
internal import Workspace

/// The files of this checkout that the bundle of an artifact contains, and the targets that own them.
struct BundleSources {
  /// The targets by file, without BUILD files and lockfiles.
  private(set) var targets: [String: [String]] = [:]
  /// Sources and BUILD files of everything that the binary depends on, and the lockfiles of the workspace.
  private(set) var paths: [String] = []

  /// Nil if no binary of the workspace builds the artifact.
  init?(ofArtifact name: String, _ global: GlobalOptions) throws {
    let session = try WorkspaceSession(global)
    let graph = session.graph
    let all = try graph.select(try session.parse(["::"]))
    let binaries = try session.resolver.binaries(among: all).filter { graph.artifactName(of: graph[$0]) == name }
    guard binaries.count == 1 else { return nil }
    let reached = binaries + (try session.resolver.transitiveDependencies(of: binaries))
    paths = try session.resolver.files(of: reached) + session.workspace.configuration.resolves.map(\.lockfile)
    for target in reached {
      let address = graph.address(of: target).description
      for file in try session.resolver.files(of: [target]) { targets[file, default: []].append(address) }
    }
  }

  /// The targets that own a file of the bundle: the path in a bundle begins below a source root.
  func targets(ofBundleFile path: String) -> [String] {
    if let found = targets[path] { return found }
    return targets.filter { $0.key.hasSuffix("/" + path) }.flatMap(\.value)
  }
}
