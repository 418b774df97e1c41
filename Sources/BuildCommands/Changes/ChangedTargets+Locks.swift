internal import BuildFiles
internal import Diagnostics
internal import PythonPackaging
internal import SystemSupport
internal import TargetGraph
internal import Workspace

extension ChangedTargets {
  /// The requirements whose wheels in lockfiles differ from an earlier commit, and the targets that need the tools in
  /// them.
  mutating func addLocks(
    _ paths: [String], from base: String, to end: String?, _ found: inout ChangeSet
  ) throws {
    let git = workspace.git
    for resolve in graph.configuration.lockedResolves where paths.contains(resolve.lockfile) {
      let before = try git.contents(of: resolve.lockfile, at: base)
      let after = try end.map { try git.contents(of: resolve.lockfile, at: $0) } ?? current(resolve.lockfile, workspace)
      try add(resolve, before, after, &found)
    }
  }

  /// The same for two versions of the workspace, whose configurations can differ.
  mutating func addLocks(
    _ paths: [String], _ old: Workspace, _ new: Workspace, _ found: inout ChangeSet
  ) throws {
    for resolve in new.configuration.lockedResolves {
      let earlier = old.configuration.lockedResolves.first { $0.name == resolve.name }
      guard paths.contains(resolve.lockfile) || earlier?.lockfile != resolve.lockfile else { continue }
      let before = try earlier.flatMap { try current($0.lockfile, old) }
      try add(resolve, before, try current(resolve.lockfile, new), &found)
    }
  }

  func current(_ path: String, _ workspace: Workspace) throws -> [UInt8]? {
    do {
      return try workspace.read(path)
    } catch let error as SystemCallError {
      guard error.isMissing else { throw error }
      return nil
    }
  }

  private mutating func add(
    _ resolve: WorkspaceConfiguration.Resolve, _ before: [UInt8]?, _ after: [UInt8]?, _ found: inout ChangeSet
  ) throws {
    if before == after { return }
    let requirements = graph.allTargets.filter {
      graph.type(of: $0) == .pythonRequirement && graph.belongs(graph[$0], to: resolve)
    }
    let tests = graph.allTargets.filter { id in
      guard graph.type(of: id) == .pythonTest else { return false }
      return graph.configuration.testing.pytestResolve == resolve.name || graph.belongs(graph[id], to: resolve)
    }
    let distributions = graph.allTargets.filter { graph.type(of: $0) == .pythonDistribution }
    let isDefault = graph.configuration.resolves.isEmpty || resolve.name == graph.configuration.defaultResolve
    let path = resolve.lockfile
    guard let before, let after else {
      found.changed.formUnion(requirements + tests + (isDefault ? distributions : []))
      return
    }
    let old: Lockfile
    let new: Lockfile
    do throws(LockError) {
      old = try LockfileReader.parse(before, path: path, root: workspace.root)
      new = try LockfileReader.parse(after, path: path, root: workspace.root)
    } catch {
      warnings.append(
        Diagnostic(
          .input,
          "cannot compare \"\(path)\" with its old version: treating all its requirements as changed",
          notes: [error.diagnostic.summary]))
      found.changed.formUnion(requirements + tests + (isDefault ? distributions : []))
      return
    }
    var known: [Requirement: Bool] = [:]
    func isChanged(_ requirement: Requirement) -> Bool {
      if let known = known[requirement] { return known }
      let isChanged =
        old.closure(of: requirement.name, extras: requirement.extras)
        != new.closure(of: requirement.name, extras: requirement.extras)
      known[requirement] = isChanged
      return isChanged
    }
    for id in requirements {
      // An invalid requirement is in neither lockfile, and is reported when it is locked.
      let isConcerned = graph[id].strings(of: "requirements").contains { text in
        (try? Requirement(text)).map(isChanged) ?? false
      }
      if isConcerned { found.changed.insert(id) }
    }
    // Tests run with the lockfile's pytest; distributions are built with the lockfile's build backends.
    let tools = ["pytest", "coverage"] + graph.configuration.testing.pytestPlugins
    if tools.compactMap({ PackageName($0) }).contains(where: { isChanged(Requirement(name: $0)) }) {
      found.changed.formUnion(tests)
    }
    if isDefault, old.packages != new.packages { found.changed.formUnion(distributions) }
  }
}
