public import BuildFiles
public import Digests

/// Why a target was built the last time, and whether, and why, it would be built now.
public struct RebuildExplanation: Sendable {
  /// What the target is to a build.
  public enum State: String, Sendable {
    /// What was built last is what would be built now.
    case upToDate = "up_to_date"
    case stale
    /// No build is known.
    case neverBuilt = "never_built"
  }

  public var state: State
  /// The last build's time, in nanoseconds since 1970.
  public var lastBuilt: Int64?
  /// What made the last build differ from the one before it; nil when none before it is known.
  public var lastChanges: [InputList.Change]?
  /// What makes a build now differ from the last.
  public var changes: [InputList.Change]
  /// How many inputs there are now.
  public var inputCount: Int

  /// Compares a target's inputs now with those of its last builds.
  public init(inputs: InputList, address: Address, history: BuildHistory) {
    inputCount = inputs.inputs.count { $0.role != .summary }
    guard let last = history.last(of: address) else {
      state = .neverBuilt
      changes = []
      return
    }
    changes = inputs.changes(since: last.inputs)
    state = changes.isEmpty ? .upToDate : .stale
    lastBuilt = last.time
    lastChanges = history.previous(of: address).map { last.inputs.changes(since: $0.inputs) }
  }
}
