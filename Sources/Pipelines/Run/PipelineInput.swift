public import JSON
public import JobModel

/// A partition of a run, by positions.
public struct PartitionKey: Sendable, Hashable, Comparable {
  public var step: Int
  public var partition: Int

  public init(step: Int, partition: Int) {
    self.step = step
    self.partition = partition
  }

  public static func < (left: PartitionKey, right: PartitionKey) -> Bool {
    (left.step, left.partition) < (right.step, right.partition)
  }
}

/// One attempt of a run.
public struct AttemptKey: Sendable, Hashable, Comparable {
  public var partition: PartitionKey
  public var number: Int

  public init(_ partition: PartitionKey, number: Int) {
    self.partition = partition
    self.number = number
  }

  public static func < (left: AttemptKey, right: AttemptKey) -> Bool {
    (left.partition, left.number) < (right.partition, right.number)
  }
}

/// How an attempt ended.
public enum AttemptEnd: Sendable, Hashable {
  /// Exit code 0, with the content of the output file.
  case succeeded(JSONObject)
  case failed(exitCode: Int?, message: String)
  /// Nobody saw how it ended, and nothing of it is left. Does not count against `retries`.
  case lost(message: String)
}

/// What happens to a run.
public enum PipelineInput: Sendable, Hashable {
  /// Late and doubled reports change nothing.
  case ended(AttemptKey, AttemptEnd)
  /// A queued attempt has its place, and runs from now on.
  case started(AttemptKey)
  /// A sign of life, with its time.
  case heartbeat(AttemptKey, at: Timestamp)
  case cancel
  /// Runs again what did not succeed. For a run that has ended.
  case retry
  /// Time has passed.
  case tick
}

/// What the owner of a run must do after it has stored the run.
public enum PipelineEffect: Sendable, Hashable {
  case launch(AttemptKey)
  /// Ask the attempt to end, and report `ended`.
  case end(AttemptKey)
}

/// What one input led to.
public struct PipelineOutcome: Sendable, Hashable {
  public var effects: [PipelineEffect] = []
  /// The steps and partitions that differ from before.
  public var steps: Set<Int> = []
  public var partitions: Set<PartitionKey> = []
  /// The attempts that differ from before, as they are now.
  public var attempts: [AttemptKey: StepAttempt] = [:]

  public init() {}

  /// Adds what a later input led to, without its effects.
  public mutating func formUnion(_ other: PipelineOutcome) {
    steps.formUnion(other.steps)
    partitions.formUnion(other.partitions)
    attempts.merge(other.attempts) { $1 }
  }
}
