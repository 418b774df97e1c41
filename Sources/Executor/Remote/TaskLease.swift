public import JobModel

/// For how long a task runs without a word from its scheduler, where its job says `partition: {stop: true}`.
///
/// The executor counts from the moment at which it made the last call that was answered, the scheduler from the moment at
/// which it answered: later. So the task has ended where it was before the scheduler starts another, whatever clocks say.
public struct TaskLease: Sendable, Hashable {
  /// When the task is asked to end.
  public var duration: Duration
  /// When everything of it is killed.
  public var end: Duration

  /// The lease of the tasks of a job; nil for those that run on.
  public init?(_ configuration: JobConfiguration) {
    guard configuration.partitionPolicy?.stop == true else { return nil }
    duration = .seconds(20)
    let lifecycle = configuration.lifecycle.map { $0.gracefulShutdownWait + $0.shutdownWait } ?? .zero
    end = duration + configuration.drain + lifecycle + configuration.task.finalizationWait + .seconds(5)
  }

  /// When a scheduler that has heard nothing since then may start another.
  public var replacement: Duration { end + .seconds(5) }
}
