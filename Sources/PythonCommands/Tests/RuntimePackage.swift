public import Digests
public import SystemSupport

/// A package of the workspace that was built for a test to use.
public struct RuntimePackage: Sendable, Hashable {
  /// Where it stands in the tree.
  public var treePath: String
  /// The file.
  public var path: FilePath
  public var digest: SHA256Digest

  public init(treePath: String, path: FilePath, digest: SHA256Digest) {
    self.treePath = treePath
    self.path = path
    self.digest = digest
  }
}
