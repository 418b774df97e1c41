internal import Workspace

/// The calls of a run, and which of them each file is for.
public struct RecordedRun {
  var plans = RecordedPlans()
  /// By file, as far as it reaches; 0 for files without calls.
  private var assignments: [UInt32] = []

  init() {}

  /// Has a file be for a further call.
  mutating func assign(_ file: FileID, _ use: RecordedPlans.Use) {
    while assignments.count <= file.index {
      assignments += Array(repeating: 0, count: max(1024, file.index + 1 - assignments.count))
    }
    assignments[file.index] = plans.extend(assignments[file.index], by: use)
  }

  /// The assignment of a file.
  func assignment(of file: FileID) -> UInt32 { file.index < assignments.count ? assignments[file.index] : 0 }
}
