public import Bundles
public import Digests
public import TargetGraph

/// What became of one target's package: what people and machines are told.
public struct PackageOutcome: Sendable {
  /// A file of the output folder.
  public struct File: Sendable {
    /// From the workspace root.
    public var relativePath: String
    public var sha256: SHA256Digest
    /// In bytes.
    public var size: Int64
    public var work: PackagedBundle.Work
  }

  public var target: TargetID
  public var files: [File]
  /// What is done otherwise than fields and dependencies say, for people.
  public var notes: [String] = []
  /// Files that several wheels of a bundle have; known only of one that was just built.
  public var collisions: [Bundle.Collision] = []
  /// How long it took.
  public var milliseconds: Int64 = 0
}
