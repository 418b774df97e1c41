internal import BuildCommands
public import ContentStore
internal import PythonEnvironments
internal import PythonPackaging
internal import SystemSupport
public import TargetGraph
public import Workspace

/// Writes a virtual environment of a whole resolve to `dist/export`, for editors.
public struct EnvironmentExporter {
  private let workspace: Workspace
  private let graph: TargetGraph
  private let store: ContentStore
  private let environments: ClosureEnvironments

  /// - Parameter note: called with texts for the user.
  public init(
    workspace: Workspace, graph: TargetGraph, store: ContentStore, note: @escaping (String) -> Void = { _ in }
  ) {
    self.workspace = workspace
    self.graph = graph
    self.store = store
    environments = ClosureEnvironments(workspace, store: store, note: note)
  }

  /// An environment that was written.
  public struct Exported: Sendable {
    public var resolve: String
    /// From the workspace root.
    public var path: String
    /// `3.11.7`.
    public var version: String
    /// The number of distributions in it.
    public var packages: Int
    /// Whether it was not so already.
    public var isNew: Bool
  }

  /// Writes the environment of a resolve, with the workspace's source roots importable.
  public func export(_ resolve: WorkspaceConfiguration.Resolve) throws -> Exported {
    let constraints = workspace.configuration.interpreterConstraints
    let (interpreter, wheels) = try environments.wheels(ofLock: resolve.lockfile, constraints: constraints)
    let version = interpreter.facts.version.description
    let folder = "dist/export/python/virtualenvs/\(resolve.name)"
    try workspace.createOutputFolder(workspace.root.appending(folder))
    let environment = VirtualEnvironment(
      path: workspace.root.appending(folder).appending(version), interpreter: interpreter, wheels: wheels,
      sources: graph.pythonSourceRoots.map { $0.isEmpty ? workspace.root : workspace.root.appending($0) })
    let isNew = try environment.write(store)
    return Exported(
      resolve: resolve.name, path: folder + "/" + version, version: version, packages: wheels.count, isNew: isNew)
  }
}
