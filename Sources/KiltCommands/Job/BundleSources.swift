internal import BuildCommands
internal import BuildFiles
internal import TargetGraph
internal import Workspace

/// The files of this checkout that the bundle of an artifact is made of.
enum BundleSources {
  /// Sources and BUILD files of everything that the binary depends on, and the lockfiles of the workspace; nil when no
  /// binary of the workspace makes the artifact.
  static func paths(ofArtifact name: String, _ global: GlobalOptions) throws -> [String]? {
    let session = try WorkspaceSession(global)
    let graph = session.graph
    let all = try graph.select(try session.parse(["::"]))
    let binaries = try session.resolver.binaries(among: all).filter { graph.artifactName(of: graph[$0]) == name }
    guard binaries.count == 1 else { return nil }
    let targets = binaries + (try session.resolver.transitiveDependencies(of: binaries))
    return try session.resolver.files(of: targets) + session.workspace.configuration.resolves.map(\.lockfile)
  }
}
