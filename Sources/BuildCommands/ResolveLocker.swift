internal import BuildFiles
internal import Diagnostics
public import PythonPackaging
public import SystemSupport
public import TargetGraph
public import Workspace

/// Makes the lockfile of a resolve from the requirements that the workspace's targets name.
public struct ResolveLocker {
  private let workspace: Workspace
  private let graph: TargetGraph

  public init(workspace: Workspace, graph: TargetGraph) {
    self.workspace = workspace
    self.graph = graph
  }

  /// A lockfile as it is meant to be, and what it was.
  public struct Locked: Sendable {
    /// From the workspace root.
    public var path: String
    public var lockfile: Lockfile
    public var previous: Lockfile?
  }

  /// The resolves of the workspace, or the one that is named.
  public func resolves(named name: String?) throws -> [WorkspaceConfiguration.Resolve] {
    let all = workspace.configuration.resolves
    guard let name else {
      if all.isEmpty {
        throw Diagnostic(
          .input, "\(workspace.configuration.path) names no resolve",
          remedies: ["add to it:\n[python.resolves]\ndefault = \"3rdparty/python/default.lock\""])
      }
      return all
    }
    guard let resolve = all.first(where: { $0.name == name }) else {
      throw Diagnostic(
        .input, "there is no resolve \"\(name)\"", notes: ["there are " + all.map(\.name).joined(separator: ", ")],
        remedies: Suggestions.remedy(for: name, among: all.map(\.name)).map { [$0] } ?? [])
    }
    return [resolve]
  }

  /// Resolves anew, keeping the versions of the lockfile that is there where they still fit. One that can not be read, as
  /// after a merge with conflicts, is written anew.
  public func lock(_ resolve: WorkspaceConfiguration.Resolve, store: FilePath) throws -> Locked {
    let finder = InterpreterFinder(cacheFile: store.appending("interpreters.json"))
    let constraints = try InterpreterConstraint.parse(workspace.configuration.interpreterConstraints)
    let python = try finder.find(constraints)
    let index = try IndexConfiguration.ofPip([python.path] + finder.all().map(\.path))
    let resolver = UvResolver(uv: try UvTool.find(cache: store, python: python), python: python, index: index)
    var previous: Lockfile?
    do {
      previous = try self.previous(resolve)
    } catch LockError.unreadable {
      previous = nil
    }
    let lockfile = try resolver.lock(try request(resolve), keeping: previous)
    return Locked(path: resolve.lockfile, lockfile: lockfile, previous: previous)
  }

  /// Writes a lockfile; returns false when it is as it was.
  public func write(_ locked: Locked) throws -> Bool {
    try locked.lockfile.write(to: workspace.root.appending(locked.path))
  }

  /// What no longer agrees between a lockfile and the requirements; asks no network.
  public func staleness(_ resolve: WorkspaceConfiguration.Resolve) throws -> [String] {
    guard let lockfile = try previous(resolve) else { return ["it is not there"] }
    return lockfile.staleness(against: try request(resolve))
  }

  private func previous(_ resolve: WorkspaceConfiguration.Resolve) throws -> Lockfile? {
    let path = workspace.root.appending(resolve.lockfile)
    return FileSystem.exists(path)
      ? try Lockfile(parsing: try FileSystem.read(path), path: resolve.lockfile) : nil
  }

  private func request(_ resolve: WorkspaceConfiguration.Resolve) throws -> LockRequest {
    var requirements: Set<Requirement> = []
    for id in graph.allTargets {
      let target = graph[id]
      guard target.type == .pythonRequirement, graph.resolve(of: target) == resolve.name else { continue }
      for text in target.strings(of: "requirements") {
        do {
          requirements.insert(try Requirement(text))
        } catch {
          throw Diagnostic(.input, "\"\(text)\" of \"\(target.address)\" is no requirement: \(error)")
        }
      }
    }
    if requirements.isEmpty {
      throw Diagnostic(
        .input, "no target of the resolve \"\(resolve.name)\" names a requirement",
        remedies: ["add python_requirements() to a BUILD file beside a requirements.txt"])
    }
    return LockRequest(requirements: Array(requirements), requiresPython: try requiresPython())
  }

  /// One range that holds all Pythons the workspace's constraints admit: uv takes one, constraints are alternatives.
  private func requiresPython() throws -> SpecifierSet {
    let constraints = try InterpreterConstraint.parse(workspace.configuration.interpreterConstraints)
    if constraints.count == 1 { return constraints[0].specifiers }
    let minors = (UInt64(6)...60).filter { minor in constraints.contains { $0.mayAdmit(major: 3, minor: minor) } }
    guard let first = minors.first, let last = minors.last, !constraints.isEmpty else {
      return SpecifierSet(">=3.8") ?? SpecifierSet()
    }
    return SpecifierSet(last == 60 ? ">=3.\(first)" : ">=3.\(first),<3.\(last + 1)") ?? SpecifierSet()
  }
}
