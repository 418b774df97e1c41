import JobModel
import SchedulerCore

/// SplitMix64: small, and the same everywhere, so that a seed replays.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }
}

/// What really runs, as against what the scheduler believes: executors of one host, and the wire between.
struct SimulatedHost {
  struct Executor {
    var assignment: TaskAssignment
    var pid: Int32
    /// The last state in its checkpoint.
    var status = TaskStatus.starting
    /// Whether anything of the task is left.
    var isAlive = true
    var isEnding = false
    /// Ignores being asked to end.
    var isStuck = false
  }

  var executors: [TaskID: Executor] = [:]
  /// Reports on their way.
  var wire: [(due: Timestamp, event: Event)] = []
  /// Effects asked for and not yet carried out, in order.
  var pending: [Effect] = []
  var sandboxesDeleted = Set<TaskID>()
  var violations: [String] = []

  var living: [Executor] { executors.values.filter(\.isAlive).sorted { $0.pid < $1.pid } }

  mutating func carryOut(_ effect: Effect, at time: Timestamp, trouble: Int, _ random: inout SeededGenerator) {
    switch effect {
    case .launch(let assignment):
      guard executors[assignment.taskID] == nil else { return }
      if random.chance(trouble) {
        send(.executorLost(assignment.taskID, message: "bwrap: not found"), at: time, trouble: 0, &random)
        return
      }
      let other = living.first { $0.assignment.instanceKey == assignment.instanceKey }
      if let other {
        violations.append("\(assignment.taskID) was launched beside \(other.assignment.taskID)")
      }
      if sandboxesDeleted.contains(assignment.taskID) {
        violations.append("\(assignment.taskID) was launched after its sandbox was deleted")
      }
      let pid = Int32(1000 + executors.count)
      executors[assignment.taskID] = Executor(assignment: assignment, pid: pid, isStuck: random.chance(trouble))
      send(.executorStarted(assignment.taskID, pid: pid), at: time, trouble: trouble, &random)
      send(.taskStatus(assignment.taskID, .starting), at: time, trouble: trouble, &random)
    case .kill(let id):
      if let executor = executors[id], executor.isAlive {
        executors[id]?.isEnding = true
      } else if let executor = executors[id], executor.status.isTerminal {
        send(.taskStatus(id, executor.status), at: time, trouble: trouble, &random)
      } else {
        send(.executorLost(id, message: "no executor"), at: time, trouble: trouble, &random)
      }
    case .destroy(let id):
      executors[id]?.isAlive = false
      send(.taskDestroyed(id), at: time, trouble: trouble, &random)
    case .deleteSandbox(let id):
      sandboxesDeleted.insert(id)
      if executors[id]?.isAlive == true { violations.append("the sandbox of \(id) was deleted while it ran") }
    case .record, .wake: break
    }
  }

  /// Puts a report on the wire: it may be lost, doubled, or overtaken.
  mutating func send(_ event: Event, at time: Timestamp, trouble: Int, _ random: inout SeededGenerator) {
    if random.chance(trouble) { return }
    repeat {
      let delay = random.chance(trouble) ? Int.random(in: 0..<400, using: &random) : 0
      wire.append((time + .seconds(delay), event))
    } while random.chance(trouble)
  }

  /// Lets executors live for a while.
  mutating func run(at time: Timestamp, trouble: Int, _ random: inout SeededGenerator) {
    for id in executors.keys.sorted() {
      guard var executor = executors[id], executor.isAlive else { continue }
      if executor.isEnding, !executor.isStuck {
        executor.status = .killed
      } else if executor.status == .starting, random.chance(50) {
        executor.status = random.chance(trouble) ? .failed : .running
      } else if executor.status == .running, random.chance(trouble), random.chance(20) {
        executor.status = random.chance(50) ? .failed : .finished
      } else if random.chance(trouble), random.chance(5) {
        // Dies without a word, and nothing of its task is left.
        executor.isAlive = false
        executors[id] = executor
        send(.executorLost(id, message: "died"), at: time, trouble: trouble, &random)
        continue
      } else {
        continue
      }
      executor.isAlive = !executor.status.isTerminal
      executors[id] = executor
      send(.taskStatus(id, executor.status), at: time, trouble: trouble, &random)
    }
  }

  /// The host looks at what it has and says it again: no report stays lost for ever.
  mutating func audit(_ state: SchedulerState, at time: Timestamp, _ random: inout SeededGenerator) {
    for task in state.activeTasks {
      guard let executor = executors[task.id] else { continue }
      send(.taskStatus(task.id, executor.status), at: time, trouble: 0, &random)
      if !executor.isAlive, !executor.status.isTerminal {
        send(.executorLost(task.id, message: "is gone"), at: time, trouble: 0, &random)
      }
    }
    for executor in living where state.tasks[executor.assignment.taskID]?.holdsPlace != true {
      send(.taskStatus(executor.assignment.taskID, executor.status), at: time, trouble: 0, &random)
    }
  }

  /// What is wrong with what runs.
  func findings(_ offer: HostOffer) -> [String] {
    var findings = violations
    let living = living
    let ports = living.flatMap(\.assignment.ports.values)
    if Set(ports).count != ports.count { findings.append("two live tasks have one port") }
    if Set(living.map(\.assignment.instanceKey)).count != living.count { findings.append("an instance runs twice") }
    let used = living.reduce(Resources.zero) { $0 + $1.assignment.configuration.task.resources }
    if used.milliCPU > offer.resources.milliCPU || used.ram > offer.resources.ram || used.disk > offer.resources.disk {
      findings.append("more runs than the host has")
    }
    return findings
  }
}
