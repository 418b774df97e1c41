internal import Diagnostics
internal import Executor
internal import Glibc
internal import JSON
internal import JobModel
internal import Observability
internal import Pipelines
internal import SchedulerCore
internal import SchedulerStore
internal import ServiceLifecycle
internal import SystemSupport

/// The scheduler of this host: feeds the state machine what happens, stores what it decides, and then carries that out.
///
/// The one owner of the store. It works on a thread of its own, where it may block; the web server awaits it. What is
/// kept here besides the store can be lost: a new process finds it again in the tasks' folders.
actor HostScheduler: Service {
  let options: SchedulerOptions
  let store: SchedulerStore
  var supervisor: any TaskEngine
  /// The Docker Swarm in which tasks run; nil for a scheduler of one machine.
  nonisolated let swarm: SwarmCluster?
  /// The last run of each process of live tasks, as its executor recorded it.
  var processRuns: [TaskID: [String: ProcessRun]] = [:]
  var resourceSamples: [TaskID: ResourceSample] = [:]
  /// What has happened, counted for the metrics.
  var counters = ActivityCounters()
  let startedAt = HostScheduler.now()
  /// What tasks used in the last two hours, by role.
  private(set) var usageHistory = UsageHistory()
  private var usageAt: UInt64 = 0
  /// What tasks say of themselves.
  private(set) var ownMetrics: OwnMetrics?
  /// Where archiving logs stands.
  var archiving = Archiving()
  /// What webhooks are to be told of, besides recorded events.
  var pendingNotices: [Notice] = []
  var noticeNumber = 0
  private(set) var isDiskLow = false
  /// Tasks that may have an executor.
  private var watched: Set<TaskID> = []
  /// Whether an event was taken since they were looked for.
  var isWatchStale = true
  /// Why metrics could not be sent the last time.
  var metricsProblem: String?
  /// Which tasks are announced: see HostScheduler+Services.swift.
  var catalogue = ServiceCatalogue()
  /// Tasks of which everything is to be ended at once, and what to report when nothing is left.
  var destroying: [TaskID: SchedulerInput] = [:]
  /// Those of them that the thread pool processes now.
  var beingCleared: Set<TaskID> = []
  /// Whether directories of tasks that the store does not know stay.
  var keepsStrangers = false
  /// What happened and was not taken yet, in order and each once. Nothing is read twice, so nothing here may be lost.
  var backlog: [SchedulerInput] = []
  var waiting: Set<SchedulerInput> = []
  /// What is to be launched as soon as the state is stored.
  var launches: [TaskAssignment] = []
  /// Whether all tasks were ended because this scheduler stops: none is started any more.
  private(set) var hasStoppedTasks = false
  /// Room on the disk that is given up when there is no other.
  var reserve: DiskReserve
  private var clock: SchedulerClock
  /// What the clock has to tell, before anything else.
  var clockEvent: SchedulerInput?
  private var retryAt: UInt64 = 0
  /// The PostgreSQL that has the runs of pipelines, too; nil without one.
  var sharing: RunSharing?
  /// Runs of pipelines whose end nobody was told of.
  var openRuns: Set<String> = []
  /// When heartbeats of steps are looked for next, in nanoseconds.
  var heartbeatsAt: UInt64 = 0
  // What ended tasks take of the disk: see HostScheduler+Folders.swift.
  var isMakingRoom = false
  var roomAt: UInt64 = 0
  var folderSizes: [TaskID: Int] = [:]
  var removed: Set<TaskID> = []
  /// Why the state cannot be written, while it cannot.
  var storeFailure: String? { didSet { health.report(storeFailure) } }
  /// Why tasks of this host can take ports of other tasks; nil when they cannot.
  nonisolated let openPorts: String?
  /// For whoever asks while this actor waits for the disk.
  nonisolated let health = ServerHealth()
  var isCarryingOut = false
  var wakeAt: Timestamp?
  var followers: [Int: AsyncStream<SchedulerEvent>.Continuation] = [:]
  /// Which followers wait for which events.
  var fanOut = EventFanOut<SchedulerEvent>()
  private var isHandingOut = false
  private var offerAt: UInt64 = 0
  private var offerProblem: String?

  private let executor = ThreadExecutor()
  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// How often the tasks' folders are looked at.
  private static let interval = Duration.milliseconds(100)
  /// How often it is asked which ports are free, in nanoseconds.
  private static let offerInterval: UInt64 = 5_000_000_000
  /// The same where asking means to look at what another thread has found out.
  private static let clusterOfferInterval: UInt64 = 500_000_000

  /// - Parameter key: what executors on other machines know this scheduler by; nil without TLS.
  init(_ options: SchedulerOptions, key: String? = nil) throws {
    self.options = options
    let database = options.stateDirectory.appending("scheduler.sqlite")
    // Jobs may hold what is not for everybody; the folder itself must be passable for the tasks' users. SQLite gives
    // its other files the permissions of this one.
    FileSystem.close(try FileSystem.open(database, .readWrite, options: .create, permissions: .ownerReadWrite))
    try FileSystem.setPermissions(0o600, of: database)
    store = try SchedulerStore(path: database.string, policy: options.policy, zones: HostZones.zones)
    if let settings = options.swarm {
      let cluster = try SwarmCluster(settings, options, key: key)
      swarm = cluster
      supervisor = SwarmTaskEngine(cluster)
    } else {
      swarm = nil
      supervisor = TaskSupervisor(options)
    }
    // Each container has ports of its own.
    openPorts = options.swarm == nil ? PortGuard.problem(parent: options.controlGroupParent) : nil
    reserve = DiskReserve(options.stateDirectory.appending("reserve"))
    if let settings = options.monitoring.pipelines {
      sharing = RunSharing(
        store: SharedRunStore(settings, cluster: options.cluster), cluster: options.cluster,
        holder: "\(HostFacts.hostname):\(options.stateDirectory)",
        renewal: UInt64(settings.leaseSeconds) * 1_000_000_000 / 4)
    }
    let reading = HostClock.reading()
    let resumed = SchedulerClock.resume(reading, anchor: store.state.clock)
    var clock = resumed.clock
    if resumed.jump != nil { clock.follow(reading) }
    self.clock = clock
    if store.state.clock != clock.anchor { clockEvent = .clockSet(clock.anchor, shift: resumed.jump ?? .zero) }
  }

  /// The time that the state machine works with: see `SchedulerClock`.
  func schedulerTime() -> Timestamp {
    let reading = HostClock.reading()
    if let jump = clock.jump(reading) {
      clock.follow(reading)
      warn("the clock was set by \(jump.milliseconds / 1000) s: deadlines stay, schedules follow")
      clockEvent = .clockSet(clock.anchor, shift: jump)
    }
    return clock.now(reading)
  }

  static func now() -> Timestamp { Timestamp(milliseconds: wallClockNanoseconds() / 1_000_000) }

  // MARK: Life

  /// Goes on where the last process was: passes on what executors recorded meanwhile, and says which live.
  func start() throws {
    // Nothing here needs room on the disk: with a full one, the scheduler starts and says so.
    reserve.restore()
    try writeZooKeeperFile()
    if let offers = try offers() { report(.hostOffers(offers)) }
    let placed = Set(store.state.placedIDs)
    let found = supervisor.find(store.state.placedTasks)
    found.problems.forEach(warn)
    // Who lives was asked first: what an executor writes before its end is then read before it counts as dead.
    observe(supervisor.poll(placed).filter { if case .executorGone = $0.kind { false } else { true } })
    try destroyStrangers()
    restoreFiles()
    openRuns = Set(store.state.pipelines.values.filter { !$0.run.status.isTerminal }.map(\.run.id))
    // Until both databases are in step.
    if sharing != nil { report(.holdPipelines(true)) }
    report(.executorsFound(live: found.live, dead: found.dead))
    for (key, quota) in options.clusterPolicy.quotas.sorted(by: { $0.key < $1.key })
    where store.state.quotas[key] != quota {
      report(.setQuota(key, quota, user: "configuration"))
    }
    checkDisk()
  }

  /// Looks after the tasks until the server is to stop.
  func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        await self.look()
        // Cancelled in its sleep, it stops at once.
        try? await Task.sleep(for: Self.interval)
      }
    }
    if options.stopsTasksOnExit { await stopAllTasks() }
    while fanOut.isWaiting { handOutPortion() }
    swarm?.stop()
    followers.values.forEach { $0.finish() }
    catalogue.followers.values.forEach { $0.finish() }
  }

  /// Tasks that may have an executor. In a function of its own: a copy of the state that lived on would have to be a whole
  /// one at the next event.
  private func findWatched() -> Set<TaskID> {
    let state = store.state
    return state.placedIDs.filter { state.tasks[$0]?.status.mayHaveExecutor == true }
  }

  /// Looks for them again where an event was taken since the last look: without one, many idle tasks cost nothing here.
  private func refreshWatched() {
    guard isWatchStale else { return }
    isWatchStale = false
    let found = findWatched()
    guard found != watched else { return }
    watched = found
    processRuns = processRuns.filter { found.contains($0.key) }
    resourceSamples = resourceSamples.filter { found.contains($0.key) }
    forgetAnnouncements(except: found)
  }

  /// One look at everything: new records, executors that are gone, time that has come.
  func look() {
    drain()
    refreshWatched()
    // A task that waits for a disk with room, or for the store of runs, has no executor, and is not lost.
    var tasks = watched
    if !launches.isEmpty { tasks.subtract(launches.map(\.taskID)) }
    if let sharing { tasks.subtract(sharing.waitingTasks) }
    observe(supervisor.poll(tasks))
    continueDestroying()
    lookForHeartbeats()
    if monotonicNanoseconds() >= offerAt {
      refreshOffer()
      makeRoom()
    }
    if monotonicNanoseconds() >= usageAt {
      usageAt = monotonicNanoseconds() + UInt64(UsageHistory.interval.components.seconds) * 1_000_000_000
      recordUsage()
    }
    if monotonicNanoseconds() >= retryAt {
      retryAt = monotonicNanoseconds() + 1_000_000_000
      storeWaiting()
    }
    if let wakeAt, wakeAt <= schedulerTime() || clockEvent != nil {
      self.wakeAt = nil
      report(.tick)
    }
    publishServices()
  }

  private func recordUsage() {
    let tasks = store.state.placedTasks.map { task in
      UsageHistory.Usage(
        task: task.id, role: task.job.role, limits: task.configuration.task.resources,
        sample: resourceSamples[task.id])
    }
    usageHistory.add(tasks, at: Self.now())
  }

  /// Ends every job, and waits until no task is left; for a scheduler that is to leave nothing behind.
  ///
  /// A task whose own waits are longer than the patience is killed then, with its executor.
  private func stopAllTasks() async {
    let deadline = monotonicNanoseconds() + Self.nanoseconds(options.stopPatience)
    let last = deadline + Self.nanoseconds(SchedulerOptions.killPatience)
    while true {
      // Requests are taken to the end: what one of them has just begun is ended, too.
      for job in store.state.jobs.values where !job.isEnding { report(.killJob(job.key)) }
      look()
      let left = Set(store.state.placedTasks.map(\.id)).union(destroying.keys)
      if left.isEmpty { break }
      let now = monotonicNanoseconds()
      if now > last {
        warn("could not be ended: \(left.map(\.rawValue).sorted().joined(separator: ", "))")
        break
      }
      if now > deadline {
        for task in left where destroying[task] == nil {
          warn("task \(task) did not end within \(options.stopPatience.components.seconds) s and is killed")
          destroying[task] = .executorLost(
            task, message: "killed: the scheduler stops, and the task did not end in time")
        }
      }
      // Not the task's own sleep: that one is cancelled already.
      await Task.detached { try? await Task.sleep(for: Self.interval) }.value
    }
    hasStoppedTasks = true
  }

  private static func nanoseconds(_ duration: Duration) -> UInt64 {
    UInt64(duration.components.seconds) * 1_000_000_000
  }

  /// Tasks that the store does not know: what lives of them is ended.
  private func destroyStrangers() throws {
    // Without a history, the database was lost or moved away: then their logs are all that is left.
    keepsStrangers = store.state.nextSequence == 1
    let found = try supervisor.strangers { store.state.tasks[$0] != nil }
    for task in found.tasks { destroying[task] = .taskDestroyed(task) }
    found.problems.forEach(warn)
  }

  // MARK: What the host has

  private func offers() throws -> [HostOffer]? {
    let placed = store.state.placedTasks
    // Without what tasks have written already: it is part of what was given to them. What is in memory takes no disk.
    let written = placed.reduce(0) { sum, task in
      let disk = min(resourceSamples[task.id]?.disk ?? 0, task.configuration.task.resources.disk)
      return disk == 0 || supervisor.directory(task.id).isDiskInMemory ? sum : sum + disk
    }
    return try supervisor.offers(HostUse(ports: Set(placed.flatMap(\.ports.values)), disk: written))
  }

  /// Tells the state machine when something else has taken a port, or the disk has filled.
  func refreshOffer() {
    offerAt = monotonicNanoseconds() + (swarm == nil ? Self.offerInterval : Self.clusterOfferInterval)
    do {
      let offers = try offers()
      offerProblem = nil
      if let offers, HostFacts.isNews(offers, besides: store.state.hosts) { report(.hostOffers(offers)) }
    } catch {
      let problem = Self.summary(of: error)
      if problem != offerProblem { warn("cannot read the resources of this host: \(problem)") }
      offerProblem = problem
    }
  }

  func setOwnMetrics(_ metrics: OwnMetrics) { ownMetrics = metrics }

  /// Tells when the disk becomes low, and when there is room again.
  func setDiskLow(_ isLow: Bool, _ message: String?) {
    if isLow != isDiskLow { notify(isLow ? .diskLow : .diskFreed, nil, message) }
    isDiskLow = isLow
  }

  func warn(_ message: String) {
    writeText(DiagnosticRenderer(color: isTerminal(2)).warning(PlainText.line(message)), to: 2)
  }

  static func summary(of error: any Error) -> String {
    (error as? any DiagnosableError)?.diagnostic.summary ?? "\(error)"
  }

  // MARK: Followers

  /// State changes from now on, until the second value is called or the server stops.
  func followEvents() -> (AsyncStream<SchedulerEvent>, end: @Sendable () -> Void) {
    let number = fanOut.join()
    let (stream, continuation) = AsyncStream.makeStream(
      of: SchedulerEvent.self, bufferingPolicy: .bufferingNewest(1000))
    continuation.onTermination = { _ in Task { await self.forget(number) } }
    followers[number] = continuation
    return (stream, { continuation.finish() })
  }

  private func forget(_ follower: Int) {
    followers[follower] = nil
    fanOut.leave(follower)
  }

  /// Tells all followers of an event, some of them at a time: see ``EventFanOut``.
  func tell(_ event: SchedulerEvent) {
    fanOut.add(event)
    if isHandingOut { return }
    handOutPortion()
    guard fanOut.isWaiting else { return }
    isHandingOut = true
    Task {
      while fanOut.isWaiting {
        // Other requests have their turn between two portions.
        try? await Task.sleep(for: Self.portionPause)
        handOutPortion()
      }
      isHandingOut = false
    }
  }

  private static let portionPause = Duration.milliseconds(2)

  private func handOutPortion() {
    for delivery in fanOut.nextPortion() {
      for event in delivery.events { followers[delivery.follower]?.yield(event) }
    }
  }
}
