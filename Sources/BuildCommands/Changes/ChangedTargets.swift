internal import BuildFiles
public import Diagnostics
internal import PythonPackaging
internal import SystemSupport
public import TargetGraph
public import Workspace

/// The targets that a change of files affects.
///
/// Files whose content determines which targets exist, such as BUILD files, macros, configuration and ignore rules, are
/// not compared. Instead, the targets of the commit and the current targets are compared. So are dependencies if files
/// appear or disappear. Of a lockfile, requirements count as changed if their wheels, including the wheels of
/// transitive dependencies, differ from before.
public struct ChangedTargets {
  let workspace: Workspace
  let resolver: DependencyResolver
  var graph: TargetGraph { resolver.graph }
  /// The rough approximations, with reasons.
  public internal(set) var warnings: [Diagnostic] = []

  /// Over the targets of a workspace.
  public init(_ workspace: Workspace, _ resolver: DependencyResolver) {
    self.workspace = workspace
    self.resolver = resolver
  }

  /// The targets that differ from a revision, and the requested dependents, by address.
  ///
  /// - Parameters:
  ///   - revision: any that git knows; its merge base with the checked-out commit is compared with the existing files,
  ///     including uncommitted ones.
  ///   - depth: which dependents.
  /// - Throws: `GitError`, `SystemCallError`, and the errors of the resolver.
  public mutating func find(since revision: String, depth: DependentsDepth) throws -> [TargetID] {
    let git = workspace.git
    let head = resolver.graph.rememberedGit?.commit
    // git compares commits while Kilt checks all files: usually the commit is the one of the last run.
    let (asked, version) = performBeside(
      { Result { () throws(GitError) in try git.difference(since: revision, head: head) } },
      {
        Result {
          // All files first, in one walk: the graph's, and those that git would check in addition.
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
    return try find(changed, from: difference.base, to: nil, depth: depth)
  }

  /// The targets that differ between two commits in the form of git's `diff`, such as `main...topic` or `HEAD~2..HEAD`.
  public mutating func find(between difference: String, depth: DependentsDepth) throws -> [TargetID] {
    let git = workspace.git
    let (base, end) = try git.ends(ofDifference: difference)
    return try find(try git.changedFiles(between: difference), from: base, to: end, depth: depth)
  }

  /// - Parameters:
  ///   - paths: the files that differ.
  ///   - base: the earlier commit.
  ///   - end: the later one; nil for the files there are.
  private mutating func find(
    _ paths: [String], from base: String, to end: String?, depth: DependentsDepth
  ) throws -> [TargetID] {
    if paths.isEmpty { return [] }
    var found = ChangeSet()
    try addOwners(of: paths, from: base, to: &found)
    let entries = Set(try workspace.git.entries(of: base, among: paths).map(\.path))
    if try needsComparison(paths, known: entries) {
      do {
        let old = try version(at: base)
        let new = try end.map { try version(at: $0) } ?? (resolver: resolver, workspace: workspace)
        try compare(old, new, paths, &found)
      } catch let error where error is any DiagnosableError || error is DiagnosticList {
        if error is GitError { throw error }
        // The current targets have been resolved: the error is in a commit.
        try resolver.resolveAll()
        found.changed = Set(graph.allTargets)
        warnings.append(
          Diagnostic(
            .input, "cannot read the targets of commit \(GitRepository.short(base)): treating all targets as changed",
            notes: (error as? any DiagnosableError).map { [$0.diagnostic.summary] } ?? []))
      }
    } else {
      try addLocks(paths, from: base, to: end, &found)
    }
    return try listed(found, depth)
  }

  private func listed(_ found: ChangeSet, _ depth: DependentsDepth) throws -> [TargetID] {
    guard depth != .none else { return graph.sortedByAddress(Array(found.holders.union(found.changed))) }
    let seeds = found.changed.union(found.besides)
    let affected = try resolver.affected(by: Array(seeds), depth: depth)
    return graph.sortedByAddress(Array(found.holders.union(affected)))
  }

  // MARK: Files

  /// The targets whose files differ.
  private func addOwners(of paths: [String], from base: String, to found: inout ChangeSet) throws {
    for path in paths {
      if let file = graph.files.file(at: path) {
        for owner in graph.owners(of: file) {
          if graph.type(of: owner) == .lockfile || graph.type(of: owner) == .generatorSources {
            found.holders.insert(owner)
          } else {
            found.changed.insert(owner)
          }
        }
        found.changed.formUnion(graph.starters(of: path))
      }
      found.changed.formUnion(graph.foreignOwners(of: path))
      switch Paths.lastComponent(path) {
      case "__init__.py", "__init__.pyi": found.besides.formUnion(graph.targets(ofFilesBelow: Paths.parent(path)))
      default: break
      }
    }
    found.changed.formUnion(try users(ofFiles: Set(paths), configuresTests: try configureTests(paths, from: base)))
  }

  /// Targets that read files which are not dependencies.
  private func users(ofFiles paths: Set<String>, configuresTests: Bool) throws -> Set<TargetID> {
    var found: Set<TargetID> = []
    for id in graph.allTargets {
      switch graph.type(of: id) {
      case .pythonTest: if configuresTests { found.insert(id) }
      case .pythonDistribution:
        if let path = graph[id].value(of: "long_description_path").string, paths.contains(path) { found.insert(id) }
      case .pexBinary:
        let target = graph[id]
        if let path = target.value(of: "executable").string,
          paths.contains(Paths.join(target.address.directory, path))
        {
          found.insert(id)
        }
        let platforms = target.strings(of: "complete_platforms")
        if !platforms.isEmpty, try graph.completePlatforms(of: target).contains(where: paths.contains) {
          found.insert(id)
        }
      case .pythonRequirement:
        // Projects in directories of the workspace are built from their current files.
        for text in graph[id].strings(of: "requirements") {
          guard let start = text.range(ofText: "@ file:") else { continue }
          let path = String(text[start...].prefix { $0 != " " && $0 != ";" && $0 != "#" })
          if paths.contains(where: { Paths.contains(path, $0) }) { found.insert(id) }
        }
      default: continue
      }
    }
    return found
  }

  /// Whether differing files configure pytest, or did.
  private func configureTests(_ paths: [String], from base: String) throws -> Bool {
    let concerned = paths.filter(PytestFiles.names.contains)
    if concerned.isEmpty { return false }
    let before = try workspace.git.contents(of: try workspace.git.entries(of: base, among: concerned))
    for path in concerned {
      let texts = [before[path], try current(path, workspace)].compactMap { $0 }.map {
        String(decoding: $0, as: UTF8.self)
      }
      for (name, mark) in PytestFiles.ofPytest + PytestFiles.ofCoverage where name == path {
        if mark.isEmpty { return true }
        if texts.contains(where: { $0.split(whereSeparator: \.isNewline).contains { $0.hasPrefix(mark) } }) {
          return true
        }
      }
    }
    return false
  }

  // MARK: Comparing

  private typealias Version = (resolver: DependencyResolver, workspace: Workspace)

  /// The targets as a commit has them.
  private func version(at commit: String) throws -> Version {
    let earlier = try EarlierWorkspace(
      workspace, graph.files, at: commit, changed: try workspace.git.filesChanged(from: commit))
    return (try resolver.earlier(earlier), earlier.workspace)
  }

  /// Whether differing files can create other targets, or change dependencies.
  ///
  /// - Parameter known: those among `paths` that the commit has.
  private func needsComparison(_ paths: [String], known: Set<String>) throws -> Bool {
    var isPythonChanged = false
    for path in paths {
      guard let file = graph.files.file(at: path), known.contains(path) else {
        if workspace.isAlwaysLeftOut(path) { continue }
        // One that is left out now was left out before, where no rule differs.
        if known.contains(path), FileSystem.exists(workspace.root.appending(path)) { continue }
        return true
      }
      if graph.decidesTargets(file) || workspace.decidesTargets(path) { return true }
      if path.hasSuffix(".py") || path.hasSuffix(".pyi") { isPythonChanged = true }
    }
    // The distribution that owns a file depends on the dependencies of all distributions.
    return isPythonChanged && graph.allTargets.count { graph.type(of: $0) == .pythonDistribution } > 1
  }

  private mutating func compare(
    _ old: Version, _ new: Version, _ paths: [String], _ found: inout ChangeSet
  ) throws {
    let comparison = try TargetComparison(old.resolver, new.resolver)
    found.changed.formUnion(here(comparison.changed, new.resolver).filter { !isHolder($0) })
    found.holders.formUnion(here(comparison.changed, new.resolver).filter { isHolder($0) })
    found.besides.formUnion(here(comparison.besides, new.resolver))
    let distributions = try Self.distributions(old.resolver)
    for (name, parts) in try Self.distributions(new.resolver) where distributions[name] != parts {
      if let id = graph.target(named: name) { found.changed.insert(id) }
    }
    let (before, after) = (old.workspace.configuration, new.workspace.configuration)
    if before.testing != after.testing {
      found.changed.formUnion(graph.allTargets.filter { graph.type(of: $0) == .pythonTest })
    }
    try addLocks(paths, old.workspace, new.workspace, &found)
  }

  private func isHolder(_ id: TargetID) -> Bool {
    graph.type(of: id) == .lockfile || graph.type(of: id) == .generatorSources
  }

  /// The targets here that have the names of targets of another resolver.
  private func here(_ ids: Set<TargetID>, _ other: DependencyResolver) -> Set<TargetID> {
    if other === resolver { return ids }
    return Set(ids.compactMap { graph.target(named: other.graph.name(of: $0)) })
  }

  /// The contents of each distribution: its files, and the distributions that own others.
  private static func distributions(_ resolver: DependencyResolver) throws -> [String: Set<String>] {
    let graph = resolver.graph
    let ids = graph.allTargets.filter { graph.type(of: $0) == .pythonDistribution }
    guard ids.count > 1 else { return [:] }
    var owners = DistributionOwners()
    var found: [String: Set<String>] = [:]
    for id in ids {
      var parts: Set<String> = []
      do {
        for part in try owners.closure(of: id, resolver) where graph.file(of: part) != nil {
          let owner = try owners.owner(of: part, resolver)
          let provides = owner.map { "\(graph.name(of: $0)) \(graph[$0].value(of: "provides"))" } ?? "nobody"
          parts.insert(owner == id ? graph.name(of: part) : provides)
        }
      } catch let error as any DiagnosableError {
        // It cannot be built now, but it could have been built before.
        parts.insert(error.diagnostic.summary)
      }
      found[graph.name(of: id)] = parts
    }
    return found
  }
}

/// The changes found.
struct ChangeSet {
  /// Changed themselves; dependents do not matter.
  var holders: Set<TargetID> = []
  var changed: Set<TargetID> = []
  /// Not changed themselves, but their build inputs are.
  var besides: Set<TargetID> = []
}

extension String {
  /// The position after the first occurrence of another text.
  fileprivate func range(ofText text: String) -> Index? { firstRange(of: text)?.upperBound }
}
