internal import BuildCommands
public import ContentStore
public import Diagnostics
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
    /// Why tools are not in it.
    public var missing: [Diagnostic]
  }

  /// Writes the environment of a resolve, with the workspace's source roots importable.
  ///
  /// - Parameter programs: tools that belong in it too. Of a package that both need, the version is that of the resolve.
  public func export(
    _ resolve: WorkspaceConfiguration.Resolve, with programs: [LockedProgram] = []
  ) throws -> Exported {
    let constraints = workspace.configuration.interpreterConstraints
    var (interpreter, wheels) = try environments.wheels(ofLock: resolve.lockfile, constraints: constraints)
    var missing: [Diagnostic] = []
    for program in programs {
      do {
        for wheel in try environments.wheels(of: program, constraints: constraints).wheels
        where !wheels.contains(where: { $0.name == wheel.name }) {
          wheels.append(wheel)
        }
      } catch let error as any DiagnosableError {
        // The code's packages are worth having without it.
        var diagnostic = error.diagnostic
        diagnostic.summary = "the environment lacks \(program.package): \(diagnostic.summary)"
        missing.append(diagnostic)
      }
    }
    wheels.sort { $0.name < $1.name }
    let version = interpreter.facts.version.description
    let folder = "dist/export/python/virtualenvs/\(resolve.name)"
    try workspace.createOutputFolder(workspace.root.appending(folder))
    let environment = VirtualEnvironment(
      path: workspace.root.appending(folder).appending(version), interpreter: interpreter, wheels: wheels,
      sources: graph.pythonSourceRoots.map { $0.isEmpty ? workspace.root : workspace.root.appending($0) })
    let isNew = try environment.write(store)
    return Exported(
      resolve: resolve.name, path: folder + "/" + version, version: version, packages: wheels.count, isNew: isNew,
      missing: missing)
  }
}
