public import Digests
public import SystemSupport

/// A built bundle: the facts for its manifest.
public struct Bundle: Sendable, Hashable {
  public var path: FilePath
  /// In bytes; for a directory, the sum of its files.
  public var size: UInt64
  /// In the order of the file, without gaps. Of a directory its wheels, with the digests of the wheels and no places.
  public var segments: [Segment]
  /// Names the unpacked tree on hosts; a function of the contents, written into the file.
  public var id: String
  /// The interpreters it runs on, as minor versions of Python 3, newest first.
  public var pythonMinors: [Int]
  /// Files that two wheels hold; the first one wins.
  public var collisions: [Collision]
  /// The number of its files, including its boot code; 0 if unknown.
  public var memberCount = 0
  public var layout: BundleSpecification.Layout = .zipapp
  /// As ``BundleSpecification/platforms``: the wheels that can occur together.
  public var platforms: [[String]] = []

  public init(
    path: FilePath, size: UInt64, segments: [Segment], id: String, pythonMinors: [Int],
    collisions: [Collision]
  ) {
    self.path = path
    self.size = size
    self.segments = segments
    self.id = id
    self.pythonMinors = pythonMinors
    self.collisions = collisions
  }

  /// The digest of the file, which is read for it; for a directory, the digest of the names, modes and digests of its
  /// files.
  ///
  /// Not part of a build: computing it takes half of the time of a rebuild, and only publishing needs it.
  /// - Throws: `SystemCallError`.
  public func digest() throws -> SHA256Digest {
    layout == .zipapp ? try SHA256Digest.ofFile(path).digest : try BundleDirectory(path).digest()
  }

  /// A run of bytes that other builds can share.
  public struct Segment: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable {
      /// The `#!` script, the boot code and `PEX-INFO`.
      case prefix
      case wheel
      /// The workspace's own files.
      case code
      /// The zip's central directory.
      case directory
    }

    public var kind: Kind
    /// The wheel's file name; empty for the others.
    public var name: String
    public var sha256: SHA256Digest
    public var offset: UInt64
    public var size: UInt64

    public init(kind: Kind, name: String, sha256: SHA256Digest, offset: UInt64, size: UInt64) {
      self.kind = kind
      self.name = name
      self.sha256 = sha256
      self.offset = offset
      self.size = size
    }
  }

  public struct Collision: Sendable, Hashable {
    public var path: String
    /// The wheel whose file is used.
    public var used: String
    public var hidden: String
    /// Whether both have the same contents, so that the collision is harmless.
    public var isHarmless: Bool

    public init(path: String, used: String, hidden: String, isHarmless: Bool) {
      self.path = path
      self.used = used
      self.hidden = hidden
      self.isHarmless = isHarmless
    }
  }
}
