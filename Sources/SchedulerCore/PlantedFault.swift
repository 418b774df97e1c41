/// A mistake that can be planted in the state machine, to check that the simulation finds it. Only for tests:
/// `SchedulerPolicy.plantedFault` cannot be set from outside the package. docs/testing.md lists the effect of each.
public enum PlantedFault: String, Sendable, Hashable, CaseIterable {
  /// A replacement starts although something of its predecessor can be left.
  case ignoresLeftovers
  /// A lost task keeps its instance, but not its ports and resources.
  case freesPlaceEarly
  /// A report is accepted in any state of the task.
  case believesLateReports
  /// A change of an update is not noted, and so not stored.
  case forgetsToStore
  /// Changes that could not be stored are reverted, except for the jobs.
  case takesBackHalf
  /// A task whose executor began and died is launched again when the scheduler starts.
  case launchesTheDead
  /// A task that ignores the request to end is never destroyed.
  case neverDestroys
  /// An update begins one instance more than allowed.
  case overrunsBatch
  /// A rollback forgets the instances that were done.
  case rollsBackHalf
  /// Deadlines stay where they were when the clock is set.
  case followsTheWallClock
  /// Attempts start while the store of runs is away.
  case launchesHeldSteps
}
