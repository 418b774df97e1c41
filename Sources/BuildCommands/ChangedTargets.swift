internal import BuildFiles
public import Diagnostics
internal import PythonPackaging
internal import SystemSupport
public import TargetGraph
public import Workspace

/// The targets that a change of files concerns.
///
/// A lockfile is not taken as a whole: of its requirements those count as changed whose wheels, dependencies' wheels included, are
/// others than before. Nor is a requirements file: of its lines those count that are new or differ.
public struct ChangedTargets {
  private let workspace: Workspace
  private let resolver: DependencyResolver
  private var graph: TargetGraph { resolver.graph }
  /// What could be told only roughly, and why.
  public private(set) var warnings: [Diagnostic] = []

  /// Over the targets of a workspace.
  public init(_ workspace: Workspace, _ resolver: DependencyResolver) {
    self.workspace = workspace
    self.resolver = resolver
  }

  /// The targets that differ from a revision, and as many of their dependents as asked for, by address.
  ///
  /// - Parameters:
  ///   - revision: any that git knows; what it and the commit that is checked out have in common is compared with the files
  ///     there are, uncommitted ones included.
  ///   - depth: which dependents.
  /// - Throws: `GitError`, `SystemCallError`, and what the resolver throws.
  public mutating func find(since revision: String, depth: DependentsDepth) throws -> [TargetID] {
    let git = workspace.git
    let head = resolver.graph.rememberedGit?.commit
    // git compares commits while all files are looked at: most of the time the commit is the one of the last run.
    let (asked, version) = performBeside(
      { Result { () throws(GitError) in try git.difference(since: revision, head: head) } },
      {
        Result {
          // All files first, in one walk: the graph's, and what git would look at besides.
          try SourceVersion.lookAtFiles(resolver)
          if depth != .none { try resolver.resolveAll() }
          return try SourceVersion(of: workspace, resolver)
        }
      })
    let difference = try asked.get()
    let (commit, dirty) = try { ($0.commit, $0.dirtyFiles) }(version.get())
    let changed =
      try commit.map { commit throws(GitError) in
        try git.filesChanged(
          from: difference.base, head: commit, dirty: dirty, committed: commit == head ? difference.files : nil)
      } ?? git.filesChanged(from: difference.base)
    return try find(changed, before: difference.base, depth: depth)
  }

  /// The targets that differ between two commits that git's `diff` takes, as in `main...topic` or `HEAD~2..HEAD`.
  public mutating func find(between difference: String, depth: DependentsDepth) throws -> [TargetID] {
    let git = workspace.git
    return try find(
      try git.changedFiles(between: difference), before: try git.base(ofDifference: difference), depth: depth)
  }

  private mutating func find(_ paths: [String], before commit: String, depth: DependentsDepth) throws -> [TargetID] {
    var plain: [String] = []
    // Changed themselves; that others depend on them says nothing.
    var holders: Set<TargetID> = []
    var changed: Set<TargetID> = []
    for path in paths {
      let owners = graph.files.file(at: path).map { Array(graph.owners(of: $0)) } ?? []
      let whole = owners.filter { graph[$0].type == .lockfile || graph[$0].type == .generatorSources }
      guard !whole.isEmpty else {
        if path == graph.implicitLockfile {
          changed.formUnion(
            try requirements(changedInLock: path, before: try workspace.git.contents(of: path, at: commit)))
        }
        plain.append(path)
        continue
      }
      holders.formUnion(whole)
      changed.formUnion(Set(owners).subtracting(whole))
      let before = try workspace.git.contents(of: path, at: commit)
      for owner in whole {
        changed.formUnion(
          graph[owner].type == .lockfile
            ? try requirements(changedInLock: path, before: before)
            : try requirements(changedIn: path, of: graph[owner], before: before))
      }
    }
    changed.formUnion(graph.owners(ofChanged: plain))
    return graph.sortedByAddress(
      Array(holders.union(try resolver.affected(by: Array(changed), depth: depth))))
  }

  /// The requirements whose wheels a lock gives otherwise than before.
  private mutating func requirements(changedInLock path: String, before: [UInt8]?) throws -> [TargetID] {
    let resolves = graph.configuration.lockedResolves.filter { $0.lockfile == path }
    let candidates = graph.allTargets.filter { id in
      graph.type(of: id) == .pythonRequirement && resolves.contains { graph.belongs(graph[id], to: $0) }
    }
    guard let before else { return candidates }
    let old: Lockfile
    let new: Lockfile
    do throws(LockError) {
      old = try Lockfile(parsing: before, path: path)
      new = try Lockfile(parsing: try read(path), path: path)
    } catch {
      warnings.append(
        Diagnostic(
          .input,
          "\"\(path)\" has changed, and what has changed in it can not be told: all its requirements count as changed",
          notes: [error.diagnostic.summary]))
      return candidates
    }
    var known: [String: Bool] = [:]
    return candidates.filter { id in
      graph[id].strings(of: "requirements").contains { text in
        if let known = known[text] { return known }
        // What is no requirement is not in either lock, and told of when it is locked.
        guard let requirement = try? Requirement(text) else { return false }
        let isChanged =
          old.closure(of: requirement.name, extras: requirement.extras)
          != new.closure(of: requirement.name, extras: requirement.extras)
        known[text] = isChanged
        return isChanged
      }
    }
  }

  private func read(_ path: String) throws(LockError) -> [UInt8] {
    do {
      return try workspace.read(path)
    } catch {
      throw .unreadable(path: path, line: nil, reason: "\(error)")
    }
  }

  /// The requirements whose lines in a file are new, or differ from before.
  private func requirements(changedIn path: String, of source: Target, before: [UInt8]?) throws -> [TargetID] {
    guard let generator = source.generator else { return [] }
    let candidates = graph.generated(by: generator).filter { graph[$0].type == .pythonRequirement }
    // Other forms than lines are not taken apart.
    guard let before, graph[generator].type == .pythonRequirements, !path.hasSuffix(".toml") else { return candidates }
    var lines: [String: [String]] = [:]
    for line in RequirementLine.parse(file: String(decoding: before, as: UTF8.self)) {
      lines[line.normalizedName, default: []].append(line.text)
    }
    return candidates.filter { id in
      let target = graph[id]
      let name = target.address.generated.map(RequirementLine.normalize) ?? ""
      return lines[name] != target.strings(of: "requirements")
    }
  }
}
