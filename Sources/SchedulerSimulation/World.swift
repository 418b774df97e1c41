// SchedulerSimulation: the scheduler, its store, its executors and its host as one world that follows from a seed. Only
// tests and scripts use it.

internal import JobModel
internal import Pipelines
public import SchedulerCore

/// A simulated world: steps in, findings out. The same steps give the same world.
public struct World: Sendable {
  let seed: UInt64
  var machine: StoredScheduler
  var store = SimulatedStore()
  var host: SimulatedHost
  /// Milliseconds of a clock that never goes back, and how far the wall clock is ahead of it.
  var steady: Int64 = 0
  var wallOffset: Int64 = 1_700_000_000_000
  /// The time of the scheduler's own clock from both; see `SchedulerClock`.
  var clock: SchedulerClock
  var commitTime: Int64 = 0

  // The driver: the data of `HostScheduler` between store and host.
  var backlog: [SchedulerInput] = []
  /// Launches that wait until the state is stored.
  var launches: [TaskAssignment] = []
  /// Tasks that are being destroyed, and the reports when nothing is left of them.
  var destroying: [TaskID: SchedulerInput] = [:]
  /// The number of records of each checkpoint that were read.
  var read: [TaskID: Int] = [:]
  /// The time of the last check of all tasks, regardless of read records.
  var resyncedAt: Int64 = 0
  /// Effects until a crash; nil: none is coming.
  var crashAfter: Int?

  /// The state that the last written transaction left.
  var acknowledged = SchedulerState()
  /// What each update was to change, and from which release: known from its first sight.
  var plans: [UpdateID: [Int: Int?]] = [:]
  /// In which state each task was last seen, and since when by the steady clock.
  var seen: [TaskID: (status: TaskStatus, at: Int64)] = [:]
  /// The successful attempt of each partition whose success is stored.
  var successes: [String: Int] = [:]
  /// The newest attempt of each run when the store of runs went away; nil while it is there.
  var heldFences: [String: Int]?
  /// Runs that another scheduler has, as they were stored.
  var away: [PipelineRecord] = []
  let policy: SchedulerPolicy
  public internal(set) var events = 0
  public internal(set) var crashes = 0
  /// What was found wrong; empty while all is well.
  public internal(set) var findings: [String] = []
  /// The events, for people; kept on request.
  public internal(set) var trace: [String] = []
  let isTracing: Bool
  var offered = HostOffer(
    hostname: "h1", resources: Resources(cpu: 8, ram: 8 << 30, disk: 80 << 30), ports: 31000...31029,
    reservedPorts: [31003])

  public init(seed: UInt64, fault: PlantedFault? = nil, isTracing: Bool = false) {
    self.seed = seed
    self.isTracing = isTracing
    var policy = SchedulerPolicy()
    policy.historyPerJob = 4
    policy.updatesPerJob = 3
    policy.plantedFault = fault
    self.policy = policy
    machine = StoredScheduler(Scheduler(policy: policy))
    host = SimulatedHost(seed: seed)
    let reading = ClockReading(wall: Timestamp(milliseconds: wallOffset), steady: .zero, boot: "b")
    clock = SchedulerClock.resume(reading, anchor: nil).clock
    apply([.clockSet(clock.anchor, shift: .zero), .hostOffer(offered)])
  }

  /// Runs steps until one leads to a finding; returns how many were run.
  @discardableResult
  public mutating func run(_ steps: [Step]) -> Int {
    for (index, step) in steps.enumerated() {
      if isTracing { trace.append("\(index): \(step)") }
      take(step)
      check()
      if !findings.isEmpty { return index + 1 }
    }
    return steps.count
  }

  /// Runs the steps of a seed.
  public static func storm(seed: UInt64, steps: Int, fault: PlantedFault? = nil) -> World {
    var world = World(seed: seed, fault: fault)
    world.run(Step.storm(seed: seed, count: steps))
    return world
  }

  mutating func note(_ text: @autoclosure () -> String) {
    if isTracing { trace.append("    \(text())") }
  }

  // MARK: Steps

  private mutating func take(_ step: Step) {
    switch step {
    case .pass(let time): advance(Int64(time))
    case .look(let faults): look(faults: faults)
    case .request(let request): self.request(request)
    case .crash(let effects): crashAfter = effects
    case .failCommits(let count): store.failures = count
    case .fillDisk(let isFull): store.isFull = isFull
    case .slowDisk(let time): commitTime = Int64(time)
    case .setClock(let seconds): wallOffset += Int64(seconds) * 1000
    case .hideExecutor(let index): host.hide(index, until: steady + 600_000)
    case .killExecutor(let index): host.crash(index)
    case .offer(let share):
      var offer = offered
      offer.resources.milliCPU = offered.resources.milliCPU * share / 100
      report(.hostOffer(offer))
    case .hold(let isHeld): hold(isHeld)
    case .replace: replace()
    case .calm: calm()
    }
  }

  mutating func advance(_ time: Int64) {
    steady += time
    host.advance(to: steady)
  }

  var reading: ClockReading {
    ClockReading(wall: Timestamp(milliseconds: steady + wallOffset), steady: .milliseconds(steady), boot: "b")
  }

  /// The time that the scheduler uses. A jump of the wall clock is reported first.
  mutating func now() -> Timestamp {
    let reading = reading
    if let jump = clock.jump(reading) {
      clock.follow(reading)
      note("the clock jumped by \(jump)")
      backlog.insert(.clockSet(clock.anchor, shift: jump), at: 0)
    }
    return clock.now(reading)
  }

  /// Ends all faults, and gives everything time to settle.
  private mutating func calm() {
    store.isFull = false
    store.failures = 0
    commitTime = 0
    crashAfter = nil
    host.isCalm = true
    host.hidden = [:]
    hold(false)
    for key in machine.scheduler.state.schedules.keys.sorted() { report(.deschedulePipeline(key)) }
    report(.hostOffer(offered))
    if machine.scheduler.state.drain != nil { report(.endDrain()) }
    // Longer than the longest wait of the rules: five minutes in a state that should pass, kills and back-off after it.
    for round in 0..<900 where findings.isEmpty {
      advance(5000)
      if round % 30 == 0 { unpause() }
      look(faults: nil)
      check()
    }
    if findings.isEmpty { checkConvergence() }
  }

  /// The actions of an operator: nothing stays paused forever.
  private mutating func unpause() {
    for key in machine.scheduler.state.jobs.keys.sorted() {
      guard let update = machine.scheduler.state.activeUpdate(of: key) else { continue }
      if update.status.isPaused { report(.resumeUpdate(key)) }
      if update.configuration.pulseInterval != nil { report(.pulseUpdate(key)) }
    }
  }
}
