public import BuildFiles
public import Digests

/// Why a target was built the last time, and whether, and why, it would be built now.
public struct RebuildExplanation: Sendable {
  /// The role of the target in a build.
  public enum State: String, Sendable {
    /// The last product is up to date.
    case upToDate = "up_to_date"
    case stale
    /// No build is known.
    case neverBuilt = "never_built"
  }

  public var state: State
  /// The last build's time, in nanoseconds since 1970.
  public var lastBuilt: Int64?
  /// The changes between the last build and the one before; nil if none before is known.
  public var lastChanges: [InputList.Change]?
  /// The changes between the last build and a build now.
  public var changes: [InputList.Change]
  /// The current number of inputs.
  public var inputCount: Int

  /// Compares a target's current inputs with those of its last builds.
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
