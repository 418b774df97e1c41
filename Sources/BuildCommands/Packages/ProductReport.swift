public import Bundles
public import Digests
public import SystemSupport
public import TargetGraph

/// The outcome for one target's product: the report for people and machines.
public struct ProductReport: Sendable {
  /// A file of the output directory.
  public struct File: Sendable {
    /// From the workspace root.
    public var relativePath: String
    /// Unknown for a bundle: building does not compute it.
    var sha256: SHA256Digest?
    /// In bytes.
    public var size: Int64
    public var work: BundleProduct.Work

    /// The digest of the file, which is read where that is not known; of a directory as ``Bundle/digest()``.
    ///
    /// - Parameter root: of the workspace.
    /// - Throws: `SystemCallError`.
    public func digest(root: FilePath) throws(SystemCallError) -> SHA256Digest {
      if let sha256 { return sha256 }
      let path = root.pushing(FilePath(relativePath))
      guard try FileSystem.status(of: path).kind == .directory else { return try SHA256Digest.ofFile(path).digest }
      return try BundleDirectory(path).digest()
    }
  }

  public var target: TargetID
  public var files: [File]
  /// The deviations from fields and dependencies, for people.
  public var notes: [String] = []
  /// Files that several wheels of a bundle have; known only of one that was just built.
  public var collisions: [Bundle.Collision] = []
  /// Its duration.
  public var milliseconds: Int64 = 0
}
