/// The way in which a job moves from one configuration to another (Aurora: `UpdateConfig`).
public struct UpdateConfiguration: Sendable, Hashable {
  /// The instances that are updated together, and the condition for the next ones.
  public var strategy: UpdateStrategy
  /// The time that an instance must keep running to count as updated; zero relies on health checks alone.
  public var watch: Duration
  /// Failures of one instance that are forgiven by trying it again.
  public var maxPerInstanceFailures: Int
  /// Failed instances that are tolerated before the update fails.
  public var maxTotalFailures: Int
  /// Whether a failed update restores the former configuration.
  public var rollbackOnFailure: Bool
  /// True: a replacement runs before its predecessor is stopped. Only for jobs that bear two copies of an instance.
  public var startFirst: Bool
  /// The longest time between two pulses before the update blocks; nil: the update needs no pulse.
  ///
  /// An update with an interval starts blocked and waits for its first pulse.
  public var pulseInterval: Duration?
  /// Whether the job's ``SlaPolicy`` must allow each kill of the update.
  public var slaAware: Bool

  /// The shortest interval between pulses that Aurora's client accepts.
  public static let shortestPulseInterval = Duration.seconds(60)

  public init(
    strategy: UpdateStrategy, watch: Duration = .seconds(45), maxPerInstanceFailures: Int = 0,
    maxTotalFailures: Int = 0, rollbackOnFailure: Bool = true, startFirst: Bool = false,
    pulseInterval: Duration? = nil, slaAware: Bool = false
  ) {
    self.strategy = strategy
    self.watch = watch
    self.maxPerInstanceFailures = maxPerInstanceFailures
    self.maxTotalFailures = maxTotalFailures
    self.rollbackOnFailure = rollbackOnFailure
    self.startFirst = startFirst
    self.pulseInterval = pulseInterval
    self.slaAware = slaAware
  }

  /// A queue, or batches that wait for each other, as Aurora's `batch_size` and `wait_for_batch_completion` describe.
  public init(
    batchSize: Int = 1, watch: Duration = .seconds(45), maxPerInstanceFailures: Int = 0, maxTotalFailures: Int = 0,
    rollbackOnFailure: Bool = true, waitForBatchCompletion: Bool = false, startFirst: Bool = false
  ) {
    self.init(
      strategy: UpdateStrategy(batchSize: batchSize, waitForBatchCompletion: waitForBatchCompletion), watch: watch,
      maxPerInstanceFailures: maxPerInstanceFailures, maxTotalFailures: maxTotalFailures,
      rollbackOnFailure: rollbackOnFailure, startFirst: startFirst)
  }

  /// The number of instances in the first batch. Setting it keeps the kind of a queue or of equal batches.
  public var batchSize: Int {
    get { strategy.size(ofBatch: 0) }
    set { strategy = strategy.withBatchSize(newValue) }
  }

  /// Whether a batch ends before the next begins.
  public var waitForBatchCompletion: Bool { strategy.waitsForBatch }
}

/// The instances that an update changes together, and the condition for the next ones (Aurora: `update_strategy`).
public enum UpdateStrategy: Sendable, Hashable {
  /// At most `batchSize` instances at once; the next begins as soon as one is done.
  case queue(batchSize: Int)
  /// Batches of one size; each ends before the next begins.
  case batch(batchSize: Int, autopause: Bool)
  /// Batches of the given sizes in order; the last size repeats.
  case variableBatch(batchSizes: [Int], autopause: Bool)

  /// The strategy that Aurora's `batch_size` and `wait_for_batch_completion` mean.
  public init(batchSize: Int, waitForBatchCompletion: Bool) {
    self = waitForBatchCompletion ? .batch(batchSize: batchSize, autopause: false) : .queue(batchSize: batchSize)
  }

  /// The number of instances in the batch with this index, which counts from 0. At least 0.
  public func size(ofBatch index: Int) -> Int {
    switch self {
    case .queue(let size), .batch(let size, _): size
    case .variableBatch(let sizes, _): sizes.isEmpty ? 0 : sizes[min(max(index, 0), sizes.count - 1)]
    }
  }

  /// Whether a batch ends before the next begins.
  public var waitsForBatch: Bool {
    switch self {
    case .queue: false
    case .batch, .variableBatch: true
    }
  }

  /// Whether the update pauses after each batch but the last.
  public var pausesAfterBatch: Bool {
    switch self {
    case .queue: false
    case .batch(_, let autopause), .variableBatch(_, let autopause): autopause
    }
  }

  /// Whether every batch has at least one instance.
  public var isValid: Bool {
    switch self {
    case .queue(let size), .batch(let size, _): size > 0
    case .variableBatch(let sizes, _): !sizes.isEmpty && sizes.allSatisfy { $0 > 0 }
    }
  }

  func withBatchSize(_ size: Int) -> UpdateStrategy {
    switch self {
    case .queue: .queue(batchSize: size)
    case .batch(_, let autopause): .batch(batchSize: size, autopause: autopause)
    case .variableBatch(_, let autopause): .variableBatch(batchSizes: [size], autopause: autopause)
    }
  }
}
