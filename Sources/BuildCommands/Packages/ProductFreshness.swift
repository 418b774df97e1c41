internal import BuildFiles
internal import Snapshot
internal import SystemSupport
internal import TargetGraph
internal import Workspace

/// Tells of which targets the packages that were built before are what would be built now, by the state alone: no source
/// is read for it, and no key computed. What rests on more than the state knows of is never remembered.
///
/// A package rests on its target and all that it depends on (``ClosureState``), on the machine (``MachineRecord``), and on
/// which other packages there are: for artifacts' names, and for what belongs to a distribution.
final class ProductFreshness {
  private let workspace: Workspace
  private let resolver: DependencyResolver
  private let wheels: PlatformWheels
  private let state: WorkspaceState
  private var closures: [TargetID: ClosureState] = [:]
  private var machine: MachineRecord?
  private var machineIdentity: [UInt8]?
  /// The latest change in the closure of any distribution.
  private lazy var distributionsChangedAt: UInt32? = latestChangeOfDistributions()
  private lazy var needsMore: NeedsMore = NeedsMore(workspace, resolver.graph, wheels)

  /// Nil where no state is kept.
  init?(_ workspace: Workspace, _ resolver: DependencyResolver, _ wheels: PlatformWheels) {
    guard let state = resolver.graph.state, state.isKept else { return nil }
    self.workspace = workspace
    self.resolver = resolver
    self.wheels = wheels
    self.state = state
  }

  /// Looks at all that targets depend on. This has to be done before anything is built: a file that changes later is then
  /// seen to have changed in the next run.
  func begin(_ ids: [TargetID]) {
    do {
      for (id, closure) in zip(ids, try resolver.closureStates(of: ids)) { closures[id] = closure }
    } catch {
      // Building meets the same error, and says it where it belongs.
      closures = [:]
    }
  }

  /// What is remembered of a target's package, provided it is what would be built now.
  ///
  /// - Throws: as ``TargetGraph/binariesByArtifact()``.
  func recall(_ id: TargetID) throws -> ProductRecord? {
    guard let closure = closures[id], !closure.hasCommands,
      let (bytes, generation) = resolver.graph.rememberedBuild(of: id), closure.changedAt <= generation
    else { return nil }
    if resolver.graph.packagesChangedAt > generation {
      if closure.hasDistributions { return nil }
      try resolver.checkArtifactNames()
    }
    if closure.hasDistributions {
      guard let latest = distributionsChangedAt, latest <= generation else { return nil }
    }
    guard let record = ProductRecord(bytes: bytes), record.machine == currentMachine() else { return nil }
    return record
  }

  /// Remembers a package that was just built, or found to be what would be built.
  ///
  /// - Throws: `SnapshotError`; as ``DependencyResolver/isUntouched(closureOf:)``.
  func remember(_ id: TargetID, artifact: String?, files: [ProductRecord.File], notes: [String]) throws {
    guard let closure = closures[id], !closure.hasCommands, !needsMore.concerns(id, closure, resolver.graph),
      !closure.hasDistributions || distributionsChangedAt != nil, let machine = machineToRemember()
    else { return }
    // A bundle compares what it packs with the digests of its key. What else is made of sources may have been made of what
    // stood in them for a moment.
    if closure.hasDistributions || resolver.graph.type(of: id) != .pexBinary {
      guard try resolver.isUntouched(closureOf: id) else { return }
    }
    let record = ProductRecord(machine: machine, artifact: artifact, files: files, notes: notes)
    try resolver.graph.remember(record.bytes, ofBuild: id)
  }

  private func latestChangeOfDistributions() -> UInt32? {
    let graph = resolver.graph
    let ids = graph.allTargets.filter { graph.type(of: $0) == .pythonDistribution }
    // Building meets the same error, and says it.
    guard let states = try? resolver.closureStates(of: ids) else { return nil }
    return states.map(\.changedAt).max() ?? 0
  }

  // MARK: The machine

  /// What stands for the machine as it is now; nil when nothing was remembered of it, or it is another.
  private func currentMachine() -> [UInt8]? {
    if let machineIdentity { return machineIdentity }
    guard let known = MachineRecord(bytes: resolver.graph.rememberedMachine) else { return nil }
    let isSame: Bool
    if known.isCurrent {
      isSame = true
    } else {
      // Taken before anything is looked at.
      let capture = state.captureTime()
      let now = machine ?? MachineRecord(workspace, wheels)
      machine = now
      isSame = now.finds(known)
      if isSame { keep(now, capture: capture) }
    }
    machineIdentity = isSame ? known.identity : []
    return machineIdentity
  }

  /// Keeps where was looked now, for the next run not to look for the same again. What stands for the machine stays.
  private func keep(_ now: MachineRecord, capture: Int64) {
    guard !now.isRacy(capture: capture) else { return }
    do {
      try resolver.graph.remember(machine: now.bytes)
    } catch {
      // Without memory for it the next run looks again.
      return
    }
  }

  /// Remembers the machine; nil when what was found may change unseen.
  private func machineToRemember() -> [UInt8]? {
    if let current = currentMachine(), !current.isEmpty { return current }
    // Taken before anything is looked at.
    let capture = state.captureTime()
    let now = MachineRecord(workspace, wheels)
    machine = now
    guard !now.isRacy(capture: capture) else { return nil }
    do {
      try resolver.graph.remember(machine: now.bytes)
    } catch {
      // Without memory for it nothing is remembered.
      return nil
    }
    machineIdentity = now.identity
    return machineIdentity
  }
}

/// Packages that rest on files which are in no closure.
private struct NeedsMore {
  /// Binaries that name files by path.
  private var binaries: Set<TargetID> = []
  private var distributionsReadFiles = false
  /// Whether a lock has projects in folders of this machine.
  private var locksHaveFolders = false

  init(_ workspace: Workspace, _ graph: TargetGraph, _ wheels: PlatformWheels) {
    for id in graph.allTargets {
      switch graph.type(of: id) {
      case .pexBinary:
        let target = graph[id]
        if !target.strings(of: "complete_platforms").isEmpty || target.value(of: "executable").string != nil {
          binaries.insert(id)
        }
      case .pythonDistribution:
        if graph[id].value(of: "long_description_path").string != nil { distributionsReadFiles = true }
      default: continue
      }
    }
    locksHaveFolders = workspace.configuration.lockedResolves.contains { wheels.mayHaveFolders($0.lockfile) }
  }

  func concerns(_ id: TargetID, _ closure: ClosureState, _ graph: TargetGraph) -> Bool {
    if locksHaveFolders || binaries.contains(id) { return true }
    if closure.hasDistributions, distributionsReadFiles { return true }
    // What is packed into an archive is not looked at one by one.
    return graph.type(of: id) != .pexBinary && !binaries.isEmpty
  }
}
