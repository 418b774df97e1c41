internal import BuildFiles
internal import Diagnostics
internal import Snapshot
internal import Workspace

/// Resolves the dependencies of targets on request, and remembers them. Used by one thread; it reads source files on
/// two threads of its own.
public final class DependencyResolver {
  /// The targets.
  public let graph: TargetGraph
  let sources: any GraphSources
  /// Files that this run has checked, and read if necessary: their records in the state are valid.
  let verified: RowFlags
  /// Directories whose package files, and all above, are among them.
  let verifiedPackages: RowFlags
  /// Files that stat(2) was asked about in this run: their rows' stat columns hold.
  let looked: RowFlags
  /// Whether all files are among them.
  var hasLookedAtAll = false
  /// The dependents of each target, once requested.
  var reversed: ReversedEdges?
  private var explicitOfGenerator: [TargetID: (ExplicitDependencies, marks: Set<UInt32>)] = [:]
  private var lockfiles: [String: TargetID]?
  let modules: ModuleMap
  /// The lookups for the target that is being resolved.
  private(set) var trace = LookupTrace()
  /// The warnings so far about imports.
  var findings = ImportFindings()
  /// Providers of names that are ambiguous except for a field that names one of them, by target.
  var settledByNaming: [TargetID: Set<TargetID>] = [:]
  /// The results so far of inference without fields, if requested.
  var inferredEdges: [TargetID: [TargetID]] = [:]
  /// What Python projects declare, by directory, as far as it was needed.
  var declaredOfProject: [String: Set<String>] = [:]
  var visibility = VisibilityState()
  /// Whether artifacts' names are known to differ.
  var hasCheckedArtifacts = false
  /// The types among the targets from which Pants generates Python code that imports can mean.
  lazy var codeGenerators = Set(
    graph.allTargets.lazy.filter { self.graph.type(of: $0) == .foreign }.map {
      self.graph[$0].declaration.typeName
    }.filter { $0.hasPrefix("protobuf_source") || $0.hasPrefix("thrift_source") }
  ).sorted()
  lazy var hasVisibilityRules = graph.hasVisibilityRules

  /// A resolver over these targets.
  public init(graph: TargetGraph, sources: some GraphSources) {
    self.graph = graph
    self.sources = sources
    modules = ModuleMap(graph)
    verified = RowFlags(count: graph.files.fileCount)
    verifiedPackages = RowFlags(count: graph.files.directoryCount)
    looked = RowFlags(count: graph.files.fileCount)
  }

  /// The direct dependencies of a target, in the order of addresses.
  ///
  /// - Throws: `Diagnostic` for an address that does not exist; `DiagnosticList` for dependencies that visibility rules
  ///   deny; the errors of `sources`.
  public func dependencies(of id: TargetID) throws -> [TargetID] {
    // A generator's fields apply to the targets it generates.
    if graph.isGenerator(id) { return graph.generated(by: id) }
    try readImports(of: [id])
    let row = graph.store.targets[id.index]
    if row.has(TargetRow.edgesKnown) {
      findings.take(from: row, of: id, in: graph.store)
      let known = graph.store.files.list(row.edges).map { TargetID(Int($0)) }
      try checkVisibility(of: id, known)
      return known
    }
    trace = LookupTrace()
    findings.begin(id)
    let found = try work(out: id)
    try graph.store.note(found, of: id, findings: findings[id], trace: trace)
    try checkVisibility(of: id, found)
    return found
  }

  /// All transitive dependencies of targets, without the targets themselves unless a cycle leads back to them.
  ///
  /// Omits the targets that `!!` excludes for a target in `ids`.
  public func transitiveDependencies(of ids: [TargetID]) throws -> [TargetID] {
    var reached = ContiguousArray<Bool>(repeating: false, count: graph.count)
    var excluded: Set<TargetID> = []
    for id in ids { excluded.formUnion(try explicit(of: id).transitivelyExcluded) }
    var level = ids
    while !level.isEmpty {
      try readImports(of: level)
      var next: [TargetID] = []
      for id in level {
        for dependency in try dependencies(of: id) where !reached[dependency.index] {
          reached[dependency.index] = true
          next.append(dependency)
        }
      }
      level = next
    }
    return reached.indices.lazy.map { TargetID($0) }.filter { id in
      reached[id.index] && !excluded.contains(id) && !(self.graph[id].generator.map(excluded.contains) ?? false)
    }
  }

  /// The result of ``transitiveDependencies(of:)`` in Pants' form: without generators, but with their generated targets
  /// unless excluded.
  public func listedTransitiveDependencies(of ids: [TargetID]) throws -> [TargetID] {
    try transitiveDependencies(of: ids).filter { !graph[$0].isGenerator || graph.generated(by: $0).isEmpty }
  }

  /// The targets, with each generator replaced by its generated targets: the form in which Pants lists dependencies. A
  /// generator that generates nothing stays.
  public func expandingGenerators(_ ids: [TargetID]) -> [TargetID] {
    Set(
      ids.flatMap { id in
        let generated = graph[id].isGenerator ? graph.generated(by: id) : []
        return generated.isEmpty ? [id] : generated
      }
    ).sorted(by: graph.store.precedes)
  }

  /// Resolves the dependencies of every target.
  public func resolveAll() throws {
    let open = hasLookedAtAll && !hasVisibilityRules ? openTargets() : graph.allTargets
    try readImports(of: open)
    // In the order of addresses, so that of several errors the same one is always thrown.
    for id in graph.sortedByAddress(open.filter { !isSettled($0) }) { _ = try dependencies(of: id) }
  }

  /// The targets with unknown facts or pending messages, once all files were checked: one pass over the rows.
  private func openTargets() -> [TargetID] {
    let store = graph.store
    let rows = store.targets[0..<store.targets.count]
    let files = store.files.files[0..<store.files.files.count]
    let isGenerator = (0..<256).map { TargetType(code: UInt8($0)).generated != nil }
    let isSource = (0..<256).map { TargetType(code: UInt8($0)).isPythonSource }
    var found: [TargetID] = []
    for index in 0..<rows.count {
      let row = rows[index]
      if row.has(TargetRow.dead) { continue }
      var isKnown = row.generator == 0 && isGenerator[Int(row.type)]
      if !isKnown { isKnown = row.has(TargetRow.edgesKnown) && row.findings.count == 0 }
      if isKnown, row.file != 0, isSource[Int(row.type)] {
        let flags = files[Int(row.file - 1)].flags
        isKnown = flags & (FileRow.importsKnown | FileRow.importsStale) == FileRow.importsKnown
      }
      if !isKnown { found.append(TargetID(index)) }
    }
    return found
  }

  /// Whether the row of a target, whose files were checked, contains its dependencies, without pending messages.
  func isSettled(_ id: TargetID) -> Bool {
    let row = graph.store.targets[id.index]
    return graph.isGenerator(id)
      || row.has(TargetRow.edgesKnown) && row.findings.count == 0 && !hasVisibilityRules
  }

  /// Throws if targets depend on each other in a cycle without a file. Cycles through
  /// files are allowed: only the wording of fields decides which of their targets are whole and which are files.
  public func checkCycles(from ids: [TargetID]) throws {
    var state = ContiguousArray<UInt8>(repeating: 0, count: graph.count)
    // Files are never a part of the path: each begins one of its own.
    var roots = ContiguousArray(ids.reversed())
    while let root = roots.popLast() {
      guard state[root.index] == 0 else { continue }
      // A separate stack: a chain of dependencies can be longer than the thread's stack allows.
      var path: [(id: TargetID, next: Int)] = [(root, 0)]
      state[root.index] = 1
      while let (id, next) = path.last {
        let dependencies = try dependencies(of: id)
        guard next < dependencies.count else {
          state[id.index] = 2
          path.removeLast()
          continue
        }
        path[path.count - 1].next += 1
        let dependency = dependencies[next]
        if graph.generator(of: dependency) != nil, graph.file(of: dependency) != nil {
          if state[dependency.index] == 0 { roots.append(dependency) }
        } else if state[dependency.index] == 0 {
          state[dependency.index] = 1
          path.append((dependency, 0))
        } else if state[dependency.index] == 1 {
          // A plugin's type can generate targets of files, among which the cycle would be fine.
          let circle = path.drop { $0.id != dependency }
          if circle.contains(where: { graph.type(of: $0.id) == .foreign }) { continue }
          // Python projects can declare each other.
          if circle.allSatisfy({ graph.type(of: $0.id) == .pythonRequirement }) { continue }
          throw cycle(through: dependency, path.map(\.id))
        }
      }
    }
  }

  private func cycle(through id: TargetID, _ path: [TargetID]) -> Diagnostic {
    let start = path.firstIndex(of: id) ?? 0
    let lines = (path[start...] + [id]).map { graph.address(of: $0).description }
    return Diagnostic(
      .input, "targets depend on each other in a cycle", at: graph[id].declaration.site.location(),
      notes: [lines.joined(separator: "\n-> ")],
      remedies: ["name files instead of whole targets in one of the `dependencies` fields: cycles of files are allowed"]
    )
  }

  /// The targets that a target's fields name. Generated targets without their own field share their generator's.
  func explicit(of id: TargetID) throws -> ExplicitDependencies {
    let target = graph[id]
    guard let generator = target.generator, !target.hasOwnDependencies else {
      return try graph.explicitDependencies(of: target, trace: trace)
    }
    if let (known, marks) = explicitOfGenerator[generator] {
      trace.add(marks)
      return known
    }
    let own = LookupTrace()
    let found = try graph.explicitDependencies(of: target, trace: own)
    explicitOfGenerator[generator] = (found, own.marks)
    trace.add(own.marks)
    return found
  }

  private func work(out id: TargetID) throws -> [TargetID] {
    let explicit = try explicit(of: id)
    var found = Set(explicit.included)
    for dependency in try inferred(for: id, explicit) where !explicit.excludes(dependency, in: graph) {
      found.insert(dependency)
    }
    found.remove(id)
    return found.sorted(by: graph.store.precedes)
  }

  /// The dependencies of a target from its sources and fields, apart from `dependencies`.
  func inferred(for id: TargetID, _ explicit: ExplicitDependencies) throws -> Set<TargetID> {
    let target = graph[id]
    switch target.type {
    case .pythonSource, .pythonTest: return try inferredFromFile(id, explicit)
    case .pexBinary: return try inferredFromEntryPoint(id, explicit)
    case .pythonDistribution: return try inferredFromDistribution(id, explicit)
    case .pythonRequirement:
      var found: Set<TargetID> = []
      // As in Pants, requirements written in a BUILD file do not depend on the lockfile.
      guard let generator = target.generator else { return [] }
      found.formUnion(graph.generated(by: generator).filter { graph[$0].type == .generatorSources })
      if let resolve = graph.resolve(of: id), let path = graph.configuration.lockfile(ofResolve: resolve) {
        trace.add(path: path)
        if let lockfile = lockfile(of: resolve) { found.insert(lockfile) }
      }
      return found
    default: return []
    }
  }

  private func lockfile(of resolve: String) -> TargetID? {
    if lockfiles == nil {
      var found: [String: TargetID] = [:]
      for resolve in graph.configuration.resolves {
        guard let file = graph.files.file(at: resolve.lockfile) else { continue }
        found[resolve.name] = graph.owners(of: file).first { graph[$0].type == .lockfile }
      }
      lockfiles = found
    }
    return lockfiles?[resolve]
  }
}
