import JobModel
import Pipelines
import SchedulerCore

// What must hold at every step, and what must come true when all faults have ended.
extension World {
  mutating func check() {
    let state = machine.scheduler.state
    var found = stateFindings(state)
    var pairs: Set<InstanceKey> = []
    for task in state.tasks.values {
      // Of a start-first update: the one that leaves, or a new one that was given up beside the old one.
      let active = task.awaitsEnd ? state.activeTask(of: task.instanceKey)?.sequence : nil
      if task.isLeaving || active.map({ $0 < task.sequence }) == true { pairs.insert(task.instanceKey) }
    }
    found += host.findings(pairs: pairs)
    found += memoryFindings(state)
    found += pipelineFindings(state)
    if !machine.scheduler.indexIsRight { found.append("what follows from the records does not follow from them") }
    if let finding = found.min() { findings.append(finding) }
  }

  private func stateFindings(_ state: SchedulerState) -> [String] {
    var findings: [String] = []
    var living: [InstanceKey: Int] = [:]
    var used = Resources.zero
    var ports: Set<Int> = []
    for task in state.tasks.values {
      if !task.status.isTerminal, !task.isLeaving { living[task.instanceKey, default: 0] += 1 }
      if !task.status.isTerminal, state.jobs[task.job] == nil { findings.append("\(task.id) has no job") }
      if task.holdsPlace {
        used += task.configuration.task.resources
        for port in task.ports.values where !ports.insert(port).inserted {
          findings.append("two placed tasks have port \(port)")
        }
        if task.ports.count != 1 { findings.append("\(task.id) has a place without its port") }
      }
      if !task.isLeaving, !task.status.isTerminal, !TaskTransitions.isEnding(task.status),
        state.jobs[task.job]?.desired[task.instance] == nil
      {
        findings.append("\(task.id) is not wanted and not ending")
      }
      var former = task.events.first
      for event in task.events.dropFirst() {
        if let former, former.time > event.time { findings.append("the history of \(task.id) runs backwards") }
        if let former, !TaskTransitions.allows(former.status, event.status) {
          findings.append("\(task.id) went from \(former.status) to \(event.status)")
        }
        former = event
      }
    }
    if used.milliCPU > offered.resources.milliCPU * 11 / 10 { findings.append("more is placed than the host ever had") }
    if ports.contains(31003) { findings.append("a reserved port was allotted") }
    for (key, count) in living where count > 1 { findings.append("\(key) has \(count) tasks") }
    for job in state.jobs.values { findings += jobFindings(job, state, living) }
    for update in state.updates.values { findings += updateFindings(update, state) }
    return findings
  }

  /// Checks that need the memory of earlier states.
  private mutating func memoryFindings(_ state: SchedulerState) -> [String] {
    var findings: [String] = []
    for update in state.updates.values where plans[update.id] == nil {
      plans[update.id] = update.instances.mapValues(\.from)
    }
    for task in state.tasks.values {
      if let former = seen[task.id], former.status == task.status { continue }
      if let former = seen[task.id], task.status == .lost, task.message?.hasPrefix("was ") == true,
        task.message?.hasPrefix("was \(former.status.rawValue)") == true, steady - former.at < 120_000
      {
        findings.append("\(task.id) was given up after \((steady - former.at) / 1000) s")
      }
      seen[task.id] = (task.status, steady)
    }
    return findings
  }

  private func jobFindings(_ job: JobRecord, _ state: SchedulerState, _ living: [InstanceKey: Int]) -> [String] {
    var findings: [String] = []
    for (instance, revision) in job.desired {
      if job.revision(revision) == nil { findings.append("\(job.key) has lost release \(revision)") }
      if living[InstanceKey(job: job.key, instance: instance)] == nil {
        findings.append("\(job.key)/\(instance) is wanted and has no task")
      }
    }
    if state.updates.values.count(where: { $0.job == job.key && !$0.status.isTerminal }) > 1 {
      findings.append("\(job.key) has two updates")
    }
    return findings
  }

  private func updateFindings(_ update: JobUpdate, _ state: SchedulerState) -> [String] {
    var findings: [String] = []
    let strategy = update.configuration.strategy
    let largest = strategy.waitsForBatch ? update.batches.map(\.count).max() ?? 0 : strategy.size(ofBatch: 0)
    let limit = update.isRollingBack ? largest : strategy.size(ofBatch: update.currentBatch)
    if !update.status.isTerminal, update.working.count > limit {
      findings.append("update \(update.id) changes \(update.working.count) instances at once, of \(limit) allowed")
    }
    // Right after it, only the update has touched the instances.
    if update.status == .rolledBack, update.since == state.time, let job = state.jobs[update.job], !job.isEnding,
      let plan = plans[update.id]
    {
      for (instance, from) in plan where from != update.revision && job.desired[instance] == update.revision {
        findings.append("update \(update.id) is rolled back, and instance \(instance) is not")
      }
    }
    return findings
  }

  /// After the faults: everything that is wanted runs or reports why not, and nothing else runs.
  mutating func checkConvergence() {
    let state = machine.scheduler.state
    if !backlog.isEmpty || machine.isAhead { findings.append("something is never stored") }
    // What began just now, such as a cron run, is under way.
    func isSettled(_ id: TaskID) -> Bool { state.tasks[id].map { state.time - $0.since > .seconds(120) } ?? true }
    for task in state.activeTasks where task.status != .running && isSettled(task.id) {
      if state.waitReason(of: task) == nil { findings.append("\(task.id) is \(task.status) for ever") }
    }
    for record in state.pipelines.values where !record.run.status.isTerminal {
      // A run can wait for room that services have for good.
      let waits = record.run.activeKeys.compactMap { record.run[$0]?.task }.compactMap { state.tasks[TaskID($0)] }
        .contains { $0.status == .pending && state.waitReason(of: $0) != nil }
      // Or for an earlier run of its pipeline, which is looked at itself.
      let isHeld = record.run.definition.runLimit.map { state.runs(before: record).count >= $0 } ?? false
      if !waits, !isHeld { findings.append("run \(record.run.id) never ends") }
    }
    if let id = state.unfenced.min() { findings.append("\(id) is never cleared away") }
    for job in state.jobs.values.sorted(by: { $0.key < $1.key }) {
      if job.isEnding { findings.append("\(job.key) never ends") }
      if !state.leavingTasks(of: job.key).isEmpty, state.activeUpdate(of: job.key) == nil {
        findings.append("\(job.key) keeps a task that leaves")
      }
      guard let update = state.activeUpdate(of: job.key) else { continue }
      // For room, or for an SLA policy that allows nothing.
      let waits =
        state.activeTasks(of: job.key).contains { $0.status == .pending }
        || update.configuration.slaAware && job.configuration?.slaPolicy != nil
      if !waits { findings.append("update \(update.id) is \(update.status) for ever: \(update.instances)") }
    }
    let wanted = state.activeTasks + state.jobs.keys.flatMap { state.leavingTasks(of: $0) }
    let expected = Set(wanted.filter { $0.status == .running }.map(\.id))
    let running = Set(host.living.map(\.assignment.taskID))
    let odd = running.symmetricDifference(expected).filter(isSettled).sorted()
    if let id = odd.first {
      findings.append(
        "what runs is not what the scheduler knows: \(id) is \(state.tasks[id]?.status.rawValue ?? "unknown")")
    }
  }
}
