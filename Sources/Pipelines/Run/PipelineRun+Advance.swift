internal import JSON
internal import JobModel

extension PipelineRun {
  /// Starts what can start, and ends steps and the run when nothing more can happen in them.
  mutating func advance(_ now: Timestamp, _ outcome: inout PipelineOutcome) {
    guard !status.isTerminal else { return }
    for position in order {
      if steps[position].status == .waiting { open(position, now, &outcome) }
      if steps[position].status == .running {
        launch(position, now, &outcome)
        close(position, now, &outcome)
      }
    }
    guard steps.allSatisfy(\.status.isTerminal) else { return }
    endedAt = now
    if status == .cancelling {
      status = .cancelled
    } else {
      status = steps.allSatisfy { $0.status == .succeeded || $0.status == .excluded } ? .succeeded : .failed
    }
  }

  private mutating func settle(
    _ position: Int, _ status: StepRun.Status, _ message: String?, _ now: Timestamp, _ outcome: inout PipelineOutcome
  ) {
    steps[position].status = status
    steps[position].message = message
    steps[position].endedAt = now
    outcome.steps.insert(position)
  }

  /// Starts a waiting step, or says that it does not run.
  private mutating func open(_ position: Int, _ now: Timestamp, _ outcome: inout PipelineOutcome) {
    if status == .cancelling { return settle(position, .cancelled, nil, now, &outcome) }
    for needed in graph.needs[position] where steps[needed].status.isTerminal && steps[needed].status != .succeeded {
      return settle(position, .skipped, "step \"\(steps[needed].name)\" did not succeed", now, &outcome)
    }
    if let stoppedBy { return settle(position, .skipped, "step \"\(stoppedBy)\" failed", now, &outcome) }
    guard !isHeld, graph.needs[position].allSatisfy({ steps[$0].status == .succeeded }) else { return }
    steps[position].status = .running
    if steps[position].startedAt == nil { steps[position].startedAt = now }
    outcome.steps.insert(position)
    guard steps[position].partitions == nil else { return }
    let names = partitionNames(position)
    steps[position].partitions = names.map { PartitionRun(name: $0) }
    for index in names.indices { outcome.partitions.insert(PartitionKey(step: position, partition: index)) }
  }

  private func partitionNames(_ position: Int) -> [String] {
    switch definition.steps[position].partitions {
    case .none: [""]
    case .count(let count): (0..<count).map { String($0) }
    case .list(let names): names
    case .output(let name, let key):
      // The output was checked when its attempt ended.
      definition.index(of: name).flatMap { steps[$0].partitions }?.flatMap {
        OutputRules.names($0.output?[key]) ?? []
      } ?? []
    }
  }

  private mutating func launch(_ position: Int, _ now: Timestamp, _ outcome: inout PipelineOutcome) {
    guard status == .running, stoppedBy == nil, !isHeld else { return }
    let partitions = steps[position].partitions ?? []
    guard partitions.contains(where: { $0.status == .waiting || $0.status == .retrying }) else { return }
    var free = (limit ?? .max) - (limit == nil ? 0 : activeCount)
    if let parallel = definition.steps[position].parallel {
      free = min(free, parallel - partitions.count { $0.status == .running })
    }
    for (index, partition) in partitions.enumerated() where free > 0 {
      guard
        partition.status == .waiting || partition.status == .retrying && partition.retryAt.map({ $0 <= now }) ?? true
      else { continue }
      fence += 1
      free -= 1
      let attempt = StepAttempt(
        number: partition.attempts + 1, fence: fence, status: queues ? .queued : .running, startedAt: now)
      let key = PartitionKey(step: position, partition: index)
      change(key, &outcome) {
        $0.status = .running
        $0.attempts = attempt.number
        $0.attempt = attempt
        $0.retryAt = nil
      }
      outcome.effects.append(.launch(AttemptKey(key, number: attempt.number)))
    }
  }

  private var activeCount: Int {
    steps.reduce(0) { sum, step in
      step.status == .running ? sum + (step.partitions ?? []).count { $0.status == .running } : sum
    }
  }

  /// Ends a step in which nothing more can happen.
  private mutating func close(_ position: Int, _ now: Timestamp, _ outcome: inout PipelineOutcome) {
    let partitions = steps[position].partitions ?? []
    guard !partitions.contains(where: { $0.status == .running }) else { return }
    let isOver = partitions.allSatisfy(\.status.isTerminal)
    guard isOver || status == .cancelling || stoppedBy != nil else { return }
    for (index, partition) in partitions.enumerated() where !partition.status.isTerminal {
      let left: PartitionRun.Status = status == .cancelling ? .cancelled : partition.failures > 0 ? .failed : .skipped
      change(PartitionKey(step: position, partition: index), &outcome) {
        $0.status = left
        $0.retryAt = nil
      }
    }
    let ended = steps[position].partitions ?? []
    let failed = ended.count { $0.status == .failed }
    if ended.allSatisfy({ $0.status == .succeeded }) {
      settle(position, .succeeded, nil, now, &outcome)
    } else if failed > 0 {
      settle(
        position, .failed, ended.count == 1 ? nil : "\(failed) of \(ended.count) partitions failed", now, &outcome)
    } else if status == .cancelling {
      settle(position, .cancelled, nil, now, &outcome)
    } else {
      settle(position, .skipped, stoppedBy.map { "step \"\($0)\" failed" }, now, &outcome)
    }
  }

  /// What is wrong with the output of an attempt of a step; nil for one that the rest of the run can use.
  func outputProblem(_ output: JSONObject, of position: Int) -> String? {
    let others = steps[position].partitions ?? []
    let name = definition.steps[position].name
    for step in definition.steps {
      guard case .output(name, let key) = step.partitions else { continue }
      guard let names = OutputRules.names(output[key]) else {
        return
          "the output has no list \"\(key)\" of distinct names, which step \"\(step.name)\" takes its partitions from"
      }
      let known = others.flatMap { OutputRules.names($0.output?[key]) ?? [] }
      if known.count + names.count > PipelineLimits.partitions {
        return "the output gives step \"\(step.name)\" more than \(PipelineLimits.partitions) partitions"
      }
      if let twice = Set(known).intersection(names).min() {
        return "the output gives step \"\(step.name)\" the partition \"\(twice)\" a second time"
      }
    }
    let bytes = steps[position].outputBytes + JSONValue.object(output).bytes().count
    if bytes > PipelineLimits.stepOutput {
      return "the outputs of the step exceed \(PipelineLimits.stepOutput >> 20) MiB together"
    }
    return nil
  }
}

/// What can be the list of a step's partitions in an output.
enum OutputRules {
  /// The names in a list of strings and integers; nil for anything else, and for a name that comes twice or is too long.
  static func names(_ value: JSONValue?) -> [String]? {
    guard let array = value?.array else { return nil }
    var names: [String] = []
    for element in array {
      guard let name = element.string ?? element.int.map({ String($0) }), PartitionName.problem(name) == nil else {
        return nil
      }
      names.append(name)
    }
    return Set(names).count == names.count && names.count <= PipelineLimits.partitions ? names : nil
  }
}

/// Names of partitions.
public enum PartitionName {
  /// Why a text cannot name a partition; nil for one that can.
  public static func problem(_ name: String) -> String? {
    if name.isEmpty { return "is empty" }
    if name.utf8.count > PipelineLimits.partitionName { return "has more than \(PipelineLimits.partitionName) bytes" }
    if name.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) { return "has control characters" }
    return nil
  }
}
