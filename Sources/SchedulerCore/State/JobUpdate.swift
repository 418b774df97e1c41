public import JobModel

/// One update of a job from the releases its instances run to another.
public struct JobUpdate: Sendable, Hashable {
  public var id: UpdateID
  public var job: JobKey
  public var status: UpdateStatus
  public var configuration: UpdateConfiguration
  /// The release it brings.
  public var revision: Int
  /// The release the job was at, which a rollback restores.
  public var formerRevision: Int
  /// True: instances that already run the release are also restarted (a rolling restart).
  public var isRestart: Bool
  /// True: the whole job moves to the release. False: only the instances named (a canary).
  public var isWhole: Bool
  public var instances: [Int: Progress]
  /// The instances in the order they are changed, batch by batch. A rollback puts a plan of its own here.
  public var batches: [[Int]]
  /// The index of the last batch that can begin.
  public var openBatch: Int
  /// The last pulse; nil before the first.
  public var pulsedAt: Timestamp?
  public var user: String?
  /// Why it was started, in the words of who did.
  public var reason: String?
  /// Why it is in its state.
  public var message: String?
  public var startedAt: Timestamp
  /// When it came into `status`.
  public var since: Timestamp

  /// The progress of one instance.
  public struct Progress: Sendable, Hashable {
    public enum Phase: String, Sendable, Hashable, CaseIterable {
      case waiting, working, done, failed
    }

    /// The release it ran before; nil when the instance is new.
    public var from: Int?
    /// The release it shall run; nil when the instance is to go.
    public var to: Int?
    public var phase: Phase
    public var action: InstanceUpdateAction?
    /// Failures of the new release so far.
    public var failures: Int
    /// Tasks of this sequence or higher were started for the update.
    public var beganAt: Int

    init(from: Int?, to: Int?) {
      self.init(from: from, to: to, phase: .waiting, action: nil, failures: 0, beganAt: 0)
    }

    init(from: Int?, to: Int?, phase: Phase, action: InstanceUpdateAction?, failures: Int, beganAt: Int) {
      self.from = from
      self.to = to
      self.phase = phase
      self.action = action
      self.failures = failures
      self.beganAt = beganAt
    }
  }

  public var isRollingBack: Bool {
    status == .rollingBack || status == .rollBackPaused || status == .rollBackAwaitingPulse
  }

  /// Whether it can continue automatically.
  public var isRolling: Bool { status == .rollingForward || status == .rollingBack }

  /// The release an instance is on its way to; nil when it is to go.
  public func target(of progress: Progress) -> Int? { isRollingBack ? progress.from : progress.to }

  /// The index of the batch that it is at; the number of batches when all are over.
  public var currentBatch: Int {
    batches.firstIndex { batch in
      batch.contains { instances[$0].map { $0.phase == .waiting || $0.phase == .working } ?? false }
    } ?? batches.count
  }

  /// Instances that are being changed now.
  public var working: [Int] { instances.filter { $0.value.phase == .working }.keys.sorted() }

  /// Whether it must wait for another pulse.
  func needsPulse(at time: Timestamp) -> Bool {
    guard let interval = configuration.pulseInterval else { return false }
    return pulsedAt.map { time >= $0 + interval } ?? true
  }

  /// When the next pulse is due at the latest; nil for an update that needs none or waits for one.
  public var pulseDue: Timestamp? {
    guard let interval = configuration.pulseInterval, isRolling, let pulsedAt else { return nil }
    return pulsedAt + interval
  }

  /// Since Aurora 0.18: new instances first, then changed ones, then those that go; the reverse when rolling back.
  static func order(_ instances: [Int: Progress], isRollingBack: Bool) -> [Int] {
    let added = instances.filter { $0.value.from == nil }.keys.sorted()
    let changed = instances.filter { $0.value.from != nil && $0.value.to != nil }.keys.sorted()
    let removed = instances.filter { $0.value.to == nil }.keys.sorted()
    let forward = added + changed + removed
    return isRollingBack ? forward.reversed() : forward
  }

  /// The update in the form of the API.
  public var summary: UpdateSummary {
    UpdateSummary(
      id: id, key: job, status: status, startedAt: startedAt, user: user, message: message,
      instances: instances.compactMapValues(\.action), total: instances.count)
  }
}
