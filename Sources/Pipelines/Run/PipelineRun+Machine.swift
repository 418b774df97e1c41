public import JobModel

extension PipelineRun {
  /// Starts what can start in a new run.
  public mutating func begin(at now: Timestamp) -> PipelineOutcome {
    var outcome = PipelineOutcome()
    advance(now, &outcome)
    return outcome
  }

  /// Takes one input.
  public mutating func apply(_ input: PipelineInput, at now: Timestamp) -> PipelineOutcome {
    apply([input], at: now)
  }

  /// Takes several inputs that came together. Looks at the whole run once, however many they are.
  public mutating func apply(_ inputs: [PipelineInput], at now: Timestamp) -> PipelineOutcome {
    var outcome = PipelineOutcome()
    var isNews = false
    for input in inputs where take(input, now, &outcome) { isNews = true }
    guard isNews else { return outcome }
    for (position, step) in definition.steps.enumerated() where step.timeout != nil || step.heartbeat != nil {
      for key in activeKeys(ofStep: position) {
        if let reason = overdue(key, now) { end(key, message: reason, &outcome) }
      }
    }
    advance(now, &outcome)
    return outcome
  }

  /// False for an input that changes nothing.
  private mutating func take(_ input: PipelineInput, _ now: Timestamp, _ outcome: inout PipelineOutcome) -> Bool {
    switch input {
    case .ended(let key, let end): finish(key, end, now, &outcome)
    case .heartbeat(let key, let time):
      guard let attempt = self[key], !attempt.status.isTerminal, attempt.heartbeatAt.map({ $0 < time }) ?? true
      else { return false }
      change(key.partition, &outcome) { $0.attempt?.heartbeatAt = time }
    case .started(let key):
      guard self[key]?.status == .queued else { return false }
      change(key.partition, &outcome) {
        $0.attempt?.status = .running
        $0.attempt?.startedAt = now
      }
    case .cancel:
      guard status == .running else { return false }
      status = .cancelling
      for key in activeKeys { end(key, message: "the run was cancelled", &outcome) }
    case .retry:
      guard status == .failed || status == .cancelled else { return false }
      retry(&outcome)
    case .tick: break
    }
    return true
  }

  /// The next time at which a `tick` changes something; nil when only other inputs do.
  public var nextDeadline: Timestamp? {
    guard !status.isTerminal else { return nil }
    var next: Timestamp?
    func note(_ time: Timestamp?) { if let time { next = next.map { min($0, time) } ?? time } }
    for (position, step) in steps.enumerated() where step.status == .running {
      let definition = definition.steps[position]
      for partition in step.partitions ?? [] {
        if partition.status == .retrying { note(partition.retryAt) }
        guard let attempt = partition.attempt, attempt.status == .running else { continue }
        note(definition.timeout.map { attempt.startedAt + $0 })
        note(definition.heartbeat.map { (attempt.heartbeatAt ?? attempt.startedAt) + $0 })
      }
    }
    return next
  }

  /// The attempt of a key, when it is the newest of its partition.
  public subscript(key: AttemptKey) -> StepAttempt? {
    guard let attempt = self[key.partition]?.attempt, attempt.number == key.number else { return nil }
    return attempt
  }

  public subscript(key: PartitionKey) -> PartitionRun? {
    guard steps.indices.contains(key.step), let partitions = steps[key.step].partitions,
      partitions.indices.contains(key.partition)
    else { return nil }
    return partitions[key.partition]
  }

  /// The attempts that may run.
  public var activeKeys: [AttemptKey] { steps.indices.flatMap { activeKeys(ofStep: $0) } }

  /// The attempts of one step that may run.
  public func activeKeys(ofStep position: Int) -> [AttemptKey] {
    guard steps[position].status == .running, let partitions = steps[position].partitions else { return [] }
    var keys: [AttemptKey] = []
    for index in partitions.indices where partitions[index].status == .running {
      keys.append(
        AttemptKey(PartitionKey(step: position, partition: index), number: partitions[index].attempts))
    }
    return keys
  }

  /// Notes the task that runs an attempt.
  public mutating func note(task: String, of key: AttemptKey, _ outcome: inout PipelineOutcome) {
    guard self[key] != nil else { return }
    change(key.partition, &outcome) { $0.attempt?.task = task }
  }

  /// The clock was set: every time moves with it.
  public mutating func moveTimes(by shift: Duration) -> PipelineOutcome {
    var outcome = PipelineOutcome()
    func move(_ time: inout Timestamp?) { time = time.map { $0 + shift } }
    createdAt = createdAt + shift
    move(&endedAt)
    for position in steps.indices {
      outcome.steps.insert(position)
      move(&steps[position].startedAt)
      move(&steps[position].endedAt)
      for index in (steps[position].partitions ?? []).indices {
        change(PartitionKey(step: position, partition: index), &outcome) {
          move(&$0.retryAt)
          guard var attempt = $0.attempt else { return }
          attempt.startedAt = attempt.startedAt + shift
          move(&attempt.endedAt)
          move(&attempt.heartbeatAt)
          $0.attempt = attempt
        }
      }
    }
    return outcome
  }

  // MARK: Attempts

  mutating func change(
    _ key: PartitionKey, _ outcome: inout PipelineOutcome, _ body: (inout PartitionRun) -> Void
  ) {
    guard var partition = self[key] else { return }
    body(&partition)
    steps[key.step].partitions?[key.partition] = partition
    outcome.partitions.insert(key)
    if let attempt = partition.attempt { outcome.attempts[AttemptKey(key, number: attempt.number)] = attempt }
  }

  private mutating func end(_ key: AttemptKey, message: String, _ outcome: inout PipelineOutcome) {
    guard let status = self[key]?.status, status == .running || status == .queued else { return }
    change(key.partition, &outcome) {
      $0.attempt?.status = .ending
      $0.attempt?.message = message
    }
    outcome.effects.append(.end(key))
  }

  private func overdue(_ key: AttemptKey, _ now: Timestamp) -> String? {
    guard let attempt = self[key], attempt.status == .running else { return nil }
    let step = definition.steps[key.partition.step]
    if let timeout = step.timeout, now >= attempt.startedAt + timeout {
      return "timed out after \(timeout.pipelineText)"
    }
    if let heartbeat = step.heartbeat, now >= (attempt.heartbeatAt ?? attempt.startedAt) + heartbeat {
      return "no heartbeat for \(heartbeat.pipelineText)"
    }
    return nil
  }

  private mutating func finish(
    _ key: AttemptKey, _ end: AttemptEnd, _ now: Timestamp, _ outcome: inout PipelineOutcome
  ) {
    guard let attempt = self[key], !attempt.status.isTerminal else { return }
    let position = key.partition.step
    var end = end
    if case .succeeded(let output) = end, let problem = outputProblem(output, of: position) {
      end = .failed(exitCode: 0, message: problem)
    }
    // An attempt that was asked to end has not done its work, whatever its exit code says.
    if attempt.status == .ending {
      let code: Int? =
        switch end {
        case .succeeded: 0
        case .failed(let code, _): code
        case .lost: nil
        }
      end = .failed(exitCode: code, message: attempt.message ?? "was ended")
    }
    let cancelling = status == .cancelling
    let step = definition.steps[position]
    var exhausted = false
    change(key.partition, &outcome) { partition in
      partition.attempt?.endedAt = now
      switch end {
      case .succeeded(let output):
        partition.attempt?.status = .succeeded
        partition.attempt?.exitCode = 0
        partition.status = .succeeded
        partition.output = output
      case .failed(let code, let message):
        partition.attempt?.status = cancelling ? .cancelled : .failed
        partition.attempt?.exitCode = code
        partition.attempt?.message = message
        if cancelling {
          partition.status = .cancelled
        } else {
          partition.failures += 1
          exhausted = partition.failures > step.retries
          partition.status = exhausted ? .failed : .retrying
          partition.retryAt = exhausted ? nil : now + step.delay(afterFailures: partition.failures)
        }
      case .lost(let message):
        partition.attempt?.status = .lost
        partition.attempt?.message = message
        partition.losses += 1
        exhausted = !cancelling && partition.losses > PipelineLimits.losses
        partition.status = cancelling ? .cancelled : exhausted ? .failed : .retrying
        partition.retryAt = cancelling || exhausted ? nil : now
      }
    }
    if let partition = self[key.partition], partition.status == .succeeded {
      steps[position].outputBytes += partition.outputBytes
    }
    if exhausted, step.onFailure == .stop, stoppedBy == nil { stoppedBy = step.name }
  }

  // MARK: Retry

  private mutating func retry(_ outcome: inout PipelineOutcome) {
    status = .running
    endedAt = nil
    stoppedBy = nil
    for position in steps.indices
    where ![.succeeded, .excluded].contains(steps[position].status) {
      outcome.steps.insert(position)
      steps[position].status = .waiting
      steps[position].endedAt = nil
      steps[position].message = nil
      for index in (steps[position].partitions ?? []).indices {
        let key = PartitionKey(step: position, partition: index)
        guard self[key]?.status != .succeeded else { continue }
        change(key, &outcome) {
          $0.status = .waiting
          $0.failures = 0
          $0.losses = 0
          $0.retryAt = nil
        }
      }
    }
  }
}

extension PipelineStep {
  /// The wait before the next attempt: `retryDelay`, doubled for each failure after the first, up to an hour.
  func delay(afterFailures failures: Int) -> Duration {
    var delay = retryDelay
    for _ in 1..<max(1, min(failures, 32)) where delay < .seconds(3600) { delay = delay * 2 }
    return max(retryDelay, min(delay, .seconds(3600)))
  }
}

extension Duration {
  /// A duration as in `90 s` and `250 ms`.
  public var pipelineText: String {
    milliseconds % 1000 == 0 ? "\(milliseconds / 1000) s" : "\(milliseconds) ms"
  }
}
