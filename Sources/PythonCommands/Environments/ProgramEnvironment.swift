public import BuildCommands
internal import BuildFiles
internal import Diagnostics
public import PythonEnvironments
internal import PythonPackaging
public import SystemSupport
public import TargetGraph
public import Workspace

/// An environment for code of the workspace: for `kilt run` and `kilt repl`.
public struct ProgramEnvironment: Sendable {
  public var python: PythonEnvironment
  /// The source roots of the code, absolute.
  public var sources: [FilePath]
  /// The directory of links to the code, with its generated files; nil for code of a whole resolve, which is imported
  /// from the workspace itself.
  public private(set) var tree: FilePath?

  /// The environment that some targets need together.
  ///
  /// - Parameter further: packages that are wanted besides where the lock has them.
  /// - Throws: `Diagnostic`: targets of several resolves, a requirement that is not locked.
  public init(
    of ids: [TargetID], further: [String] = [], resolver: DependencyResolver, workspace: Workspace,
    environments: ClosureEnvironments, builder: TargetBuilder
  ) throws {
    let graph = resolver.graph
    // Of all transitive dependencies, the first with a resolve determines it; the others must agree.
    let closure = Set(try resolver.buildDependencies(of: ids) + ids).sorted()
    let leading = (ids + closure).first { graph.resolve(of: graph[$0]) != nil } ?? ids[0]
    let target = graph[leading]
    let parts = try ClosureParts(closure, of: target, in: resolver)
    var made = GeneratedFiles()
    try builder.together([leading]) { _ in
      made = try builder.made(parts.made, projects: parts.projects, for: target.address)
    }
    python = try environments.environment(
      of: parts.requirements, lockfile: graph.lockfile(of: target),
      constraints: graph.interpreterConstraints(of: target), for: target.address,
      further: further.compactMap { PackageName($0) }, local: made.wheels)
    let tree = try ProgramTree(parts, made, workspace: workspace).write()
    sources = parts.sourceRoots.union(made.sourceRoots).sorted().map { $0.isEmpty ? tree : tree.appending($0) }
    self.tree = tree
  }

  /// The environment of everything in a resolve, with all source roots that have Python files.
  public init(
    ofResolve lockfile: String?, further: [String] = [], resolver: DependencyResolver, workspace: Workspace,
    environments: ClosureEnvironments
  ) throws {
    python = try environments.environment(
      ofLock: lockfile, constraints: workspace.configuration.interpreterConstraints,
      further: further.compactMap { PackageName($0) })
    sources = resolver.graph.pythonSourceRoots.map { workspace.root.appending($0) }
  }

  /// This process's environment, `NAME=value`, with the code importable: also for programs that it starts.
  public func variables(_ own: [String]) -> [String] {
    func value(_ name: String) -> String? {
      own.last { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.count + 1)) }.flatMap {
        $0.isEmpty ? nil : $0
      }
    }
    let changed = [
      "PYTHONPATH": (sources.map(\.string) + (value("PYTHONPATH").map { [$0] } ?? [])).joined(separator: ":"),
      "PATH": ([python.scripts.string] + (value("PATH").map { [$0] } ?? [])).joined(separator: ":"),
      "VIRTUAL_ENV": python.path.string,
    ]
    // For another interpreter than this one.
    let dropped = Set(changed.keys).union(["PYTHONHOME"])
    return own.filter { !dropped.contains(String($0.prefix { $0 != "=" })) }
      + changed.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
  }

  /// The arguments with which its Python runs a module as a program. As `-m`, but without the working directory on
  /// `sys.path`, where a file of any name could replace a module.
  public static func arguments(running module: String) -> [String] { Interpreter.arguments(running: module) }
}

extension TargetGraph {
  /// The source roots that have Python targets, from the workspace root, sorted.
  public var pythonSourceRoots: [String] {
    var found: Set<String> = []
    for id in allTargets {
      guard self[id].type == .pythonSource || self[id].type == .pythonTest, let file = self[id].file,
        let root = sourceRoots.root(of: Paths.parent(files.path(of: file)))
      else { continue }
      found.insert(root)
    }
    return found.sorted()
  }
}
