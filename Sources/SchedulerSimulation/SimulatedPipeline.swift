import JSON
import JobModel
import Pipelines
import SchedulerCore

/// Pipelines of a simulated world: small graphs with partitions, retries and timeouts.
enum SimulatedPipeline {
  static func id(_ number: Int) -> String { "run\(number)" }

  static func record(_ number: Int, shape: UInt64) -> PipelineRecord {
    var random = SeededGenerator(shape)
    var steps: [PipelineStep] = []
    for position in 0..<1 + random.below(4) {
      var step = PipelineStep(
        name: "s\(position)", command: "step --port={{thermos.ports[http]}}",
        resources: Resources(cpu: 0.4, ram: 50 << 20, disk: 50 << 20))
      for other in 0..<position where random.chance(40) { step.after.append("s\(other)") }
      switch random.below(3) {
      case 0: step.partitions = .count(1 + random.below(4))
      case 1 where position > 0: step.partitions = .output(step: "s\(random.below(position))", key: "list")
      default: break
      }
      step.retries = random.below(3)
      step.retryDelay = .seconds(random.below(30))
      step.timeout = random.chance(30) ? .seconds(60 + random.below(600)) : nil
      step.parallel = random.chance(30) ? 1 : nil
      step.onFailure = random.chance(50) ? .stop : .continue
      steps.append(step)
    }
    let limit = random.chance(30) ? 1 + random.below(2) : nil
    let run = PipelineRun(
      id: id(number), definition: PipelineDefinition(name: "p", role: "red", concurrency: limit, steps: steps),
      stage: "devel",
      parameters: JSONObject(), createdAt: Timestamp(milliseconds: 0), queues: true)
    return PipelineRecord(run: run, cluster: "c", stage: "devel", artifact: nil)
  }

  static func scheduleKey(_ number: Int) -> String { "red/devel/daily\(number)" }

  /// A pipeline that is due every few minutes.
  static func schedule(_ number: Int, shape: UInt64) -> ScheduledPipeline {
    var definition = record(0, shape: shape).run.definition
    definition.name = "daily\(number)"
    definition.parameters = [PipelineParameter(name: "day", kind: .date)]
    definition.schedule = CronConfiguration(
      schedule: "*/4 * * * *", collisionPolicy: shape % 2 == 0 ? .killExisting : .cancelNew)
    return ScheduledPipeline(
      definition: definition, cluster: "c", stage: "devel", parameters: JSONObject(), artifact: nil,
      number: UInt32(number))
  }

  /// Whether a task runs a step: the jobs of steps are named RUN.STEP.
  static func isStep(_ key: JobKey) -> Bool { key.name.contains(".") }

  /// What the step of a task puts out: a list of partitions for others, which no two partitions share.
  static func output(_ assignment: TaskAssignment) -> AttemptEnd {
    .succeeded(
      JSONObject([("list", .strings((0..<2).map { "\(assignment.instance)-\($0)" }))]))
  }
}

extension World {
  /// The store of runs goes away, or comes back.
  mutating func hold(_ isHeld: Bool) {
    drain()
    if !isHeld { heldFences = nil }
    report(.holdPipelines(isHeld))
    drain()
    if isHeld, heldFences == nil { heldFences = machine.scheduler.state.pipelines.mapValues(\.run.fence) }
  }

  /// Another scheduler takes the runs over, and gives them back at once: as they were stored.
  mutating func replace() {
    drain()
    guard heldFences == nil, !machine.isAhead else { return }
    let runs = acknowledged.pipelines.values.filter { !$0.run.status.isTerminal }
    report(.abandonPipelines(Set(runs.map(\.run.id)), message: "another scheduler has the runs"))
    drain()
    let gone = runs.filter { acknowledged.pipelines[$0.run.id] == nil }
    away += gone.sorted { $0.run.id < $1.run.id }
  }

  /// The rules of pipeline runs that do not hold. A success counts once it is stored: a crash takes back what was not.
  mutating func pipelineFindings(_ state: SchedulerState) -> [String] {
    var findings: [String] = []
    for record in acknowledged.pipelines.values {
      for step in record.run.steps {
        for (index, partition) in (step.partitions ?? []).enumerated() where partition.status == .succeeded {
          successes["\(record.run.id)/\(step.name)/\(index)"] = partition.attempts
        }
      }
    }
    if let heldFences {
      for record in state.pipelines.values where record.run.fence > heldFences[record.run.id] ?? record.run.fence {
        findings.append("an attempt of \(record.run.id) starts while the store of runs is away")
      }
    }
    for record in state.pipelines.values {
      let run = record.run
      let graph = PipelineGraph(run.definition.steps)
      for (position, step) in run.steps.enumerated() {
        let partitions = step.partitions ?? []
        if partitions.contains(where: { $0.attempts > 0 }),
          graph.needs[position].contains(where: { run.steps[$0].status != .succeeded })
        {
          findings.append("step \(step.name) of \(run.id) started before what it needs")
        }
        for (index, partition) in partitions.enumerated() {
          let name = "\(run.id)/\(step.name)/\(index)"
          if let former = successes[name], partition.status != .succeeded || partition.attempts != former {
            findings.append("\(name) runs again after its success")
          }
        }
      }
      if run.status.isTerminal, !run.activeKeys.isEmpty { findings.append("\(run.id) has ended and still runs") }
      for key in run.activeKeys where run[key]?.task == nil { findings.append("an attempt of \(run.id) has no task") }
    }
    return findings
  }
}
