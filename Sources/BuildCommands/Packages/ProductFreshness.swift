internal import BuildFiles
internal import Snapshot
internal import SystemSupport
internal import TargetGraph
internal import Workspace

/// Finds targets whose products are up to date, from the saved state alone.
///
/// Reads no sources and computes no cache keys. Skips targets with inputs that the state does not track. A product
/// depends on its target with all transitive dependencies (``ClosureState``), on the machine (``MachineRecord``), and
/// on the other products: for artifacts' names, and for the files of a distribution.
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

  /// Checks all transitive dependencies of targets. Call it before anything is built: the next run then sees a file
  /// that changes later as changed.
  func begin(_ ids: [TargetID]) {
    do {
      for (id, closure) in zip(ids, try resolver.closureStates(of: ids)) { closures[id] = closure }
    } catch {
      // Building meets the same error, and says it where it belongs.
      closures = [:]
    }
  }

  /// The build record of a target, if its product is up to date.
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

  /// Records a product that was just built, or found to be up to date.
  ///
  /// - Throws: `SnapshotError`; as ``DependencyResolver/isUntouched(closureOf:)``.
  func remember(_ id: TargetID, artifact: String?, files: [ProductRecord.File], notes: [String]) throws {
    guard let closure = closures[id], !closure.hasCommands, !needsMore.concerns(id, closure, resolver.graph),
      !closure.hasDistributions || distributionsChangedAt != nil, let machine = machineToRemember()
    else { return }
    // A bundle compares its contents with the digests of its key. Other products from sources can contain temporary
    // content of their sources.
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

  /// The identity of the current machine; nil if nothing was recorded about it, or it differs.
  private func currentMachine() -> [UInt8]? {
    if let machineIdentity { return machineIdentity }
    guard let known = MachineRecord(bytes: resolver.graph.rememberedMachine) else { return nil }
    let isSame: Bool
    if known.isCurrent {
      isSame = true
    } else {
      // Taken before anything is checked.
      let capture = state.captureTime()
      let now = machine ?? MachineRecord(workspace, wheels)
      machine = now
      isSame = now.finds(known)
      if isSame { keep(now, capture: capture) }
    }
    machineIdentity = isSame ? known.identity : []
    return machineIdentity
  }

  /// Keeps the directories that were searched now, so that the next run does not search them again. The identity of the
  /// machine stays.
  private func keep(_ now: MachineRecord, capture: Int64) {
    guard !now.isRacy(capture: capture) else { return }
    do {
      try resolver.graph.remember(machine: now.bytes)
    } catch {
      // Without memory for it the next run looks again.
      return
    }
  }

  /// Records the machine; nil if the found files can change without a sign.
  private func machineToRemember() -> [UInt8]? {
    if let current = currentMachine(), !current.isEmpty { return current }
    // Taken before anything is checked.
    let capture = state.captureTime()
    let now = MachineRecord(workspace, wheels)
    machine = now
    guard !now.isRacy(capture: capture) else { return nil }
    do {
      try resolver.graph.remember(machine: now.bytes)
    } catch {
      // Without space for it, nothing is recorded.
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
  /// Whether a lockfile has projects in directories of this machine.
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
    // The contents of an archive are not checked one by one.
    return graph.type(of: id) != .pexBinary && !binaries.isEmpty
  }
}
