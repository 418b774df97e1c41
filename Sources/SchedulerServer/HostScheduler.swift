internal import Diagnostics
internal import Executor
internal import JSON
internal import JobModel
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
  var store: SchedulerStore
  var supervisor: TaskSupervisor
  /// The runs of each live task's processes, as its executor recorded them.
  var processRuns: [TaskID: [ProcessRun]] = [:]
  var resourceSamples: [TaskID: ResourceSample] = [:]
  /// Tasks of which everything is to be ended at once, until nothing is left.
  var destroying: Set<TaskID> = []
  private var wakeAt: Timestamp?
  private var followers: [Int: AsyncStream<SchedulerEvent>.Continuation] = [:]
  private var nextFollower = 0

  private let executor = ThreadExecutor()
  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// How often the tasks' folders are looked at.
  private static let interval = Duration.milliseconds(100)

  init(_ options: SchedulerOptions) throws {
    self.options = options
    store = try SchedulerStore(path: options.stateDirectory.appending("scheduler.sqlite").string)
    supervisor = TaskSupervisor(options)
  }

  static func now() -> Timestamp { Timestamp(milliseconds: wallClockNanoseconds() / 1_000_000) }

  // MARK: Life

  /// Goes on where the last process was: passes on what executors recorded meanwhile, and says which live.
  func start() throws {
    try apply(.hostOffer(HostFacts.offer(options, usedPorts: usedPorts)))
    var live: [TaskID: Int32] = [:]
    var dead: Set<TaskID> = []
    for task in store.state.placedTasks {
      let directory = supervisor.directory(task.id)
      if let pid = directory.executorProcessID {
        live[task.id] = pid
      } else if FileSystem.exists(FilePath(directory.paths.checkpoint)) {
        try supervisor.killLeftovers(task.id)
        dead.insert(task.id)
      }
      observe(supervisor.poll([task.id]).filter { if case .executorGone = $0.kind { false } else { true } })
    }
    try destroyStrangers()
    try apply(.executorsFound(live: live, dead: dead))
  }

  /// Looks after the tasks until the server is to stop.
  func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        await self.look()
        try? await Task.sleep(for: Self.interval)
      }
    }
    followers.values.forEach { $0.finish() }
    if options.stopsTasksOnExit { await stopAllTasks() }
  }

  /// One look at everything: new records, executors that are gone, time that has come.
  func look() {
    let watched = store.state.placedTasks.filter { $0.status.mayHaveExecutor }.map(\.id)
    observe(supervisor.poll(watched))
    continueDestroying()
    if let wakeAt, wakeAt <= Self.now() {
      self.wakeAt = nil
      report(.tick)
    }
  }

  /// Ends every job, and waits until no task is left; for a scheduler that is to leave nothing behind.
  private func stopAllTasks() async {
    for job in store.state.jobs.keys { report(.killJob(job)) }
    while !store.state.placedTasks.isEmpty {
      look()
      // Not the task's own sleep: that one is cancelled already.
      await Task.detached { try? await Task.sleep(for: Self.interval) }.value
    }
  }

  /// Folders of tasks that the store does not know: what lives in them is ended.
  private func destroyStrangers() throws {
    guard FileSystem.exists(options.tasksDirectory) else { return }
    for entry in try FileSystem.list(options.tasksDirectory) where store.state.tasks[TaskID(entry.name)] == nil {
      destroying.insert(TaskID(entry.name))
    }
  }

  // MARK: Events and effects

  /// Takes one event: stored first, carried out then.
  func apply(_ event: Event) throws {
    for effect in try store.apply(event, at: Self.now()) { carryOut(effect) }
  }

  /// Takes an event that nobody can refuse: from executors and clocks.
  func report(_ event: Event) {
    do {
      try apply(event)
    } catch {
      // The disk may be full: what happened is seen again in the tasks' folders, and is reported again.
      writeText(DiagnosticRenderer(color: false).render(error), to: 2)
    }
  }

  private func carryOut(_ effect: Effect) {
    switch effect {
    case .launch(let assignment):
      do {
        try supervisor.launch(assignment)
      } catch {
        report(
          .executorLost(assignment.taskID, message: "its executor could not be started: \(Self.summary(of: error))"))
      }
    case .kill(let task):
      if !supervisor.stop(task) { lost(task, message: "there was no executor to end it") }
    case .destroy(let task): destroying.insert(task)
    case .deleteSandbox(let task):
      processRuns[task] = nil
      resourceSamples[task] = nil
      do { try supervisor.remove(task) } catch { writeText("warning: \(Self.summary(of: error))\n", to: 2) }
    case .record(let event): publish(event)
    case .wake(let time): wakeAt = time
    }
  }

  private func observe(_ observations: [Observation]) {
    for observation in observations {
      let task = observation.task
      switch observation.kind {
      case .record(let record): observe(record, of: task)
      case .damaged(let message): writeText("warning: task \(task): \(message)\n", to: 2)
      case .executorGone:
        if store.state.tasks[task]?.status.mayHaveExecutor == true {
          lost(task, message: "its executor ended without a word")
        }
      }
    }
  }

  private func observe(_ record: CheckpointRecord, of task: TaskID) {
    switch record.kind {
    case .executorStarted(let pid, _): report(.executorStarted(task, pid: pid))
    case .taskState(let status, let message): report(.taskStatus(task, status, message: message))
    case .health(let health): report(.taskHealth(task, health))
    case .process(let run):
      processRuns[task, default: []].removeAll { $0.name == run.name && $0.run == run.run }
      processRuns[task, default: []].append(run)
    case .resources(let sample): resourceSamples[task] = sample
    }
  }

  private func lost(_ task: TaskID, message: String) {
    do {
      try supervisor.killLeftovers(task)
      report(.executorLost(task, message: message))
    } catch {
      // Something of it may still run: its place is not free before that is gone.
      destroying.insert(task)
    }
  }

  private func continueDestroying() {
    for task in destroying where supervisor.destroy(task) {
      destroying.remove(task)
      if store.state.tasks[task] == nil {
        carryOut(.deleteSandbox(task))
      } else {
        report(.taskDestroyed(task))
      }
    }
  }

  static func summary(of error: any Error) -> String {
    (error as? any DiagnosableError)?.diagnostic.summary ?? "\(error)"
  }

  /// Ports that live tasks hold.
  private var usedPorts: Set<Int> { Set(store.state.placedTasks.flatMap(\.ports.values)) }

  // MARK: Followers

  /// State changes from now on; ends when the reader goes away or the server stops.
  func followEvents() -> AsyncStream<SchedulerEvent> {
    nextFollower += 1
    let number = nextFollower
    let (stream, continuation) = AsyncStream.makeStream(
      of: SchedulerEvent.self, bufferingPolicy: .bufferingNewest(1000))
    continuation.onTermination = { _ in Task { await self.forget(number) } }
    followers[number] = continuation
    return stream
  }

  private func forget(_ follower: Int) { followers[follower] = nil }

  private func publish(_ event: RecordedEvent) {
    let event = SchedulerEvent(event)
    for follower in followers.values { follower.yield(event) }
  }
}
