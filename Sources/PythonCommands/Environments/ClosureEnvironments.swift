public import BuildCommands
public import BuildFiles
public import ContentStore
internal import Diagnostics
internal import Digests
public import PythonEnvironments
public import PythonPackaging
internal import SystemSupport
public import Workspace

/// The resolved wheels of code, before any of them is unpacked. Wheels of lockfiles can be missing from the store.
struct ResolvedClosure {
  var interpreter: Interpreter
  /// All of them, tools included, by name.
  var wheels: [ResolvedWheel]
  /// The wheels of the tools and their dependencies: a part of ``wheels``.
  var toolWheels: [ResolvedWheel]
}

/// Environments of code of the workspace, for this machine. Used by one thread.
public final class ClosureEnvironments {
  let workspace: Workspace
  let store: ContentStore
  let wheels: PlatformWheels
  let finder: InterpreterFinder
  private let directory: EnvironmentDirectory
  private var toolLocks: [PythonTool: Lockfile] = [:]
  /// Those that were made, or found whole, in this run.
  private var made: [SHA256Digest: PythonEnvironment] = [:]
  private var chosen: [Choice: [ResolvedWheel]] = [:]

  /// The inputs of the resolution of wheels, so that it runs once for tests with the same requirements.
  private struct Choice: Hashable {
    var lock: String
    var interpreter: FilePath
    var requirements: [String]
  }

  /// - Parameter note: called with texts for the user.
  public init(_ workspace: Workspace, store: ContentStore, note: @escaping (String) -> Void = { _ in }) {
    self.workspace = workspace
    self.store = store
    wheels = PlatformWheels(workspace, store: store, note: note)
    finder = InterpreterFinder(cacheFile: store.root.appending("interpreters.json"))
    directory = EnvironmentDirectory(store)
  }

  /// The environment of requirements of the workspace.
  ///
  /// - Parameters:
  ///   - further: packages of the lock that are wanted as well, where it has them.
  ///   - local: wheels of the workspace's own distributions.
  ///   - address: whose requirements they are, for messages.
  public func environment(
    of requirements: [(text: String, address: Address)], lockfile: String?, constraints: [String], for address: Address,
    further: [PackageName] = [], local: [LocalWheel] = []
  ) throws -> PythonEnvironment {
    let target = try wheels.target(constraints)
    guard let interpreter = target.interpreter else { throw Self.foreign(target) }
    var found = try locked(requirements, further, lockfile: lockfile, target, for: address)
    try wheels.fetch(found)
    try Self.add(local, to: &found)
    return try directory.environment(of: found, for: interpreter)
  }

  /// All requirements of a lockfile, for this machine.
  func wheels(
    ofLock lockfile: String, constraints: [String], further: [PackageName] = []
  ) throws -> (interpreter: Interpreter, wheels: [ResolvedWheel]) {
    let target = try wheels.target(constraints)
    guard let interpreter = target.interpreter else { throw Self.foreign(target) }
    let lock = try wheels.lock(lockfile)
    var wanted: [Requirement] = []
    for root in Set(lock.roots.map { $0.name }).union(further).sorted() { wanted.append(Requirement(name: root)) }
    let packages = try wheels.lock(lockfile, for: wanted, on: target).subset(of: wanted, for: target, path: lockfile)
    return (interpreter, try wheels.wheels(of: packages, for: target))
  }

  /// The environment of everything in a lockfile; empty without a lockfile.
  public func environment(
    ofLock lockfile: String?, constraints: [String], further: [PackageName] = []
  ) throws -> PythonEnvironment {
    guard let lockfile else {
      let target = try wheels.target(constraints)
      guard let interpreter = target.interpreter else { throw Self.foreign(target) }
      return try directory.environment(of: [], for: interpreter)
    }
    let (interpreter, found) = try wheels(ofLock: lockfile, constraints: constraints, further: further)
    return try directory.environment(of: found, for: interpreter)
  }

  /// The wheels of requirements with tools.
  ///
  /// - Parameter plugins: packages of the lock that belong to the tools.
  func resolve(
    _ requirements: [(text: String, address: Address)], lockfile: String?, constraints: [String],
    tools: [PythonTool], plugins: TestPlugins = TestPlugins(), local: [LocalWheel] = [], for address: Address
  ) throws -> ResolvedClosure {
    let target = try wheels.target(constraints)
    guard let interpreter = target.interpreter else { throw Self.foreign(target) }
    var own: [PythonTool] = []
    var inLock: [PackageName] = []
    // The wheels of a resolve of tools; if the code uses the same resolve, nothing needs to be separate.
    let toolLock = plugins.lockfile.flatMap { $0 == lockfile ? nil : $0 }
    let provided = try toolLock.map { try wheels(ofTools: plugins.names, lockfile: $0, constraints) } ?? []
    let lock = try lockfile.map { try wheels.lock($0) }
    for tool in tools where !provided.contains(where: { $0.name == tool.packageName }) {
      if lock?.packages.contains(where: { $0.name == tool.packageName }) == true {
        inLock.append(tool.packageName)
      } else {
        own.append(tool)
      }
    }
    for name in plugins.names.compactMap({ PackageName($0) }) where !provided.contains(where: { $0.name == name }) {
      if plugins.areRequired || lock?.packages.contains(where: { $0.name == name }) == true { inLock.append(name) }
    }
    let code = try locked(requirements, inLock, lockfile: lockfile, target, for: address)
    var toolWheels = inLock.isEmpty ? [] : try locked([], inLock, lockfile: lockfile, target, for: address)
    var byName = Dictionary(code.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    for wheel in try provided + own.flatMap({ try ownWheels(of: $0, target) }) {
      // One version of a package: the version of the workspace's lockfile, for which the code was written.
      let used = byName[wheel.name] ?? wheel
      byName[wheel.name] = used
      if !toolWheels.contains(used) { toolWheels.append(used) }
    }
    var all = Array(byName.values)
    try Self.add(local, to: &all)
    return ResolvedClosure(
      interpreter: interpreter, wheels: all,
      toolWheels: toolWheels.sorted { $0.name < $1.name })
  }

  /// The tools of a resolve: pytest with its plugins of these names, or everything if no plugin is named.
  private func wheels(ofTools names: [String], lockfile: String, _ constraints: [String]) throws -> [ResolvedWheel] {
    let target = try wheels.target(constraints)
    guard let interpreter = target.interpreter else { throw Self.foreign(target) }
    let choice = Choice(lock: lockfile, interpreter: interpreter.path, requirements: ["tools"] + names)
    if let known = chosen[choice] { return known }
    let lock = try wheels.lock(lockfile)
    let named = names.compactMap { PackageName($0) }.filter { name in lock.packages.contains { $0.name == name } }
    let pytest = lock.packages.map(\.name).filter { $0 == PythonTool.pytest.packageName }
    let roots = named.isEmpty ? lock.roots.map(\.name) : named + pytest
    let wanted = Set(roots).sorted().map { Requirement(name: $0) }
    let packages = try wheels.lock(lockfile, for: wanted, on: target).subset(of: wanted, for: target, path: lockfile)
    let found = try wheels.chosenWheels(of: packages, for: target)
    chosen[choice] = found
    return found
  }

  /// Creates an environment of wheels.
  func environment(of wheels: [ResolvedWheel], for interpreter: Interpreter) throws -> PythonEnvironment {
    let key = PythonEnvironment.key(of: wheels, for: interpreter)
    if let known = made[key] { return known }
    try self.wheels.fetch(wheels)
    let environment = try directory.environment(of: wheels, for: interpreter)
    made[key] = environment
    return environment
  }

  /// Adds wheels of the workspace's own distributions, in the place of others of their names.
  static func add(_ local: [LocalWheel], to wheels: inout [ResolvedWheel]) throws {
    for wheel in local {
      guard let name = WheelFileName(wheel.fileName) else {
        throw Diagnostic(.work, "the build backend created \"\(wheel.fileName)\", which is not a wheel file name")
      }
      wheels.removeAll { $0.name == name.name }
      wheels.append(
        ResolvedWheel(
          name: name.name, version: "\(name.version)", fileName: wheel.fileName, path: wheel.path,
          sha256: wheel.content.digest, size: wheel.content.size))
    }
    wheels.sort { $0.name < $1.name }
  }

  static func foreign(_ target: PythonPlatform) -> Diagnostic {
    Diagnostic(.defect, "\(target) is not an interpreter of this machine")
  }

  private func ownWheels(of tool: PythonTool, _ target: PythonPlatform) throws -> [ResolvedWheel] {
    guard let interpreter = target.interpreter else { throw Self.foreign(target) }
    let choice = Choice(lock: tool.rawValue, interpreter: interpreter.path, requirements: [])
    if let known = chosen[choice] { return known }
    let lock =
      try toolLocks[tool]
      ?? tool.ownLock(cache: store.root, finder: finder, python: interpreter, override: workspace.indexOverride)
    toolLocks[tool] = lock
    let packages = try lock.subset(
      of: [try Requirement(tool.rawValue)], for: target, path: "\(tool.rawValue) of Kilt's cache")
    let found = try wheels.chosenWheels(of: packages, for: target)
    chosen[choice] = found
    return found
  }

  private func locked(
    _ requirements: [(text: String, address: Address)], _ further: [PackageName], lockfile: String?,
    _ target: PythonPlatform, for address: Address
  ) throws -> [ResolvedWheel] {
    guard let interpreter = target.interpreter else { throw Self.foreign(target) }
    if requirements.isEmpty, further.isEmpty { return [] }
    guard let lockfile else {
      throw wheels.noLockfile(for: requirements.first?.text ?? further[0].text, of: address)
    }
    let choice = Choice(
      lock: lockfile, interpreter: interpreter.path, requirements: requirements.map(\.text) + further.map(\.text))
    if let known = chosen[choice] { return known }
    let packages = try wheels.lockedPackages(
      of: requirements, further: further, lockfile: lockfile, on: target, for: address)
    let found = try wheels.chosenWheels(of: packages, for: target)
    chosen[choice] = found
    return found
  }
}
