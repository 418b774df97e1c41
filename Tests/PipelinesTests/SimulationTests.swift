import JSON
import JobModel
import Pipelines
import Testing

/// Runs of random pipelines under random trouble: late and doubled reports, lost attempts, crashes of the owner (the
/// last stored run takes over), cancellations and retries.
@Suite struct SimulationTests {
  private static func pipeline(_ random: inout Seeded) -> [PipelineStep] {
    let count = Int.random(in: 1...6, using: &random)
    return (0..<count).map { number in
      let earlier = (0..<number).filter { _ in Int.random(in: 0..<3, using: &random) == 0 }.map { "s\($0)" }
      var step = PipelineStep(name: "s\(number)", after: earlier, command: "x")
      switch Int.random(in: 0..<4, using: &random) {
      case 0: step.partitions = .count(Int.random(in: 1...5, using: &random))
      case 1 where number > 0:
        step.partitions = .output(step: "s\(Int.random(in: 0..<number, using: &random))", key: "list")
      default: break
      }
      step.parallel = Bool.random(using: &random) ? Int.random(in: 1...2, using: &random) : nil
      step.retries = Int.random(in: 0...2, using: &random)
      step.retryDelay = .seconds(Int64.random(in: 0...20, using: &random))
      step.timeout = Bool.random(using: &random) ? .seconds(30) : nil
      step.onFailure = Bool.random(using: &random) ? .stop : .continue
      return step
    }
  }

  private static func output(_ random: inout Seeded, _ key: AttemptKey) -> JSONObject {
    let names = (0..<Int.random(in: 0...3, using: &random)).map { "p\(key.partition.partition)-\($0)" }
    return JSONObject([("list", .strings(names))])
  }

  /// Attempts that run, by fence, as a world outside of the state machine has them.
  private struct World {
    var running: [AttemptKey: Int] = [:]
    var successes: [PartitionKey: Int] = [:]
    var reports: [PipelineInput] = []
  }

  private static func check(_ run: PipelineRun, _ outcome: PipelineOutcome, _ world: inout World) throws {
    for launched in outcome.launched {
      try #require(!world.running.keys.contains { $0.partition == launched.partition }, "two attempts at once")
      let fence = try #require(run[launched]?.fence)
      try #require(world.running.values.allSatisfy { $0 < fence }, "a fence does not rise")
      let step = run.definition.steps[launched.partition.step]
      for name in step.needs {
        let position = try #require(run.definition.index(of: name))
        try #require(run.steps[position].status == .succeeded, "a step starts before what it needs")
      }
      if let parallel = step.parallel {
        try #require(run.steps[launched.partition.step].partitions?.count { $0.status == .running } ?? 0 <= parallel)
      }
      try #require(world.successes[launched.partition] == nil, "a partition runs again after its success")
      world.running[launched] = fence
    }
    for (position, step) in run.steps.enumerated() {
      for (index, partition) in (step.partitions ?? []).enumerated() where partition.status == .succeeded {
        let key = PartitionKey(step: position, partition: index)
        try #require(world.successes[key] == nil || world.successes[key] == partition.attempts, "a second success")
        world.successes[key] = partition.attempts
      }
    }
    try #require(run.limit.map { run.activeKeys.count <= $0 } ?? true)
    if run.status.isTerminal { try #require(run.activeKeys.isEmpty) }
  }

  private static func simulate(_ seed: UInt64) throws {
    var random = Seeded(state: seed)
    var run = makeRun(pipeline(&random), limit: Bool.random(using: &random) ? 3 : nil)
    var world = World()
    var now: Int64 = 0
    let begun = run.begin(at: at(now))
    try check(run, begun, &world)
    var stored = run
    var retries = Int.random(in: 0...2, using: &random)
    for turn in 0..<5000 {
      if run.status.isTerminal {
        guard run.status != .succeeded, retries > 0 else { return }
        retries -= 1
        let outcome = run.apply(.retry, at: at(now))
        try check(run, outcome, &world)
        stored = run
      }
      var input = PipelineInput.tick
      let choice = Int.random(in: 0..<20, using: &random)
      if choice < 10, let key = world.running.keys.sorted().randomElement(using: &random) {
        world.running[key] = nil
        let end: AttemptEnd =
          switch Int.random(in: 0..<5, using: &random) {
          case 0: failure
          case 1: .lost(message: "lost")
          default: .succeeded(output(&random, key))
          }
        input = .ended(key, end)
        world.reports.append(input)
      } else if choice < 12, let old = world.reports.randomElement(using: &random) {
        input = old
      } else if choice == 12, turn > 50 {
        input = .cancel
      } else if choice == 13 {
        // The owner crashes: every change was stored before it was acted upon.
        run = stored
      } else {
        now += Int64.random(in: 0...15, using: &random)
      }
      let outcome = run.apply(input, at: at(now))
      try check(run, outcome, &world)
      stored = run
    }
    Issue.record("the run does not end")
  }

  @Test("Every run ends, no partition succeeds twice, and no step starts too early") func invariants() throws {
    for seed in UInt64(1)...400 {
      do { try Self.simulate(seed) } catch {
        Issue.record("seed \(seed): \(error)")
        return
      }
    }
  }
}
