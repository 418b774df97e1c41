import Diagnostics
import JobModel
import Pipelines
import SchedulerCore

// The work of `HostScheduler` between the state machine, the store and the host, with the same rules.
extension World {
  /// Applies a report, which cannot be refused.
  mutating func report(_ event: SchedulerInput) {
    if !backlog.contains(event) { backlog.append(event) }
  }

  /// Applies a request: earlier events count first.
  mutating func request(_ request: Step.Request) {
    guard let event = event(request) else { return }
    drain()
    var mayWait = false
    if case .killJob = event { mayWait = true }
    apply([event], mayWait: mayWait)
  }

  private func event(_ request: Step.Request) -> SchedulerInput? {
    func set(_ bits: Int?) -> Set<Int>? { bits.map { bits in Set((0..<4).filter { bits & (1 << $0) != 0 }) } }
    switch request {
    case .create(let job): return .createJob(job.configuration, user: "ann")
    case .kill(let number, let instances): return .killJob(Step.Job.key(number), instances: set(instances))
    case .restart(let number, let instances): return .restartInstances(Step.Job.key(number), instances: set(instances))
    case .update(let job, let instances, let restart):
      return .startUpdate(job.configuration, instances: set(instances), restart: restart)
    case .scale(let number, let count): return .scaleJob(Step.Job.key(number), to: count)
    case .rollback(let number, let release): return .rollbackJob(Step.Job.key(number), to: release)
    case .pause(let number): return .pauseUpdate(Step.Job.key(number))
    case .resume(let number): return .resumeUpdate(Step.Job.key(number))
    case .pulse(let number): return .pulseUpdate(Step.Job.key(number))
    case .abort(let number): return .abortUpdate(Step.Job.key(number))
    case .turnRound(let number): return .rollbackUpdate(Step.Job.key(number))
    case .add(let number): return .addInstances(Step.Job.key(number), count: 1)
    case .startCron(let number): return .startCron(Step.Job.key(number))
    case .schedulePipeline(let number, let shape):
      return .schedulePipeline(SimulatedPipeline.schedule(number, shape: shape))
    case .deschedulePipeline(let number): return .deschedulePipeline(SimulatedPipeline.scheduleKey(number))
    case .startPipeline(let number, let shape): return .startPipeline(SimulatedPipeline.record(number, shape: shape))
    case .cancelPipeline(let number): return .cancelPipeline(SimulatedPipeline.id(number))
    case .retryPipeline(let number): return .retryPipeline(SimulatedPipeline.id(number))
    case .drain(let patience): return .startDrain(patience: patience.map { .seconds($0) })
    case .endDrain: return machine.scheduler.state.drain == nil ? nil : .endDrain()
    }
  }

  /// Writes waiting events, all of them in one transaction.
  mutating func drain() {
    _ = now()
    let waiting = backlog
    guard !waiting.isEmpty || machine.isAhead else { return }
    backlog = []
    apply(waiting, mayWait: true)
  }

  /// One transaction, and then its effects.
  mutating func apply(_ events: [SchedulerInput], mayWait: Bool = true) {
    let time = now()
    // A jump is reported before anything else.
    let jumps = backlog.filter { if case .clockSet = $0 { true } else { false } }
    if !jumps.isEmpty {
      backlog.removeAll { if case .clockSet = $0 { true } else { false } }
      apply(jumps)
    }
    let before = machine.scheduler.state
    self.events += events.count
    var store = store
    do throws(SimulatedStore.Failure) {
      let (answers, isStored) = try machine.apply(events, at: time, mayWait: mayWait) {
        (change) throws(SimulatedStore.Failure) in try store.commit(change)
      }
      let isWritten = store.commits != self.store.commits
      self.store = store
      if isWritten { acknowledged = machine.scheduler.state }
      advance(commitTime)
      if isStored {
        let waiting = launches
        launches = []
        for launch in waiting where machine.scheduler.state.tasks[launch.taskID]?.status == .assigned { start(launch) }
      } else {
        note("the disk does not take it")
      }
      for (event, answer) in zip(events, answers) {
        switch answer {
        case .success(let effects):
          note("\(event)")
          if !carryOut(effects, isStored: isStored) { return crash() }
        case .failure(let error):
          if error.diagnostic.summary.isEmpty { findings.append("a refusal without a reason") }
          note("refused: \(error.diagnostic.summary)")
        }
      }
    } catch {
      self.store = store
      note("not accepted: \(error.text)")
      if machine.scheduler.state != before { findings.append("what was not accepted left a trace") }
    }
  }

  /// False when the scheduler was killed amid them.
  private mutating func carryOut(_ effects: [Effect], isStored: Bool) -> Bool {
    for effect in effects {
      if let left = crashAfter {
        if left == 0 { return false }
        crashAfter = left - 1
      }
      switch effect {
      case .launch(let assignment): if isStored { start(assignment) } else { launches.append(assignment) }
      case .kill(let id):
        if host.hidden[id] != nil { continue }
        if !host.stop(id, at: steady) { lost(id, "it had no executor") }
      case .destroy(let id): destroying[id] = destroying[id] ?? .taskDestroyed(id)
      case .deleteSandbox(let id): host.removeFolder(id)
      case .record, .wake: break
      }
    }
    return true
  }

  private mutating func start(_ assignment: TaskAssignment) {
    let state = machine.scheduler.state
    host.launch(assignment, at: steady) { _ in
      guard let task = state.tasks[assignment.taskID] else { return "launched without a record" }
      if state.jobs[task.job]?.desired[task.instance] == nil, !TaskTransitions.isEnding(task.status) {
        return "launched without being wanted"
      }
      return nil
    }
  }

  private mutating func lost(_ id: TaskID, _ message: String) {
    destroying[id] = destroying[id] ?? .executorLost(id, message: message)
  }

  /// One check of everything: new records, gone executors, tasks to destroy, due times.
  mutating func look(faults: UInt64?) {
    var random = faults.map { SeededGenerator($0) }
    for id in machine.scheduler.state.placedIDs.sorted() {
      guard machine.scheduler.state.tasks[id]?.status.mayHaveExecutor == true, host.hidden[id] == nil else { continue }
      if random?.chance(25) == true { continue }
      guard let executor = host.executors[id] else {
        // Launched before a crash, or not yet: only the start tells them apart.
        continue
      }
      var position = min(read[id] ?? 0, executor.records.count)
      if random?.chance(20) == true { position = max(0, position - 2) }
      var records = Array(executor.records[position...])
      if random?.chance(10) == true { records.reverse() }
      if random?.chance(10) == true, !records.isEmpty { records.removeFirst() }
      read[id] = executor.records.count
      for record in records { report(record) }
      if !executor.isAlive { lost(id, "the executor exited without reporting a result") }
    }
    if steady - resyncedAt > 60_000 {
      resyncedAt = steady
      for id in machine.scheduler.state.placedIDs { read[id] = max(0, (host.executors[id]?.records.count ?? 0) - 2) }
    }
    for id in destroying.keys.sorted() {
      if random?.chance(30) == true { continue }
      // Its last words count before its end.
      if let executor = host.executors[id], executor.isAlive {
        host.destroy(id)
      }
      guard let event = destroying.removeValue(forKey: id) else { continue }
      report(event)
    }
    // Refused while tasks of their jobs are left: another try follows.
    for record in away { report(.adoptPipeline(record)) }
    report(.tick)
    drain()
    away.removeAll { acknowledged.pipelines[$0.run.id] != nil }
  }

  /// kill -9: written data stays; executors live on. The next scheduler finds them.
  mutating func crash() {
    crashes += 1
    note("the scheduler is killed, and another starts")
    crashAfter = nil
    backlog = []
    launches = []
    destroying = [:]
    read = [:]
    do {
      let state = try store.load()
      if state != acknowledged { findings.append("what was acknowledged is not what was read back") }
      machine = StoredScheduler(Scheduler(state: state, policy: policy))
    } catch {
      findings.append("what was stored cannot be read back: \(error)")
      return
    }
    let resumed = SchedulerClock.resume(reading, anchor: machine.scheduler.state.clock)
    clock = resumed.clock
    if let jump = resumed.jump {
      clock.follow(reading)
      apply([.clockSet(clock.anchor, shift: jump)])
    }
    let placed = machine.scheduler.state.placedIDs
    var live: [TaskID: Int32] = [:]
    var dead: Set<TaskID> = []
    var last: [SchedulerInput] = []
    for id in placed.sorted() {
      guard let executor = host.executors[id] else {
        if host.hidden[id] != nil { live[id] = 0 }
        continue
      }
      last += executor.records
      read[id] = executor.records.count
      if executor.isAlive || host.hidden[id] != nil { live[id] = executor.pid } else { dead.insert(id) }
    }
    // Unknown tasks are ended.
    for executor in host.living where machine.scheduler.state.tasks[executor.assignment.taskID] == nil {
      destroying[executor.assignment.taskID] = .taskDestroyed(executor.assignment.taskID)
    }
    if heldFences != nil { apply([.holdPipelines(true)]) }
    apply(last)
    apply([.executorsFound(live: live, dead: dead)])
  }
}
