public import JobModel

/// What must be written in one transaction: the consequences of one event, or of several.
public struct StateChange: Sendable {
  /// What of the stored state is compared as a whole.
  public struct Summary: Sendable {
    public var hosts: [HostOffer]
    public var drain: HostDrain?
    public var clock: SchedulerClock.Anchor?
    public var nextPort: Int
    public var nextSequence: Int
    public var prunedAt: Timestamp

    init(_ state: SchedulerState) {
      hosts = state.hosts
      drain = state.drain
      clock = state.clock
      nextPort = state.nextPort
      nextSequence = state.nextSequence
      prunedAt = state.prunedAt
    }
  }

  public var before: Summary
  public var after: SchedulerState
  public var changes: Scheduler.Changes
  public var events: [RecordedEvent]

  /// Whether there is anything to write: most ticks change nothing but the time.
  public var isEmpty: Bool {
    changes.isEmpty && events.isEmpty && before.hosts == after.hosts && before.drain == after.drain
      && before.clock == after.clock
      && before.nextPort == after.nextPort && before.nextSequence == after.nextSequence
  }
}

/// The state machine between transactions: events are applied together, committed together, and reverted together if
/// the commit fails. The owner supplies the commit: SQLite, or a simulated disk.
public struct StoredScheduler: Sendable {
  public private(set) var scheduler: Scheduler
  /// Events that were applied although they could not be written yet.
  private var unsaved: (before: StateChange.Summary, changes: Scheduler.Changes, events: [RecordedEvent])?

  public init(_ scheduler: Scheduler) { self.scheduler = scheduler }

  /// Whether the state in memory is ahead of the stored one.
  public var isAhead: Bool { unsaved != nil }

  /// The result of one event.
  public typealias Answer = Result<[Effect], SchedulerError>

  /// Applies events, in one transaction with earlier unwritten ones.
  ///
  /// - Parameters:
  ///   - mayWait: whether they are applied even if the commit fails, to be written with the next one. For events that
  ///     cannot be refused: reports, and kills.
  ///   - commit: Writes the change, all of it or nothing.
  /// - Returns: for each event its effects, or the reason of its refusal; and whether the change was written. While it
  ///   was not, nothing must be started that a restarted scheduler would not know of.
  /// - Throws: the error of `commit`, unless the events can wait; none of them was applied then.
  public mutating func apply<Failure: Error>(
    _ events: [SchedulerInput], at time: Timestamp, mayWait: Bool = false,
    commit: (StateChange) throws(Failure) -> Void
  ) throws(Failure) -> (answers: [Answer], isStored: Bool) {
    let before = unsaved?.before ?? StateChange.Summary(scheduler.state)
    var outcomes: [Scheduler.Outcome] = []
    var answers: [Answer] = []
    for event in events {
      do throws(SchedulerError) {
        let outcome = try scheduler.apply(event, at: time)
        outcomes.append(outcome)
        answers.append(.success(outcome.effects))
      } catch {
        answers.append(.failure(error))
      }
    }
    var changes = unsaved?.changes ?? Scheduler.Changes()
    var recorded = unsaved?.events ?? []
    for outcome in outcomes {
      changes.formUnion(outcome.changes)
      for case .record(let event) in outcome.effects { recorded.append(event) }
    }
    let change = StateChange(before: before, after: scheduler.state, changes: changes, events: recorded)
    if change.isEmpty {
      // Later events undid the waiting ones: the stored state equals the one in memory.
      unsaved = nil
      return (answers, true)
    }
    do throws(Failure) {
      try commit(change)
    } catch {
      guard mayWait else {
        for outcome in outcomes.reversed() { scheduler.revert(outcome) }
        throw error
      }
      unsaved = (before, changes, recorded)
      return (answers, false)
    }
    unsaved = nil
    return (answers, true)
  }
}
