public import ContentStore
public import Digests
public import TargetGraph
public import Workspace

/// What targets would be built from now: the lists whose digests are the keys of their builds.
public struct TargetInputs {
  private let resolver: DependencyResolver
  private let packager: BundlePackager

  /// The inputs of targets of a resolver.
  public init(workspace: Workspace, resolver: DependencyResolver, store: ContentStore) {
    self.resolver = resolver
    // The commit is in a bundle's name, never in its inputs: git need not be asked.
    packager = BundlePackager(
      workspace: workspace, resolver: resolver, store: store, version: SourceVersion(commit: nil, dirtyFiles: []))
  }

  /// Those of the targets of which something is built, and what plain targets among them list.
  public func buildable(among ids: [TargetID]) throws -> [TargetID] { try resolver.binaries(among: ids) }

  /// The inputs of a target of which something is built.
  public func current(of id: TargetID) throws -> InputList { try packager.inputs(of: id) }
}
