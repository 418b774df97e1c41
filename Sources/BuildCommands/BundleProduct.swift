public import Bundles
internal import Digests
public import TargetGraph

/// A bundle that stands in the output folder.
public struct BundleProduct: Sendable {
  /// What had to be done for it.
  public enum Work: String, Sendable {
    case built
    /// The inputs are those of the last build, and the file is there.
    case unchanged
    /// The bytes are those of the last build; only the name, which holds the commit, is new.
    case renamed
    /// It was built before from these inputs, and is taken from the cache.
    case cached
  }

  public var plan: BundlePlan
  /// The platform that it was asked for by name; nil for what the binary's fields say.
  public var platform: String?
  public var bundle: Bundle
  /// The digest of everything that the bundle's bytes depend on.
  var key: SHA256Digest
  public var work: Work
  /// The wheels in it: file names, and SHA-256 digests in hexadecimal digits.
  var wheels: [(fileName: String, sha256: String)] = []
  public var version: SourceVersion

  /// The file, from the workspace root.
  public var relativePath: String

  /// What is done otherwise than fields and dependencies say, for people.
  public var notes: [String] = []
}
