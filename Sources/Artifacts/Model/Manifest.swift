public import Digests
public import JSON

/// What is known of one published bundle: which file it is, byte for byte, and where it comes from.
///
/// The bundle's bytes do not hold the commit, so two commits may have manifests of one file.
public struct Manifest: Sendable, Hashable {
  /// The version of the format that this code writes, and the newest it reads.
  public static let formatVersion: Int64 = 1

  /// A run of the file's bytes, in order and without gaps: together they are the file.
  public struct Segment: Sendable, Hashable {
    /// What the bytes are: `prefix`, `wheel`, `code`, `directory`.
    public var kind: String
    /// For people: the wheel's file name, for one.
    public var name: String
    public var digest: SHA256Digest
    /// Bytes.
    public var size: Int64

    public init(kind: String, name: String, digest: SHA256Digest, size: Int64) {
      self.kind = kind
      self.name = name
      self.digest = digest
      self.size = size
    }
  }

  public var key: ManifestKey
  /// The whole file's.
  public var digest: SHA256Digest
  /// The whole file's, in bytes.
  public var size: Int64
  public var segments: [Segment]
  /// `module` or `module:function`; nil for a bundle without one.
  public var entryPoint: String?
  /// As in PEX-INFO: `CPython>=3.9`.
  public var interpreterConstraints: [String]
  /// The branch it was built from, when there was one.
  public var branch: String?
  /// Whether the commit was on the main branch when it was published. Only such a commit may go to production.
  public var isOnMain: Bool
  /// Who built it: program, version and host.
  public var builder: String
  /// Seconds since 1970.
  public var created: Int64
  /// Further facts of the build (the target's address, the CI job's URL), kept as they are.
  public var provenance: JSONObject

  public init(
    key: ManifestKey, digest: SHA256Digest, size: Int64, segments: [Segment], entryPoint: String? = nil,
    interpreterConstraints: [String] = [], branch: String? = nil, isOnMain: Bool = false, builder: String = "kilt",
    created: Int64, provenance: JSONObject = JSONObject()
  ) {
    self.key = key
    self.digest = digest
    self.size = size
    self.segments = segments
    self.entryPoint = entryPoint
    self.interpreterConstraints = interpreterConstraints
    self.branch = branch
    self.isOnMain = isOnMain
    self.builder = builder
    self.created = created
    self.provenance = provenance
  }

  /// The name of the bundle's file: `NAME-COMMIT-PLATFORM.pex`, with 12 digits of the commit.
  public var fileName: String { key.fileName }
}

/// What names one manifest in a repository.
public struct ManifestKey: Sendable, Hashable, CustomStringConvertible {
  public var name: ArtifactName
  public var commit: Commit
  public var platform: HostPlatform

  public init(name: ArtifactName, commit: Commit, platform: HostPlatform) {
    self.name = name
    self.commit = commit
    self.platform = platform
  }

  /// `NAME-COMMIT-PLATFORM.pex`, with 12 digits of the commit.
  public var fileName: String { "\(name)-\(commit.abbreviated)-\(platform).pex" }
  public var description: String { "\(name)@\(commit.abbreviated) (\(platform))" }
}

/// A published commit of an artifact.
public struct CommitListing: Sendable, Hashable {
  public var commit: Commit
  public var platforms: [HostPlatform]
  /// When its newest manifest was published, in seconds since 1970; nil where the repository does not say.
  public var published: Int64?

  public init(commit: Commit, platforms: [HostPlatform], published: Int64?) {
    self.commit = commit
    self.platforms = platforms
    self.published = published
  }

  /// `3f2c9d1e8a7b  2026-01-02T03:04:05Z  bookworm-x86_64`
  public var line: String {
    ([commit.abbreviated] + [published.map(Timestamp.text) ?? "-"] + platforms.map(\.text)).joined(separator: "  ")
  }
}
