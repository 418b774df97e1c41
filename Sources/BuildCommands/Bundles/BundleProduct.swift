public import Bundles
internal import Digests
public import TargetGraph

/// A bundle in the output directory.
public struct BundleProduct: Sendable {
  /// The work that was necessary for it.
  public enum Work: String, Sendable {
    case built
    /// The inputs equal those of the last build, and the file exists.
    case unchanged
    /// The bytes equal those of the last build; only the name, which contains the commit, is new.
    case renamed
    /// It was built before from these inputs, and is taken from the cache.
    case cached
  }

  public var plan: BundlePlan
  /// The requested platform by name; nil for the platforms of the binary's fields.
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

  /// The deviations from fields and dependencies, for people.
  public var notes: [String] = []
}
