public import BuildFiles
public import ContentStore
public import Diagnostics
public import PythonPackaging
internal import SystemSupport
internal import TargetGraph
public import Workspace

/// Finds the wheels of bundles and tests, for this machine and for others: the lock of a resolve, the part of it that is
/// needed, the files. Locks are read once, and interpreters asked once, for all of a run. Used by one thread.
public final class PlatformWheels {
  private let workspace: Workspace
  private let provider: WheelProvider
  private let chooser: PythonPlatformLookup
  private let note: (String) -> Void
  private var locks: [String: Lockfile] = [:]
  private var hasNotedIsolation = false
  private var notedReferences: Set<String> = []

  /// - Parameter note: called with texts for the user.
  public init(_ workspace: Workspace, store: ContentStore, note: @escaping (String) -> Void = { _ in }) {
    self.workspace = workspace
    self.note = note
    let finder = InterpreterFinder(cacheFile: store.root.appending("interpreters.json"))
    chooser = PythonPlatformLookup(workspace, finder: finder)
    provider = WheelProvider(
      store: store, root: workspace.root, override: workspace.indexOverride
    ) { finder.all().map(\.path) }
  }

  /// The package indexes that the workspace names, besides pip's.
  var indexOverride: IndexConfiguration.Override? { workspace.indexOverride }

  /// Wheels of a bundle, and which of them belong together where it is for several platforms.
  struct Selection {
    var wheels: [ResolvedWheel] = []
    /// The file names for each platform; empty where the bundle is for one.
    var platforms: [[String]] = []
  }

  /// The wheels that a plan's requirements come to, dependencies included, by name.
  ///
  /// - Parameters:
  ///   - names: platforms as ``PythonPlatformName`` reads them, or `current`; this machine's where there are none.
  ///   - completePlatforms: files as `pex3 interpreter inspect --markers --tags` writes them, from the workspace root.
  func wheels(
    for plan: BundlePlan, platforms names: [String] = [], completePlatforms: [String] = []
  ) throws -> Selection {
    var targets = try names.map { try chooser.target(named: $0, plan) }
    targets += try completePlatforms.map { try chooser.target(completePlatform: $0) }
    if plan.requirements.isEmpty { return Selection() }
    func wheels(_ target: PythonPlatform) throws -> [ResolvedWheel] {
      try self.wheels(of: try lockedPackages(for: plan, on: target), for: target)
    }
    if targets.isEmpty { return Selection(wheels: try wheels(try chooser.host(plan.interpreterConstraints))) }
    var selection = Selection()
    var seen: Set<String> = []
    for target in targets {
      let set = try wheels(target)
      selection.platforms.append(set.map(\.fileName))
      selection.wheels += set.filter { seen.insert($0.fileName).inserted }
    }
    if selection.platforms.count == 1 { selection.platforms = [] }
    return selection
  }

  /// Refuses wheels of the workspace's own distributions that were built for this machine and not for another that a
  /// bundle is for.
  func checkOwn(_ wheels: [String], on platform: RequestedPlatform, _ plan: BundlePlan) throws {
    if wheels.isEmpty { return }
    let target = try chooser.target(named: platform.text, plan)
    for name in wheels where WheelFileName(name).map({ target.tags.rank($0) == nil }) ?? true {
      throw Diagnostic(
        .input, "\"\(plan.address)\" depends on a distribution whose wheel \(name) is not for \(target)",
        remedies: ["build it on such a machine, or make the code of the distribution pure Python"])
    }
  }

  /// The packages of the lock that a plan's requirements come to on this machine, dependencies included, by name.
  func lockedPackages(for plan: BundlePlan) throws -> [LockedPackage] {
    if plan.requirements.isEmpty { return [] }
    return try lockedPackages(for: plan, on: try chooser.host(plan.interpreterConstraints))
  }

  private func lockedPackages(for plan: BundlePlan, on target: PythonPlatform) throws -> [LockedPackage] {
    try lockedPackages(
      of: plan.requirements.map { ($0.text, $0.address) }, lockfile: try lockfile(of: plan), on: target,
      for: plan.address)
  }

  /// The packages of a lockfile to which some requirements resolve on a platform, including dependencies, by name.
  ///
  /// - Parameters:
  ///   - requirements: with the targets that they come from (PEP 508).
  ///   - further: additional packages of the lockfile.
  ///   - address: the target that needs them, for messages.
  public func lockedPackages(
    of requirements: [(text: String, address: Address)], further: [PackageName] = [], lockfile: String,
    on target: PythonPlatform, for address: Address
  ) throws -> [LockedPackage] {
    var wanted = try requirements.map { requirement in
      do {
        return try Requirement(requirement.text)
      } catch {
        throw Diagnostic(.input, "invalid requirement \"\(requirement.text)\" of \"\(requirement.address)\": \(error)")
      }
    }
    for name in further { wanted.append(Requirement(name: name)) }
    do {
      return try lock(lockfile, for: wanted, on: target).subset(of: wanted, for: target, path: lockfile)
    } catch let error as LockError {
      var diagnostic = error.diagnostic
      if case .notLocked(let name, _, _) = error,
        let origin = zip(wanted, requirements).first(where: { $0.0.name.text == name })?.1
      {
        diagnostic.notes.append("\"\(address)\" needs it through \"\(origin.address)\"")
      }
      throw diagnostic
    }
  }

  /// The shortest chain in the plan's lock from a requirement to a package; nil when it does not lead there.
  func path(from requirement: Requirement, to name: PackageName, for plan: BundlePlan) throws -> [LockedPackage]? {
    let path = try lockfile(of: plan)
    let target = try chooser.host(plan.interpreterConstraints)
    let lock = try self.lock(path, for: [requirement], on: target)
    return try lock.shortestPath(from: [requirement], to: name, for: target, path: path)
  }

  private func lockfile(of plan: BundlePlan) throws -> String {
    try plan.lockfile ?? { throw noLockfile(for: plan.requirements[0].name, of: plan.address) }()
  }

  /// Reports that no lockfile exists for a package.
  public func noLockfile(for name: String, of address: Address) -> Diagnostic {
    let summary = "\"\(address)\" needs \(name), and no lockfile contains it"
    if let path = workspace.configuration.implicitResolve?.lockfile, workspace.configuration.resolves.isEmpty {
      let isThere = FileSystem.exists(workspace.root.appending(path))
      return Diagnostic(
        .input, summary,
        notes: isThere ? ["\"\(path)\" exists, but git or pants_ignore excludes it from the workspace"] : [],
        remedies: isThere
          ? ["do not ignore it"] : ["run `kilt lock` to create \(path) from all requirements of the workspace"])
    }
    return Diagnostic(
      .input, summary,
      remedies: [
        "add to \(workspace.configuration.path):\n[python.resolves]\ndefault = \"3rdparty/python/default.lock\""
      ])
  }

  /// The interpreter for bundles with these constraints.
  func interpreter(_ constraints: [String]) throws -> Interpreter {
    try chooser.finder.find(try InterpreterConstraint.parse(constraints))
  }

  /// Every interpreter of this machine.
  func interpreters() -> [Interpreter] { chooser.finder.all() }

  /// The wheels of packages of any lock, fetched where they are not in the store, in the order of the packages.
  public func wheels(of packages: [LockedPackage], for target: PythonPlatform) throws -> [ResolvedWheel] {
    // Also of a build that failed.
    defer { noteBuilds() }
    return try provider.wheels(for: packages, target: target)
  }

  /// The wheels of packages of any lock, in the order of the packages, before wheels of the lockfile are fetched:
  /// ``fetch(_:)`` does so.
  public func chosenWheels(of packages: [LockedPackage], for target: PythonPlatform) throws -> [ResolvedWheel] {
    defer { noteBuilds() }
    return try provider.chosenWheels(for: packages, target: target)
  }

  /// Brings chosen wheels into the store.
  public func fetch(_ wheels: [ResolvedWheel]) throws { try provider.fetch(wheels) }

  private func noteBuilds() {
    for line in provider.pinnedReferences where notedReferences.insert(line).inserted { note("note: " + line) }
    guard !hasNotedIsolation, let reason = provider.missingIsolation else { return }
    hasNotedIsolation = true
    note("note: built sdists without a sandbox, with access to the network and all files: \(reason)")
  }

  /// A lockfile of the workspace.
  ///
  /// - Throws: `Diagnostic` when it is not there, ``LockError`` when it cannot be read.
  public func lock(_ path: String) throws -> Lockfile {
    if let lock = locks[path] { return lock }
    guard FileSystem.exists(workspace.root.appending(path)) else {
      throw Diagnostic(.input, "the lockfile \"\(path)\" does not exist", remedies: ["run `kilt lock`"])
    }
    let lock = try LockfileReader.read(path, root: workspace.root)
    locks[path] = lock
    return lock
  }

  /// Whether a lockfile has projects in directories of this machine, whose content is not checked again once the
  /// lockfile is known.
  func mayHaveFolders(_ path: String) -> Bool {
    guard FileSystem.exists(workspace.root.appending(path)) else { return false }
    // A target that was built with an unreadable lockfile takes nothing from it.
    guard let lock = try? lock(path) else { return false }
    return lock.packages.contains { if case .path? = $0.source { true } else { false } }
  }

  /// A lockfile of the workspace in which every package that some requirements reach lists its dependencies; lockfiles
  /// of other tools do not always.
  ///
  /// - Throws: as ``lock(_:)`` and ``WheelProvider/completed(_:for:target:path:)``.
  public func lock(_ path: String, for requirements: [Requirement], on target: PythonPlatform) throws -> Lockfile {
    try provider.completed(try lock(path), for: requirements, target: target, path: path)
  }

  /// The Python of this machine for these constraints: of the version that the configuration settles, where they admit
  /// it, or else the first of the search path that meets one of them.
  ///
  /// - Throws: `Diagnostic`, ``InterpreterError``.
  public func target(_ constraints: [String]) throws -> PythonPlatform {
    try chooser.host(constraints)
  }
}

extension InterpreterConstraint {
  /// Constraints as a workspace or a target writes them.
  static func parse(_ texts: [String]) throws -> [InterpreterConstraint] {
    try texts.map { text in
      guard let constraint = InterpreterConstraint(text) else {
        throw Diagnostic(
          .input, "invalid interpreter constraint \"\(text)\"", remedies: ["write it as in \"CPython>=3.9,<3.13\""])
      }
      return constraint
    }
  }
}
