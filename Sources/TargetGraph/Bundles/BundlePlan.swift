public import BuildFiles
internal import Diagnostics
internal import Workspace

/// The contents and the program of the bundle of a `pex_binary`: all inputs of packaging that come from the graph.
public struct BundlePlan: Sendable {
  /// A file of the workspace and its path in the bundle.
  public struct File: Sendable, Hashable {
    /// The path from the workspace root.
    public var path: String
    /// The path in the bundle: that from the source root.
    public var bundlePath: String
    /// Whether it is Python source, not a resource.
    public var isPython: Bool

    public init(path: String, bundlePath: String, isPython: Bool) {
      self.path = path
      self.bundlePath = bundlePath
      self.isPython = isPython
    }
  }

  /// A third-party requirement that the code needs.
  public struct Requirement: Sendable, Hashable {
    /// The project's normalized name (PEP 503): the name to look up in the lockfile.
    public var name: String
    /// The requirement as written (PEP 508).
    public var text: String
    /// The target that it comes from.
    public var address: Address
    /// Whether it names a project of the workspace, which represents all of the project's declared requirements.
    public var isProject = false
  }

  /// The target.
  public var target: TargetID
  /// Its address.
  public var address: Address
  /// The artifact's name: the field `artifact`, or the last directory and the target's name.
  public var artifact: String
  /// The file to write, from the output directory, where the target names it.
  public var outputPath: String?
  /// The program of the bundle; nil if it only contains code.
  public var entryPoint: BundleEntryPoint?
  /// The code and resources, by path in the bundle.
  public var files: [File]
  /// The requirements of the code, by name; versions come from the lockfile.
  public var requirements: [Requirement]
  /// The resolve; nil where resolves are not in use.
  public var resolve: String?
  /// The lockfile of the resolve, from the workspace root; it need not be there yet.
  public var lockfile: String?
  /// The interpreters that can run the bundle (one of them must match), as PEP 440 specifiers.
  public var interpreterConstraints: [String]
  /// Arguments before those of the command line.
  public var args: [String]
  /// Environment variables set at start, by name.
  public var env: [(name: String, value: String)]
  /// All targets in the bundle, the binary among them.
  public var closure: [TargetID]
}

extension TargetGraph {
  /// The artifact's name of a binary (DESIGN section 6): the field `artifact`, or the last directory and the target's
  /// name, one word where they are equal.
  public func artifactName(of target: Target) -> String {
    if let name = target.value(of: "artifact").string { return name }
    let name = (target.address.generated ?? target.address.name)
    let directory = Paths.lastComponent(target.address.directory)
    let parameters = target.address.parameters.map { "_" + $0.value }.joined()
    let base = directory.isEmpty || directory == name ? name : directory + "_" + name
    return base + parameters
  }

  /// The binaries by artifact name.
  ///
  /// - Throws: `Diagnostic` if two binaries have one name, or if a name cannot be a file name.
  public func binariesByArtifact() throws -> [String: TargetID] {
    var found: [String: TargetID] = [:]
    for id in allTargets where type(of: id) == .pexBinary {
      let target = self[id]
      let name = artifactName(of: target)
      let site = target.declaration.site
      guard !name.isEmpty, !name.contains(where: { "/@ ".contains($0) }), name.first != "." else {
        throw Diagnostic(
          .input, "\"\(name)\" cannot be the name of an artifact", at: site.location(field: "artifact", text: name))
      }
      if let other = found.updateValue(id, forKey: name) {
        throw Diagnostic(
          .input, "\"\(address(of: other))\" and \"\(target.address)\" are both named \"\(name)\" as artifacts",
          at: site.location(field: "artifact"), remedies: ["give one of them artifact=\"another_name\""])
      }
    }
    return found
  }
}

extension DependencyResolver {
  /// The plan of a binary's bundle.
  ///
  /// - Throws: `Diagnostic` if the target is not a binary, if its resolve is unknown or differs from its dependencies',
  ///   if its entry point is missing, or if another binary has its artifact's name.
  public func bundlePlan(for id: TargetID) throws -> BundlePlan {
    let target = graph[id]
    guard target.type == .pexBinary else {
      throw Diagnostic(
        .input, "cannot build a bundle of \"\(target.address)\": it is a \(target.typeName)",
        at: target.declaration.site.location(), remedies: ["declare a pex_binary for it"])
    }
    try checkArtifactNames()
    return try plan(for: id, artifact: graph.artifactName(of: target), entryPoint: try graph.entryPoint(of: target))
  }

  /// Checks, once in a run, that no two binaries have one artifact's name.
  ///
  /// - Throws: as ``TargetGraph/binariesByArtifact()``.
  public func checkArtifactNames() throws {
    if hasCheckedArtifacts { return }
    _ = try graph.binariesByArtifact()
    hasCheckedArtifacts = true
  }

  /// The plan of a bundle that runs one Python file of the workspace, with all its transitive dependencies.
  ///
  /// - Throws: `Diagnostic` if the target is not a Python file or is in no source root; as ``bundlePlan(for:)`` does.
  public func bundlePlan(ofSource id: TargetID) throws -> BundlePlan {
    let target = graph[id]
    guard let file = target.file, target.type.isPythonSource,
      let module = graph.moduleName(ofFile: graph.files.path(of: file))
    else {
      throw Diagnostic(
        .input, "cannot run \"\(target.address)\": it is not a Python file in a source root",
        at: target.declaration.site.location())
    }
    return try plan(
      for: id, artifact: module.split(separator: ".").joined(separator: "_"),
      entryPoint: .module(module, function: nil))
  }

  private func plan(for id: TargetID, artifact: String, entryPoint: BundleEntryPoint?) throws -> BundlePlan {
    let target = graph[id]
    let resolve = graph.resolve(of: target)
    try graph.checkResolveIsDefined(of: target)
    let closure = try buildDependencies(of: [id])
    try checkCycles(from: [id])
    try checkProjects(of: closure + [id])
    var requirements: [String: BundlePlan.Requirement] = [:]
    let parts = closure + (target.file == nil ? [] : [id])
    for dependency in parts {
      let part = graph[dependency]
      try graph.checkResolve(of: part, in: target)
      switch part.type {
      case .pythonSource, .pythonTest, .resource: try checkPlace(of: part)
      case .pythonRequirement:
        for text in part.strings(of: "requirements") {
          guard let line = RequirementLine(text) else { continue }
          requirements[text] = BundlePlan.Requirement(
            name: line.normalizedName, text: line.text, address: part.address,
            isProject: part.declaration.typeName == TargetType.projectDependencies)
        }
      default: continue
      }
    }
    let files = try ProgramFiles(parts, self).byPlace(for: target) { try sources.read($0) }
    let includesSources = target.value(of: "include_sources").bool ?? true
    let includesRequirements = target.value(of: "include_requirements").bool ?? true
    return BundlePlan(
      target: id, address: target.address, artifact: artifact,
      outputPath: try graph.outputPath(of: target), entryPoint: entryPoint,
      files: includesSources
        ? files.map { BundlePlan.File(path: $0.path, bundlePath: $0.place, isPython: $0.isPython) } : [],
      requirements: includesRequirements ? requirements.values.sorted { ($0.name, $0.text) < ($1.name, $1.text) } : [],
      resolve: resolve, lockfile: graph.lockfile(of: target),
      interpreterConstraints: graph.interpreterConstraints(of: target),
      args: target.strings(of: "args"),
      env: (target.value(of: "env").map ?? []).compactMap { entry in
        entry.key.string.map { ($0, entry.value.string ?? "") }
      },
      closure: graph.sortedByAddress(closure + [id]))
  }

  /// The binaries among `ids`, and those that plain `target`s among them depend on, directly or through other `target`s.
  public func binaries(among ids: [TargetID]) throws -> [TargetID] {
    var found: Set<TargetID> = []
    var seen: Set<TargetID> = []
    var pending = ids
    while let id = pending.popLast() {
      guard seen.insert(id).inserted else { continue }
      switch graph.type(of: id) {
      case .pexBinary: found.insert(id)
      case .target, .pexBinaries: pending += try dependencies(of: id)
      default: continue
      }
    }
    return graph.sortedByAddress(Array(found))
  }

  /// The targets among `ids` that have products, and those that plain `target`s among them list.
  public func packages(among ids: [TargetID]) throws -> [TargetID] {
    var found: [TargetID] = []
    let seen = RowFlags(count: graph.count)
    var pending = ids
    while let id = pending.popLast() {
      if seen[id.index] { continue }
      seen[id.index] = true
      switch graph.type(of: id) {
      case .pexBinary, .archive, .pythonDistribution: found.append(id)
      case .target, .pexBinaries: pending += try dependencies(of: id)
      default: continue
      }
    }
    return graph.sortedByAddress(found)
  }

  /// Refuses a file without a path in a bundle.
  private func checkPlace(of part: Target) throws {
    guard let path = part.file.map({ graph.files.path(of: $0) }), graph.sourceRoots.root(of: Paths.parent(path)) == nil
    else { return }
    throw Diagnostic(
      .input, "cannot add \"\(path)\" to a bundle: it is not in a source root",
      at: part.declaration.site.location(),
      notes: ["source roots: " + graph.configuration.sourceRoots.joined(separator: ", ")])
  }
}

extension TargetGraph {
  /// Refuses a target whose resolve the configuration does not define.
  public func checkResolveIsDefined(of target: Target) throws {
    guard let resolve = resolve(of: target), configuration.lockfile(ofResolve: resolve) == nil else { return }
    let names = configuration.resolves.map(\.name)
    let isDefault = target.value(of: "resolve").string == nil
    throw Diagnostic(
      .input,
      "\"\(target.address)\" uses the \(isDefault ? "default " : "")resolve \"\(resolve)\", which \(configuration.path) does not define",
      at: target.declaration.site.location(field: "resolve", text: resolve),
      notes: ["defined resolves: " + names.joined(separator: ", ")],
      remedies: Suggestions.remedy(for: resolve, among: names).map { [$0] } ?? [])
  }
}
