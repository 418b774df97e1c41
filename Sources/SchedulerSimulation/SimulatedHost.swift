import JobModel
import SchedulerCore

/// The processes that really run, in contrast to the scheduler's belief: the executors of one host, each with a
/// checkpoint that it appends to and that outlives the scheduler.
struct SimulatedHost: Sendable {
  /// The behavior of a task, from its start on. Times in milliseconds.
  struct Behavior: Sendable {
    var startDelay = 1500
    /// The duration of its run; nil: forever.
    var runTime: Int?
    var end = TaskStatus.finished
    /// Whether it ends without a record.
    var isSilent = false
    /// Whether it dies before its first record.
    var isStillborn = false
    var killDelay = 800
    var ignoresKill = false
    /// When it begins to fail its checks; nil: never.
    var unhealthyAfter: Int?

    static let calm = Behavior()

    init() {}

    init(_ random: inout SeededGenerator) {
      startDelay = random.chance(5) ? 1_000_000 : random.below(6000)
      if random.chance(25) {
        runTime = random.below(random.chance(50) ? 5000 : 900_000)
        end = random.chance(60) ? .failed : .finished
        isSilent = random.chance(20)
      }
      isStillborn = random.chance(5)
      killDelay = random.chance(10) ? 30_000 : random.below(3000)
      ignoresKill = random.chance(8)
      if random.chance(10) { unhealthyAfter = random.below(60_000) }
    }
  }

  struct Executor: Sendable {
    var assignment: TaskAssignment
    var pid: Int32
    var behavior: Behavior
    var launchedAt: Int64
    var status = TaskStatus.starting
    var isUnhealthy = false
    /// Whether anything of the task is left.
    var isAlive = true
    var endRequestedAt: Int64?
    /// The checkpoint.
    var records: [SchedulerInput] = []
  }

  private(set) var executors: [TaskID: Executor] = [:]
  private var launches: [InstanceKey: UInt64] = [:]
  private(set) var deleted: Set<TaskID> = []
  /// Tasks whose life cannot be determined, until this time.
  var hidden: [TaskID: Int64] = [:]
  var isCalm = false
  let seed: UInt64
  var violations: [String] = []

  init(seed: UInt64) { self.seed = seed }

  var living: [Executor] { executors.values.filter(\.isAlive).sorted { $0.pid < $1.pid } }

  // MARK: What the scheduler does

  /// Starts an executor; false when that is refused, as for a program that is missing.
  mutating func launch(_ assignment: TaskAssignment, at now: Int64, allowed: (SimulatedHost) -> String?) {
    let id = assignment.taskID
    if let known = executors[id] {
      if !known.isAlive, !known.status.isTerminal { violations.append("\(id) was launched a second time") }
      return
    }
    if deleted.contains(id) { violations.append("\(id) was launched after its folder was removed") }
    if let problem = allowed(self) { violations.append("\(id): \(problem)") }
    let number = launches[assignment.instanceKey, default: 0]
    launches[assignment.instanceKey] = number + 1
    // What a task does follows from its instance and its number, so that it stays when other steps are left out.
    var random = SeededGenerator(seed &+ Self.digest("\(assignment.instanceKey)") &+ number &* 7919)
    var behavior = isCalm ? .calm : Behavior(&random)
    // Steps come to an end.
    if SimulatedPipeline.isStep(assignment.jobKey), behavior.runTime == nil {
      behavior.runTime = isCalm ? 2000 : random.below(120_000)
    }
    let pid = Int32(1000 + executors.count)
    executors[id] = Executor(
      assignment: assignment, pid: pid, behavior: behavior, launchedAt: now, isAlive: !behavior.isStillborn,
      records: behavior.isStillborn ? [] : [.executorStarted(id, pid: pid), .taskStatus(id, .starting)])
  }

  /// Asks an executor to end; false when there is none.
  mutating func stop(_ id: TaskID, at now: Int64) -> Bool {
    guard executors[id]?.isAlive == true else { return false }
    if executors[id]?.endRequestedAt == nil { executors[id]?.endRequestedAt = now }
    return true
  }

  mutating func destroy(_ id: TaskID) { executors[id]?.isAlive = false }

  mutating func removeFolder(_ id: TaskID) {
    deleted.insert(id)
    if executors[id]?.isAlive == true { violations.append("the folder of \(id) was removed while it runs") }
    // Nothing is kept of it, so that a long simulation stays small.
    executors[id]?.records = []
  }

  mutating func crash(_ index: Int) {
    let living = living
    guard !living.isEmpty else { return }
    executors[living[index % living.count].assignment.taskID]?.isAlive = false
  }

  mutating func hide(_ index: Int, until time: Int64) {
    let living = living
    guard !living.isEmpty else { return }
    hidden[living[index % living.count].assignment.taskID] = time
  }

  // MARK: What tasks do

  mutating func advance(to now: Int64) {
    hidden = hidden.filter { $0.value > now }
    for executor in living { advance(executor, to: now) }
  }

  private mutating func advance(_ executor: Executor, to now: Int64) {
    var executor = executor
    let id = executor.assignment.taskID
    let age = Int(now - executor.launchedAt)
    let behavior = executor.behavior
    if executor.status == .starting, age >= behavior.startDelay, executor.endRequestedAt == nil {
      executor.status = .running
      executor.records.append(.taskStatus(id, .running))
      executor.records.append(.taskHealth(id, HealthReport(healthy: true)))
    }
    if executor.status == .running, let time = behavior.unhealthyAfter, age >= behavior.startDelay + time,
      !executor.isUnhealthy, !isCalm
    {
      executor.isUnhealthy = true
      executor.records.append(
        .taskHealth(id, HealthReport(healthy: false, consecutiveFailures: 5, message: "no answer")))
    }
    if let requested = executor.endRequestedAt, !behavior.ignoresKill, now >= requested + Int64(behavior.killDelay) {
      end(&executor, .killed)
    } else if let time = behavior.runTime, executor.status == .running, age >= behavior.startDelay + time {
      if behavior.isSilent { executor.isAlive = false } else { end(&executor, behavior.end) }
    }
    executors[id] = executor
  }

  private func end(_ executor: inout Executor, _ status: TaskStatus) {
    executor.status = status
    if status == .finished, SimulatedPipeline.isStep(executor.assignment.jobKey) {
      executor.records.append(.stepEnded(executor.assignment.taskID, SimulatedPipeline.output(executor.assignment)))
    }
    executor.records.append(.taskStatus(executor.assignment.taskID, status, message: "ended"))
    executor.isAlive = false
  }

  /// FNV-1a.
  private static func digest(_ text: String) -> UInt64 {
    text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }

  // MARK: What must hold

  /// The problems of running tasks. `pairs` are instances that can have two tasks.
  func findings(pairs: Set<InstanceKey>) -> [String] {
    var findings = violations
    var seen: [InstanceKey: Int] = [:]
    var ports: Set<Int> = []
    for executor in executors.values where executor.isAlive {
      seen[executor.assignment.instanceKey, default: 0] += 1
      for port in executor.assignment.ports.values where !ports.insert(port).inserted {
        findings.append("two live tasks have port \(port)")
      }
    }
    for (key, count) in seen where count > (pairs.contains(key) ? 2 : 1) {
      findings.append("instance \(key) runs \(count) times")
    }
    return findings
  }
}
