import JobModel
import SchedulerCore

/// One event in a simulated world. Steps name their subjects by small numbers, so that each keeps a meaning when others
/// are omitted.
public enum Step: Sendable, Hashable {
  /// Time passes, in milliseconds.
  case pass(Int)
  /// The scheduler checks its tasks and its clock. With faults, it sees some records late, twice, out of order or not
  /// at all.
  case look(faults: UInt64?)
  /// A user asks for something.
  case request(Request)
  /// kill -9 of the scheduler while it carries out the effects of its next transaction, after this many of them.
  case crash(after: Int)
  /// The next commits fail, as on an input or output error.
  case failCommits(Int)
  case fillDisk(Bool)
  /// The duration of each commit, in milliseconds.
  case slowDisk(Int)
  /// The wall clock is set, by this many seconds.
  case setClock(Int)
  /// For a while it cannot be told whether the executor of a task lives.
  case hideExecutor(Int)
  /// An executor dies without a word.
  case killExecutor(Int)
  /// The host offers this share of its resources, in percent.
  case offer(Int)
  /// The store of pipeline runs goes away, or comes back.
  case hold(Bool)
  /// Another scheduler has the runs in progress for a while: they end here, and come back as they were stored.
  case replace
  /// All faults end here.
  case calm

  public enum Request: Sendable, Hashable {
    case create(Job)
    case kill(Int, instances: Int?)
    case restart(Int, instances: Int?)
    case update(Job, instances: Int?, restart: Bool)
    case scale(Int, Int)
    case rollback(Int, to: Int?)
    case pause(Int), resume(Int), pulse(Int), abort(Int), turnRound(Int)
    case add(Int)
    case startCron(Int)
    case drain(Int?), endDrain
    case schedulePipeline(Int, shape: UInt64), deschedulePipeline(Int)
    case startPipeline(Int, shape: UInt64), cancelPipeline(Int), retryPipeline(Int)
  }

  /// What a job of the world looks like, by numbers.
  public struct Job: Sendable, Hashable {
    var number: Int
    var version: Int
    var instances: Int
    var shape: UInt64
  }
}

extension Step {
  /// The steps of a seed: a long storm, with calm at its end.
  public static func storm(seed: UInt64, count: Int) -> [Step] {
    var random = SeededGenerator(seed)
    // A seed has a character: the number of faults, and their kinds.
    let trouble = [0, 5, 15, 30][random.below(4)]
    let kinds = random.next()
    func has(_ bit: UInt64) -> Bool { trouble > 0 && kinds & (1 << bit) != 0 }
    var steps: [Step] = []
    var version = 1
    while steps.count < count {
      steps.append(.pass(random.chance(10) ? random.below(120_000) : random.below(8_000)))
      if random.chance(25) {
        version += random.below(2)
        steps.append(.request(request(&random, version: version)))
      }
      if has(0), random.chance(trouble) { steps.append(.crash(after: random.below(6))) }
      if has(1), random.chance(trouble) { steps.append(.failCommits(1 + random.below(4))) }
      if has(2), random.chance(trouble / 2) { steps.append(.fillDisk(random.chance(50))) }
      if has(3), random.chance(trouble / 3) { steps.append(.slowDisk(random.chance(60) ? 0 : random.below(40_000))) }
      if has(4), random.chance(trouble / 2) { steps.append(.setClock(random.below(8 * 3600) - 4 * 3600)) }
      if has(5), random.chance(trouble) { steps.append(.hideExecutor(random.below(16))) }
      if has(6), random.chance(trouble) { steps.append(.killExecutor(random.below(16))) }
      if has(7), random.chance(trouble / 3) { steps.append(.offer(50 + random.below(60))) }
      steps.append(.look(faults: has(8) && random.chance(trouble) ? random.next() : nil))
    }
    return withPipelines(steps, seed: seed) + [.calm]
  }

  /// Every fifth seed runs pipelines, too. Their requests come from a generator of their own, so that all other steps
  /// stay what they are.
  private static func withPipelines(_ steps: [Step], seed: UInt64) -> [Step] {
    guard seed % 5 == 0 else { return steps }
    var random = SeededGenerator(seed ^ 0x9E37_79B9)
    var result: [Step] = []
    var number = 0
    for step in steps {
      result.append(step)
      if random.chance(2) { result.append(.hold(random.chance(50))) }
      if random.chance(1) { result.append(.replace) }
      if random.chance(1) { result.append(.request(.schedulePipeline(random.below(2), shape: random.next()))) }
      if random.chance(1) { result.append(.request(.deschedulePipeline(random.below(2)))) }
      guard random.chance(6) else { continue }
      switch random.below(6) {
      case 0...2 where number < 8:
        result.append(.request(.startPipeline(number, shape: random.next())))
        number += 1
      case 3: result.append(.request(.cancelPipeline(random.below(max(1, number)))))
      default: result.append(.request(.retryPipeline(random.below(max(1, number)))))
      }
    }
    return result
  }

  private static func request(_ random: inout SeededGenerator, version: Int) -> Request {
    let number = random.below(5)
    func some() -> Int? { random.chance(50) ? nil : 1 + random.below(15) }
    let job = Job(number: number, version: version, instances: 1 + random.below(4), shape: random.next())
    switch random.below(26) {
    case 0...5: return .create(job)
    case 6: return .kill(number, instances: some())
    case 7: return .restart(number, instances: some())
    case 8...13: return .update(job, instances: random.chance(80) ? nil : some(), restart: random.chance(20))
    case 14: return .scale(number, 1 + random.below(5))
    case 15: return .rollback(number, to: random.chance(50) ? nil : 1 + random.below(4))
    case 16: return .pause(number)
    case 17...18: return .resume(number)
    case 19: return .pulse(number)
    case 20: return .abort(number)
    case 21: return .turnRound(number)
    case 22: return .add(number)
    case 23: return .startCron(number)
    case 24: return random.chance(30) ? .drain(random.chance(50) ? nil : random.below(600)) : .endDrain
    default: return .endDrain
    }
  }
}

extension Step.Job {
  static func key(_ number: Int) -> JobKey {
    JobKey(cluster: "c", role: number % 2 == 0 ? "red" : "blue", stage: "devel", name: "job\(number)")
  }

  /// The configuration: the last job is a cron job, the one before runs to its end, the others are services.
  var configuration: JobConfiguration {
    var random = SeededGenerator(shape)
    let isService = number < 3
    let watch = Duration.seconds(random.below(60))
    let strategy: UpdateStrategy =
      switch random.below(4) {
      case 0: .batch(batchSize: 1 + random.below(3), autopause: random.chance(30))
      case 1: .variableBatch(batchSizes: [1, 1 + random.below(3)], autopause: random.chance(30))
      default: .queue(batchSize: 1 + random.below(3))
      }
    let update = UpdateConfiguration(
      strategy: strategy, watch: watch, maxPerInstanceFailures: random.below(3), maxTotalFailures: random.below(2),
      rollbackOnFailure: random.chance(70), startFirst: random.chance(30),
      pulseInterval: random.chance(10) ? .seconds(300) : nil, slaAware: random.chance(20))
    return JobConfiguration(
      key: Step.Job.key(number), isService: isService,
      cron: number == 4
        ? CronConfiguration(schedule: "*/5 * * * *", collisionPolicy: random.chance(50) ? .killExisting : .cancelNew)
        : nil,
      instances: instances,
      task: TaskConfiguration(
        name: "t",
        processes: [ProcessConfiguration(name: "run", cmdline: "v\(version) --port={{thermos.ports[http]}}")],
        resources: Resources(cpu: random.chance(10) ? 4 : 0.7, ram: 100 << 20, disk: 100 << 20)),
      healthCheck: random.chance(50)
        ? HealthCheckConfiguration(checker: .tcp(port: "http"), maxConsecutiveFailures: 2) : nil,
      update: update, priority: random.below(3), tier: random.chance(20) ? .preferred : .preemptible,
      maxTaskFailures: 3, slaPolicy: random.chance(20) ? .percentage(50, duration: .seconds(60)) : nil)
  }
}
