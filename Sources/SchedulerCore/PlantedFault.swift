/// A mistake that can be put into the state machine, to see that the simulation finds it. For tests alone:
/// `SchedulerPolicy.plantedFault` cannot be set from outside of the package. docs/testing.md lists what each breaks.
public enum PlantedFault: String, Sendable, Hashable, CaseIterable {
  /// A replacement starts although something of its predecessor may be left.
  case ignoresLeftovers
  /// A task that was given up keeps its instance, but not its ports and resources.
  case freesPlaceEarly
  /// A report is believed, whatever state the task is in.
  case believesLateReports
  /// A change of an update is not noted, and so not stored.
  case forgetsToStore
  /// What could not be stored is taken back, but for the jobs.
  case takesBackHalf
  /// A task whose executor began and died is launched again when the scheduler starts.
  case launchesTheDead
  /// A task that ignores the request to end is never destroyed.
  case neverDestroys
  /// An update begins one instance more than it may.
  case overrunsBatch
  /// A rollback forgets the instances that were done.
  case rollsBackHalf
  /// Deadlines stay where they were when the clock is set.
  case followsTheWallClock
}
