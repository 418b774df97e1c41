public import JobModel

/// One update of a job from the revisions its instances run to another.
public struct JobUpdate: Sendable, Hashable {
  public var id: UpdateID
  public var job: JobKey
  public var status: UpdateStatus
  public var configuration: UpdateConfiguration
  /// The revision it brings.
  public var revision: Int
  /// The revision the job was at.
  public var formerRevision: Int
  /// True: also instances that run the revision already are started anew (a rolling restart).
  public var isRestart: Bool
  public var instances: [Int: Progress]
  public var user: String?
  /// Why it is in its state.
  public var message: String?
  public var startedAt: Timestamp
  /// When it came into `status`.
  public var since: Timestamp

  /// How far one instance is.
  public struct Progress: Sendable, Hashable {
    public enum Phase: String, Sendable, Hashable, CaseIterable {
      case waiting, working, done, failed
    }

    /// The revision it ran before; nil when the instance is new.
    public var from: Int?
    /// The revision it shall run; nil when the instance is to go.
    public var to: Int?
    public var phase: Phase
    public var action: InstanceUpdateAction?
    /// Failures of the new revision so far.
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

  public var isRollingBack: Bool { status == .rollingBack || status == .rollBackPaused }

  /// The revision an instance is on its way to; nil when it is to go.
  func target(of progress: Progress) -> Int? { isRollingBack ? progress.from : progress.to }

  /// Since Aurora 0.18: new instances first, then changed ones, then those that go; the reverse when rolling back.
  var order: [Int] {
    let added = instances.filter { $0.value.from == nil }.keys.sorted()
    let changed = instances.filter { $0.value.from != nil && $0.value.to != nil }.keys.sorted()
    let removed = instances.filter { $0.value.to == nil }.keys.sorted()
    let forward = added + changed + removed
    return isRollingBack ? forward.reversed() : forward
  }

  /// The update as the API gives it.
  public var summary: UpdateSummary {
    UpdateSummary(
      id: id, key: job, status: status, startedAt: startedAt, user: user, message: message,
      instances: instances.compactMapValues(\.action), total: instances.count)
  }
}
