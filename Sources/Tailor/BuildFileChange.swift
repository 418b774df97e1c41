// Tailor: changes to BUILD files. Proposes targets for files that have none, and fixes `dependencies` that contain
// more, or less, than inference finds. Files are changed as bytes at offsets of the syntax: all other bytes stay.

/// One step of a change to a BUILD file.
public enum BuildFileStep: Hashable, Sendable {
  /// A target is added.
  case addTarget(ProposedTarget)
  /// An entry of `dependencies` is removed, because inference finds everything it names.
  case removeDependency(String, of: String)
  /// An entry with `!` is added to `dependencies`, to select one of several providers.
  case settle(entry: String, of: String, need: String, taken: String)
}

/// A new or changed BUILD file.
public struct BuildFileChange: Hashable, Sendable {
  /// The file, from the workspace root.
  public var path: String
  /// Its content; nil for a new file.
  public var before: [UInt8]?
  /// Its new content.
  public var after: [UInt8]
  /// The steps of the change, in order.
  public var steps: [BuildFileStep]

  /// Whether the file is new.
  public var isNew: Bool { before == nil }

  /// The change as `diff -u` writes it, as git names files.
  public var diff: String {
    UnifiedDiff.text(
      from: before ?? [], to: after, names: (isNew ? "/dev/null" : "a/" + path, "b/" + path))
  }
}
