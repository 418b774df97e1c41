public import Actions
internal import BuildFiles
public import Digests
internal import Workspace

/// A package that was built of a target, or taken from the cache.
public struct Product: Sendable {
  /// Its files, by path from the output folder.
  public var files: ActionInputs
  /// What it was made from.
  public var inputs: InputList
  /// Whether nothing had to be done for it.
  public var wasCached: Bool
}
