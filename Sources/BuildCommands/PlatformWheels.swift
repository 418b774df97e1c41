public import ContentStore
internal import Diagnostics
public import PythonPackaging
internal import SystemSupport
internal import TargetGraph
public import Workspace

/// Finds the wheels of bundles and tests for this machine: the lock of a resolve, the part of it that is needed, the
/// files. Locks are read once, and interpreters asked once, for all of a run. Used by one thread.
public final class PlatformWheels {
  private let workspace: Workspace
  private let provider: WheelProvider
  private let finder: InterpreterFinder
  private var locks: [String: Lockfile] = [:]
  private var targets: [[String]: PythonTarget] = [:]

  public init(_ workspace: Workspace, store: ContentStore) {
    self.workspace = workspace
    let finder = InterpreterFinder(cacheFile: store.root.appending("interpreters.json"))
    self.finder = finder
    provider = WheelProvider(store: store) { finder.all().map(\.path) }
  }

  /// Wheels of a bundle, and which of them belong together where it is for several platforms.
  struct Selection {
    var wheels: [ResolvedWheel] = []
    /// The file names for each platform; empty where the bundle is for one.
    var platforms: [[String]] = []
  }

  /// The wheels that a plan's requirements come to, dependencies included, by name.
  /// - Parameter names: platforms as ``BundlePlatform`` reads them; this machine's where there are none.
  func wheels(for plan: BundlePlan, platforms names: [String] = []) throws -> Selection {
    let targets = try names.map { try target(named: $0, plan) }
    if plan.requirements.isEmpty { return Selection() }
    func wheels(_ target: PythonTarget) throws -> [ResolvedWheel] {
      try provider.wheels(for: try lockedPackages(for: plan, on: target), target: target)
    }
    if targets.isEmpty { return Selection(wheels: try wheels(try target(plan.interpreterConstraints))) }
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

  private func target(named name: String, _ plan: BundlePlan) throws -> PythonTarget {
    guard let wanted = BundlePlatform(name) else {
      throw Diagnostic(
        .input, "\"\(name)\", of the platforms of \"\(plan.address)\", is no platform",
        remedies: [
          "write \"linux_x86_64\", \"linux_aarch64@3.12\", \"macos_arm64\", \"manylinux_2_28_x86_64\" or \"current\""
        ])
    }
    let current = try target(plan.interpreterConstraints)
    guard let platform = wanted.platform else { return current }
    // Without a version, the Python that the bundle would be for here.
    return PythonTarget(cPython: wanted.version ?? current.version, platform: platform)
  }

  /// The packages of the lock that a plan's requirements come to on this machine, dependencies included, by name.
  func lockedPackages(for plan: BundlePlan) throws -> [LockedPackage] {
    if plan.requirements.isEmpty { return [] }
    return try lockedPackages(for: plan, on: try target(plan.interpreterConstraints))
  }

  private func lockedPackages(for plan: BundlePlan, on target: PythonTarget) throws -> [LockedPackage] {
    let path = try lockfile(of: plan)
    let requirements = try plan.requirements.map { requirement in
      do {
        return try Requirement(requirement.text)
      } catch {
        throw Diagnostic(.input, "\"\(requirement.text)\" of \"\(requirement.address)\" is no requirement: \(error)")
      }
    }
    let lock = try lock(path)
    do throws(LockError) {
      return try lock.subset(of: requirements, for: target, path: path)
    } catch {
      var diagnostic = error.diagnostic
      if case .notLocked(let name, _, _) = error, let origin = plan.requirements.first(where: { $0.name == name }) {
        diagnostic.notes.append("\"\(plan.address)\" needs it through \"\(origin.address)\"")
      }
      throw diagnostic
    }
  }

  /// The shortest chain in the plan's lock from a requirement to a package; nil when it does not lead there.
  func path(from requirement: Requirement, to name: PackageName, for plan: BundlePlan) throws -> [LockedPackage]? {
    let path = try lockfile(of: plan)
    let target = try target(plan.interpreterConstraints)
    return try lock(path).shortestPath(from: [requirement], to: name, for: target, path: path)
  }

  private func lockfile(of plan: BundlePlan) throws -> String {
    if let path = plan.lockfile { return path }
    throw Diagnostic(
      .input, "\"\(plan.address)\" needs \(plan.requirements[0].name), and there is no lockfile to take it from",
      remedies: [
        "add to \(workspace.configuration.path):\n[python.resolves]\ndefault = \"3rdparty/python/default.lock\""
      ])
  }

  /// The interpreter that bundles of these constraints are made for.
  func interpreter(_ constraints: [String]) throws -> Interpreter {
    try finder.find(try InterpreterConstraint.parse(constraints))
  }

  /// Every interpreter of this machine.
  func interpreters() -> [Interpreter] { finder.all() }

  /// The wheels of packages of any lock, fetched where they are not in the store, in the order of the packages.
  public func wheels(of packages: [LockedPackage], for target: PythonTarget) throws -> [ResolvedWheel] {
    try provider.wheels(for: packages, target: target)
  }

  /// A lockfile of the workspace.
  ///
  /// - Throws: `Diagnostic` when it is not there, ``LockError`` when it can not be read.
  public func lock(_ path: String) throws -> Lockfile {
    if let lock = locks[path] { return lock }
    let file = workspace.root.appending(path)
    guard FileSystem.exists(file) else {
      throw Diagnostic(.input, "the lockfile \"\(path)\" is not there", remedies: ["kilt lock"])
    }
    let lock = try Lockfile(parsing: try FileSystem.read(file), path: path)
    locks[path] = lock
    return lock
  }

  /// The first interpreter of the search path that meets one of the constraints.
  ///
  /// - Throws: `Diagnostic`, ``InterpreterError``.
  public func target(_ constraints: [String]) throws -> PythonTarget {
    if let target = targets[constraints] { return target }
    let target = PythonTarget(try finder.find(try InterpreterConstraint.parse(constraints)))
    targets[constraints] = target
    return target
  }
}

extension InterpreterConstraint {
  /// Constraints as a workspace or a target writes them.
  static func parse(_ texts: [String]) throws -> [InterpreterConstraint] {
    try texts.map { text in
      guard let constraint = InterpreterConstraint(text) else {
        throw Diagnostic(
          .input, "\"\(text)\" is no interpreter constraint", remedies: ["write it as in \"CPython>=3.9,<3.13\""])
      }
      return constraint
    }
  }
}
