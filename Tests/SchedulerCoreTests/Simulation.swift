import Diagnostics
import JobModel
import SchedulerCore

/// A scheduler on a host where everything goes wrong, driven by a seed.
struct Simulation {
  var random: SeededGenerator
  var scheduler = Scheduler()
  var host = SimulatedHost()
  var time = Timestamp(milliseconds: 1_700_000_000_000)
  /// In percent: how often anything goes wrong.
  var trouble: Int
  var crashes = 0
  var refusals = 0
  var version = 1
  var findings: [String] = []
  let offer = HostOffer(
    hostname: "h1", resources: Resources(cpu: 8, ram: 8 << 30, disk: 80 << 30), ports: 31000...31019,
    reservedPorts: [31003])

  static let keys = (0..<4).map { JobKey(cluster: "aa", role: "cbe", stage: "devel", name: "job\($0)") }

  init(seed: UInt64, trouble: Int = 10) {
    random = SeededGenerator(state: seed)
    self.trouble = trouble
    send(.hostOffer(offer))
  }

  /// One event in, its effects queued; the scheduler dies now and then with some of them undone.
  mutating func send(_ event: Event) {
    do {
      let effects = try scheduler.apply(event, at: time).effects
      host.pending += effects
    } catch {
      refusals += 1
      findings += error.diagnostic.summary.isEmpty ? ["a refusal without a reason"] : []
    }
  }

  mutating func step() {
    time = time + .milliseconds(Int64.random(in: 0..<20_000, using: &random))
    // Clocks are set back now and then.
    let seen = random.chance(2) ? Timestamp(milliseconds: time.milliseconds - 3_600_000) : time
    if random.chance(trouble), random.chance(20) { crash() }
    if random.chance(20) { userAction() }
    let count = random.chance(trouble) ? Int.random(in: 0...host.pending.count, using: &random) : host.pending.count
    for _ in 0..<count {
      host.carryOut(host.pending.removeFirst(), at: time, trouble: trouble, &random)
    }
    host.run(at: time, trouble: trouble, &random)
    if random.chance(10) { host.audit(scheduler.state, at: time, &random) }
    deliver()
    let now = time
    time = seen
    send(.tick)
    time = now
    findings += stateFindings()
    findings += host.findings(offer)
  }

  mutating func deliver() {
    var due = host.wire.filter { $0.due <= time }.map(\.event)
    host.wire.removeAll { $0.due <= time }
    if random.chance(trouble) { due.shuffle(using: &random) }
    for event in due { send(event) }
  }

  /// kill -9: what was stored stays, what was on the wire or not yet carried out is gone; executors live on for a while.
  mutating func crash() {
    crashes += 1
    for _ in 0..<Int.random(in: 0...host.pending.count, using: &random) {
      host.carryOut(host.pending.removeFirst(), at: time, trouble: trouble, &random)
    }
    host.pending = []
    host.wire = []
    scheduler = Scheduler(state: stored(scheduler.state))
    for _ in 0..<Int.random(in: 0..<20, using: &random) {
      time = time + .seconds(Int.random(in: 0..<60, using: &random))
      host.run(at: time, trouble: trouble, &random)
    }
    host.wire = []
    for id in host.executors.keys.sorted() {
      guard let executor = host.executors[id], executor.status.isTerminal || executor.isAlive else { continue }
      if scheduler.state.tasks[id] != nil { send(.taskStatus(id, executor.status)) }
    }
    let live = Dictionary(uniqueKeysWithValues: host.living.map { ($0.assignment.taskID, $0.pid) })
    send(.executorsFound(live: live, dead: Set(host.executors.keys).subtracting(live.keys)))
  }

  /// The state as the store brings it back.
  mutating func stored(_ state: SchedulerState) -> SchedulerState {
    do {
      let jobs = Array(state.jobs.values) + Array(state.formerJobs.values)
      let restored = SchedulerState(
        jobs: try jobs.map { job in
          try JobRecord(
            json: job.jsonWithoutRevisions, revisions: try job.revisions.map { try JobRevision(json: $0.json) })
        },
        tasks: try state.tasks.values.map {
          try TaskRecord(json: $0.jsonWithoutConfiguration, configuration: $0.shared)
        },
        updates: try state.updates.values.map { try JobUpdate(json: $0.json) }, host: state.host, drain: state.drain,
        quotas: state.quotas, nextSequence: state.nextSequence, nextPort: state.nextPort, time: state.time,
        prunedAt: state.prunedAt)
      if restored != state { findings.append("what was stored is not what was read back") }
      return restored
    } catch {
      findings.append("what was stored cannot be read back: \(error)")
      return state
    }
  }

  mutating func userAction() {
    let key = Self.keys.randomElement(using: &random) ?? Self.keys[0]
    let instances = Int.random(in: 1...4, using: &random)
    func some() -> Set<Int> { Set((0..<4).filter { _ in random.chance(40) }) }
    version += 1
    let kinds = ["service", "service", "service", "batch"]
    let isService = kinds.randomElement(using: &random) != "batch"
    let update = UpdateConfiguration(
      batchSize: Int.random(in: 1...3, using: &random), watch: .seconds(Int.random(in: 0...60, using: &random)),
      maxPerInstanceFailures: Int.random(in: 0...2, using: &random),
      maxTotalFailures: Int.random(in: 0...1, using: &random), rollbackOnFailure: random.chance(70),
      waitForBatchCompletion: random.chance(50))
    let configuration = configuration(
      key, instances: instances, isService: isService, version: version / 3, cpu: random.chance(10) ? 5 : 0.7,
      update: update
    ) { $0.maxTaskFailures = 3 }
    switch Int.random(in: 0..<16, using: &random) {
    case 0...4: send(.createJob(configuration))
    case 5: send(.killJob(key, instances: random.chance(40) ? nil : some()))
    case 6: send(.addInstances(key, count: 1))
    case 7: send(.restartInstances(key, instances: random.chance(50) ? nil : some()))
    case 8...11:
      send(.startUpdate(configuration, instances: random.chance(80) ? nil : some(), restart: random.chance(20)))
    case 12: send(.pauseUpdate(key))
    case 13: send(.resumeUpdate(key))
    case 14: send(.rollbackUpdate(key))
    default: send(.abortUpdate(key))
    }
  }

  /// What must hold of every state.
  func stateFindings() -> [String] {
    let state = scheduler.state
    var findings: [String] = []
    var living: [InstanceKey: Int] = [:]
    for task in state.tasks.values {
      if !task.status.isTerminal {
        if !task.isLeaving { living[task.instanceKey, default: 0] += 1 }
        if state.jobs[task.job] == nil { findings.append("\(task.id) has no job") }
        if !task.isLeaving, state.activeTask(of: task.instanceKey)?.id != task.id {
          findings.append("\(task.id) is not its instance's task")
        }
      }
      if task.awaitsEnd != state.unfenced.contains(task.id) { findings.append("\(task.id) is fenced wrongly") }
      if task.status == .assigned, task.ports.count != task.configuration.requiredPorts.count {
        findings.append("\(task.id) was assigned without its ports")
      }
      for (first, second) in zip(task.events, task.events.dropFirst()) {
        if first.time > second.time { findings.append("the history of \(task.id) runs backwards") }
        if !TaskTransitions.allows(first.status, second.status) {
          findings.append("\(task.id) went from \(first.status) to \(second.status)")
        }
      }
    }
    for (key, count) in living where count > 1 { findings.append("\(key) has \(count) tasks") }
    let placed = state.placedTasks
    let used = placed.reduce(Resources.zero) { $0 + $1.configuration.task.resources }
    if used.milliCPU > offer.resources.milliCPU { findings.append("more is placed than the host has") }
    let ports = placed.flatMap(\.ports.values)
    if Set(ports).count != ports.count { findings.append("two placed tasks have one port") }
    if ports.contains(31003) { findings.append("a reserved port was allotted") }
    for job in state.jobs.values {
      for (instance, revision) in job.desired {
        if job.revision(revision) == nil { findings.append("\(job.key) has lost revision \(revision)") }
        if living[InstanceKey(job: job.key, instance: instance)] == nil {
          findings.append("\(job.key)/\(instance) is wanted and has no task")
        }
      }
      if state.updates.values.count(where: { $0.job == job.key && !$0.status.isTerminal }) > 1 {
        findings.append("\(job.key) has two updates")
      }
    }
    for task in state.activeTasks where !TaskTransitions.isEnding(task.status) {
      if state.jobs[task.job]?.desired[task.instance] == nil { findings.append("\(task.id) is not wanted") }
    }
    return findings
  }
}
