internal import BuildFiles
internal import Diagnostics
internal import PythonProjects
public import Workspace

/// The environment of a target's code.
extension TargetGraph {
  /// The lockfile of a target's resolve, from the workspace root; nil if resolves are not in use and no lockfile exists
  /// for requirements without one.
  public func lockfile(of target: Target) -> String? {
    if configuration.resolves.isEmpty {
      // A program of a Python project uses the lockfile of that project's root, also for code of others.
      guard let root = configuration.projects?.root(of: target.address.directory) else { return implicitLockfile }
      return files.file(at: root.lockfile) == nil ? nil : root.lockfile
    }
    return resolve(of: target).flatMap { configuration.lockfile(ofResolve: $0) }
  }

  /// The lockfile of a repository without resolves, where it has one.
  public var implicitLockfile: String? {
    guard configuration.resolves.isEmpty, let path = configuration.implicitResolve?.lockfile else { return nil }
    return files.file(at: path) == nil ? nil : path
  }

  /// Whether a target's versions come from this resolve: without resolves, all are in the implied one.
  public func belongs(_ target: Target, to resolve: WorkspaceConfiguration.Resolve) -> Bool {
    if let root = configuration.projects?.root(of: target.address.directory), configuration.resolves.isEmpty {
      return root.lockfile == resolve.lockfile
    }
    return configuration.resolves.isEmpty || self.resolve(of: target) == resolve.name
  }

  /// The interpreters that can run a target's code, as PEP 440 specifiers: its own, or else the workspace's.
  public func interpreterConstraints(of target: Target) -> [String] {
    let constraints = target.strings(of: "interpreter_constraints")
    if !constraints.isEmpty { return constraints }
    if configuration.defaultsToResolveConstraints, let name = resolve(of: target),
      let own = configuration.resolves.first(where: { $0.name == name })?.options.interpreterConstraints, !own.isEmpty
    {
      return own
    }
    return configuration.interpreterConstraints
  }

  /// Checks that a dependency can be used together with its dependent.
  ///
  /// - Throws: `Diagnostic` if they have different resolves.
  public func checkResolve(of part: Target, in target: Target) throws {
    let resolve = resolve(of: target)
    guard let other = self.resolve(of: part), other != resolve, part.type != .lockfile else { return }
    throw Diagnostic(
      .input,
      "\"\(target.address)\" uses the resolve \"\(resolve ?? "")\" and depends on \"\(part.address)\", which uses \"\(other)\"",
      at: target.declaration.site.location(field: "resolve"),
      remedies: [
        "run `kilt paths --from \(target.address) --to \(part.address)` to see why",
        "give both the same resolve=…, or parametrize the dependency over both",
      ])
  }
}
