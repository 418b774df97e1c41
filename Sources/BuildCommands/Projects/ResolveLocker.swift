internal import BuildFiles
internal import Diagnostics
public import PythonPackaging
public import SystemSupport
public import TargetGraph
public import Workspace

/// Creates the lockfile of a resolve from the requirements of the workspace's targets.
public struct ResolveLocker {
  private let workspace: Workspace
  private let graph: TargetGraph

  public init(workspace: Workspace, graph: TargetGraph) {
    self.workspace = workspace
    self.graph = graph
  }

  /// The new lockfile, and the old one.
  public struct Locked: Sendable {
    /// From the workspace root.
    public var path: String
    public var lockfile: Lockfile
    public var previous: Lockfile?
  }

  /// The resolves of the workspace, or the one that is named.
  public func resolves(named name: String?) throws -> [WorkspaceConfiguration.Resolve] {
    let all = workspace.configuration.lockedResolves
    guard let name else {
      if all.isEmpty {
        throw Diagnostic(
          .input, "\(workspace.configuration.path) does not define a resolve",
          remedies: ["add to it:\n[python.resolves]\ndefault = \"3rdparty/python/default.lock\""])
      }
      return all
    }
    guard let resolve = all.first(where: { $0.name == name }) else {
      throw Diagnostic(
        .input, "unknown resolve \"\(name)\"", notes: ["defined resolves: " + all.map(\.name).joined(separator: ", ")],
        remedies: Suggestions.remedy(for: name, among: all.map(\.name)).map { [$0] } ?? [])
    }
    return [resolve]
  }

  /// The allowed changes of locking.
  public struct Policy: Sendable {
    /// Whether all versions of the old lockfile are dropped.
    public var upgradesAll = false
    /// Packages whose versions in the old lock do not count.
    public var upgrading: Set<PackageName> = []
    /// Whether another tool's lockfile can be replaced.
    public var converts = false

    public init() {}
  }

  /// Resolves again, keeping the versions of the existing lockfile that still match. Writes an unreadable lockfile, as
  /// after a merge with conflicts, from scratch.
  ///
  /// - Parameter store: Kilt's cache directory, with uv and the facts of interpreters.
  /// - Throws: ``LockError`` and others; ``LockError/foreign(path:format:)`` for another tool's lockfile.
  public func lock(
    _ resolve: WorkspaceConfiguration.Resolve, store: FilePath, policy: Policy = Policy()
  ) throws -> Locked {
    let request = try request(resolve)
    var previous: Lockfile?
    do {
      previous = try self.previous(resolve)
    } catch LockError.unreadable {
      previous = nil
    }
    if let previous, previous.format != .kilt, !policy.converts {
      throw LockError.foreign(path: resolve.lockfile, format: previous.format)
    }
    if let unknown = policy.upgrading.first(where: { name in previous?.packages.contains { $0.name == name } != true })
    {
      let names = previous?.packages.map(\.name.text) ?? []
      throw Diagnostic(
        .input, "\"\(unknown)\" is not in \"\(resolve.lockfile)\", so it cannot be upgraded",
        remedies: Suggestions.remedy(for: unknown.text, among: names).map { [$0] } ?? [])
    }
    let finder = InterpreterFinder(cacheFile: store.appending("interpreters.json"))
    let python = try finder.find(try constraints(of: resolve))
    let index = try IndexConfiguration.ofPip([python.path] + finder.all().map(\.path))
      .overridden(by: workspace.indexOverride)
    let resolver = UvResolver(
      uv: try UvTool.find(cache: store, python: python), python: python, index: index, root: workspace.root)
    let lockfile = try resolver.lock(
      request, keeping: policy.upgradesAll ? nil : previous, upgrading: policy.upgrading)
    return Locked(path: resolve.lockfile, lockfile: lockfile, previous: previous)
  }

  /// Writes a lockfile; returns false when it is as it was.
  public func write(_ locked: Locked) throws -> Bool {
    try locked.lockfile.write(to: workspace.root.appending(locked.path))
  }

  /// The differences between a lockfile and the requirements; uses no network.
  public func staleness(_ resolve: WorkspaceConfiguration.Resolve) throws -> [String] {
    guard let lockfile = try previous(resolve) else { return ["the lockfile does not exist"] }
    return lockfile.staleness(against: try request(resolve))
  }

  private func previous(_ resolve: WorkspaceConfiguration.Resolve) throws -> Lockfile? {
    FileSystem.exists(workspace.root.appending(resolve.lockfile))
      ? try LockfileReader.read(resolve.lockfile, root: workspace.root) : nil
  }

  private func constraints(of resolve: WorkspaceConfiguration.Resolve) throws -> [InterpreterConstraint] {
    let own = resolve.options.interpreterConstraints
    return try InterpreterConstraint.parse(own.isEmpty ? workspace.configuration.interpreterConstraints : own)
  }

  private func request(_ resolve: WorkspaceConfiguration.Resolve) throws -> LockRequest {
    var requirements: Set<Requirement> = []
    for id in graph.allTargets {
      let target = graph[id]
      guard target.type == .pythonRequirement, graph.belongs(target, to: resolve) else { continue }
      for text in target.strings(of: "requirements") {
        do {
          requirements.insert(try Requirement(text))
        } catch {
          throw Diagnostic(.input, "invalid requirement \"\(text)\" of \"\(target.address)\": \(error)")
        }
      }
    }
    if requirements.isEmpty {
      throw Diagnostic(
        .input, "no target of the resolve \"\(resolve.name)\" has a requirement",
        remedies: ["add python_requirements() to a BUILD file beside a requirements.txt"])
    }
    let pythons = try constraints(of: resolve)
    let options = resolve.options
    let files = requirementsFiles(resolve)
    let constraints = try constraintTexts(resolve) + files.flatMap { $0.constraints.map(\.text) }
    return LockRequest(
      requirements: Array(requirements), constraints: try constraints.map { try parse($0, resolve) },
      overrides: try options.overrides.map { try parse($0, resolve) },
      excludes: try options.excludes.map { try name($0, resolve) },
      requiresPython: pythons.isEmpty ? SpecifierSet(">=3.8") ?? SpecifierSet() : SpecifierSet(spanning: pythons),
      platforms: try options.platforms.map { try platform($0, resolve) },
      noBinary: try names(options.noBinary, resolve), onlyBinary: try names(options.onlyBinary, resolve),
      hashes: hashes(in: files))
  }

  /// The requirements files of a resolve, read again for facts that targets do not have: constraints and hashes.
  private func requirementsFiles(_ resolve: WorkspaceConfiguration.Resolve) -> [RequirementsFile] {
    // Pants passes over every option of such files.
    if workspace.configuration.isForPants { return [] }
    return graph.allTargets.compactMap { id in
      let target = graph[id]
      guard target.type == .pythonRequirements else { return nil }
      let isOfResolve = graph.generated(by: id).contains {
        graph[$0].type == .pythonRequirement && graph.belongs(graph[$0], to: resolve)
      }
      let path = Paths.join(target.address.directory, target.value(of: "source").string ?? "requirements.txt")
      guard isOfResolve, Paths.lastComponent(path) != "pyproject.toml" else { return nil }
      return RequirementsFile(path: path) { path in
        // The graph has already reported missing files.
        graph.files.file(at: path) == nil ? nil : try? workspace.read(path)
      }
    }
  }

  /// The digests of files that requirements accept, by package; digests of several lines add up.
  private func hashes(in files: [RequirementsFile]) -> [PackageName: Set<String>] {
    var hashes: [PackageName: Set<String>] = [:]
    for line in files.flatMap(\.requirements) where !line.hashes.isEmpty {
      guard let name = PackageName(line.name) else { continue }
      hashes[name, default: []].formUnion(line.hashes)
    }
    return hashes
  }

  /// The constraints of a resolve: its own, and its file's.
  private func constraintTexts(_ resolve: WorkspaceConfiguration.Resolve) throws -> [String] {
    guard let path = resolve.options.constraintsFile else { return resolve.options.constraints }
    let text: String
    do throws(SystemCallError) {
      text = try FileSystem.readText(workspace.root.appending(path))
    } catch {
      throw Diagnostic(
        .input, "cannot read the constraints file \"\(path)\" of the resolve \"\(resolve.name)\": \(error.errno)")
    }
    return resolve.options.constraints + RequirementLine.parse(file: text).map(\.text)
  }

  private func parse(_ text: String, _ resolve: WorkspaceConfiguration.Resolve) throws -> Requirement {
    do throws(RequirementSyntaxError) {
      return try Requirement(text)
    } catch {
      throw Diagnostic(
        .input, "invalid requirement \"\(text)\" of the resolve \"\(resolve.name)\"",
        notes: ["expected \(error.expected) at column \(error.offset + 1)"])
    }
  }

  private func name(_ text: String, _ resolve: WorkspaceConfiguration.Resolve) throws -> PackageName {
    guard let name = PackageName(text) else {
      throw Diagnostic(.input, "invalid package name \"\(text)\" of the resolve \"\(resolve.name)\"")
    }
    return name
  }

  private func names(_ texts: [String], _ resolve: WorkspaceConfiguration.Resolve) throws -> Set<String> {
    Set(try texts.map { $0 == ":all:" ? $0 : try name($0, resolve).text })
  }

  private func platform(_ text: String, _ resolve: WorkspaceConfiguration.Resolve) throws -> String {
    guard WheelPlatform(name: text) != nil else {
      throw Diagnostic(
        .input, "unknown platform \"\(text)\" of the resolve \"\(resolve.name)\"",
        remedies: ["write linux_x86_64, linux_aarch64, macos_arm64, or an exact one such as manylinux_2_17_x86_64"])
    }
    return text
  }
}
