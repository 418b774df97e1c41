import JobModel
import SchedulerCore
import Testing

let key = JobKey(cluster: "aa", role: "cbe", stage: "devel", name: "eightball")

/// A sound configuration whose command line tells versions apart.
func configuration(
  _ key: JobKey = key, instances: Int = 2, isService: Bool = true, version: Int = 1, cpu: Double = 1,
  update: UpdateConfiguration = UpdateConfiguration(watch: .seconds(30)),
  change: (inout JobConfiguration) -> Void = { _ in }
) -> JobConfiguration {
  var result = JobConfiguration(
    key: key, isService: isService, instances: instances,
    task: TaskConfiguration(
      name: key.name,
      processes: [ProcessConfiguration(name: "run", cmdline: "v\(version) --port={{thermos.ports[http]}}")],
      resources: Resources(cpu: cpu, ram: 100 << 20, disk: 100 << 20)),
    update: update)
  change(&result)
  return result
}

let offer = HostOffer(
  hostname: "h1", resources: Resources(cpu: 8, ram: 8 << 30, disk: 80 << 30), ports: 31000...31099)

/// A scheduler with a clock of its own, for tests that tell it everything themselves.
struct Bench {
  var scheduler = Scheduler()
  var time = Timestamp(milliseconds: 1_700_000_000_000)
  var effects: [Effect] = []

  init(offer: HostOffer? = offer) throws {
    if let offer { try send(.hostOffer(offer)) }
  }

  mutating func send(_ event: SchedulerInput) throws { effects = try scheduler.apply(event, at: time).effects }

  mutating func pass(_ duration: Duration) throws {
    time = time + duration
    try send(.tick)
  }

  /// The tasks that are not over, by instance.
  var active: [TaskRecord] { scheduler.state.activeTasks.sorted { $0.instance < $1.instance } }

  func task(_ instance: Int) throws -> TaskRecord {
    try #require(scheduler.state.activeTask(of: InstanceKey(job: key, instance: instance)))
  }

  /// Lets executors report that every task that was assigned runs, and that every one asked to end has ended.
  mutating func settle() throws {
    while true {
      let effects = effects
      let before = scheduler.state
      var events: [SchedulerInput] = []
      for task in scheduler.state.activeTasks {
        if task.status == .assigned || task.status == .starting { events.append(.taskStatus(task.id, .running)) }
        if TaskTransitions.isEnding(task.status) { events.append(.taskStatus(task.id, .killed)) }
      }
      for event in events { try send(event) }
      if scheduler.state == before {
        self.effects = effects
        return
      }
    }
  }

  var launched: [TaskID] {
    effects.compactMap { if case .launch(let assignment) = $0 { assignment.taskID } else { nil } }
  }
  var killed: [TaskID] { effects.compactMap { if case .kill(let id) = $0 { id } else { nil } } }
  var destroyed: [TaskID] { effects.compactMap { if case .destroy(let id) = $0 { id } else { nil } } }
  var wake: Timestamp? {
    effects.reversed().lazy.compactMap { if case .wake(let time) = $0 { time } else { nil } }.first
  }
}
