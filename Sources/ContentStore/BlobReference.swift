public import Digests

/// The digest and the number of some bytes: a `Digest` in the Remote Execution API.
public struct BlobReference: Sendable, Hashable {
  public var digest: SHA256Digest
  /// In bytes.
  public var size: Int64

  public init(_ digest: SHA256Digest, size: Int64) {
    self.digest = digest
    self.size = size
  }

  /// The reference of bytes at hand.
  public static func of(_ bytes: [UInt8]) -> BlobReference { BlobReference(.of(bytes), size: Int64(bytes.count)) }
}
