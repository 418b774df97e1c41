/// The constants of the scheduler; the defaults are Aurora's.
public struct SchedulerPolicy: Sendable, Hashable {
  /// The time that a task can stay in a state that should pass.
  public var transientTimeout: Duration = .seconds(300)
  /// A run shorter than this is too short.
  public var flappingThreshold: Duration = .seconds(300)
  /// Short runs in a row after which the next one does not wait yet. Aurora has none; with one, an instance that was
  /// killed or that died once is replaced at once.
  public var flappingGrace = 1
  public var flappingFirstDelay: Duration = .seconds(30)
  public var flappingMaximumDelay: Duration = .seconds(300)
  /// The time between a request to end and its repetition; doubles each time.
  public var killRetry: Duration = .seconds(15)
  /// The time for a task to end in addition to its own waits before it is destroyed.
  public var killMargin: Duration = .seconds(10)
  /// The time that a task must be pending before it can replace others.
  public var preemptionDelay: Duration = .seconds(60)
  /// A cron run that was missed by less than this time starts late; an older one is skipped.
  public var cronGrace: Duration = .seconds(60)
  public var maximumInstances = 4000
  /// Ended tasks remembered for a job, and how long any is.
  public var historyPerJob = 100
  public var historyAge: Duration = .seconds(2 * 86_400)
  public var updatesPerJob = 50
  /// How long a run of a pipeline is remembered after its end.
  public var pipelineAge: Duration = .seconds(30 * 86_400)
  /// Releases remembered for a job. One that runs, or that a rollback would restore, is never forgotten.
  public var releasesPerJob = 1000

  /// A mistake to make, for tests of the simulation.
  package var plantedFault: PlantedFault?

  public init() {}
}
