// Tailor: changes to BUILD files. It proposes targets for files that have none, and mends `dependencies` where inference
// says more, or less, than they do. Files are changed as bytes at offsets of the syntax: what is not concerned stays.

/// One step of a change to a BUILD file.
public enum BuildFileStep: Hashable, Sendable {
  /// A target is added.
  case addTarget(ProposedTarget)
  /// An entry of `dependencies` is taken out, as inference finds all of it.
  case removeDependency(String, of: String)
  /// An entry with `!` is added to `dependencies`, so that one of several providers of something is taken.
  case settle(entry: String, of: String, need: String, taken: String)
}

/// A BUILD file that is made or changed.
public struct BuildFileChange: Hashable, Sendable {
  /// The file, from the workspace root.
  public var path: String
  /// What it holds; nil where there is none yet.
  public var before: [UInt8]?
  /// What it is to hold.
  public var after: [UInt8]
  /// What is done to it, in order.
  public var steps: [BuildFileStep]

  /// Whether the file is new.
  public var isNew: Bool { before == nil }

  /// The change as `diff -u` writes it, as git names files.
  public var diff: String {
    UnifiedDiff.text(
      from: before ?? [], to: after, names: (isNew ? "/dev/null" : "a/" + path, "b/" + path))
  }
}
