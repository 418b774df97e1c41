public import Actions
internal import BuildFiles
public import Digests
internal import Workspace

/// A product that was built from a target, or taken from the cache.
public struct Product: Sendable {
  /// Its files, by path from the output directory.
  public var files: ActionInputs
  /// Its inputs.
  public var inputs: InputList
  /// Whether no work was necessary.
  public var wasCached: Bool
}
