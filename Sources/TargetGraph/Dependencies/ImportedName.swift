/// A name that a Python file imports.
public struct ImportedName: Sendable, Hashable {
  /// The dotted name, absolute.
  public var name: String
  /// From 1.
  public var line: Int
  /// Whether the file works without it, or this is unknown.
  public var isWeak: Bool
  /// The targets of the workspace that provide it.
  public var providers: [TargetID]
}
