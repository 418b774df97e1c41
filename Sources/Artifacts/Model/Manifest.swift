public import Digests
public import JSON

/// The facts of one published bundle: its bytes, in order, and its origin.
///
/// The bytes of a bundle do not contain the commit, so manifests of several commits can describe one file.
///
/// A scheduler or host relies on these facts only as far as it has verified the manifest: see
/// ``Repository/evidence(for:)`` and ``TrustPolicy``.
public struct Manifest: Sendable, Hashable {
  /// The version of the format that this code writes. Format 1 stays readable.
  public static let formatVersion: Int64 = 2

  /// A contiguous byte range of the file. The segments in order are the file.
  public struct Segment: Sendable, Hashable {
    /// The part of the bundle: `prefix`, `wheel`, `code`, `directory`.
    public var kind: String
    /// A name for people, such as the file name of a wheel.
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

  /// A blob that belongs to an artifact without being part of its file.
  public struct Attachment: Sendable, Hashable {
    public var digest: SHA256Digest
    /// Bytes.
    public var size: Int64

    public init(digest: SHA256Digest, size: Int64) {
      self.digest = digest
      self.size = size
    }
  }

  /// The format that the manifest was read in: 1 or 2.
  public var format: Int64 = Manifest.formatVersion
  public var key: ManifestKey
  /// The digest that identifies the file, and that jobs pin.
  ///
  /// Format 2: the tree digest, ``treeDigest(of:)``. Whoever knows each segment to be right knows it without reading the
  /// file again. Format 1: the SHA-256 of the whole file.
  public var digest: SHA256Digest
  /// Bytes of the whole file.
  public var size: Int64
  /// In order. Never empty in a manifest that ``Repository/manifest(_:)`` returns.
  public var segments: [Segment]
  /// The commit whose publication uploaded the file, if it is another one with equal inputs.
  ///
  /// Such a manifest is stored without segments; they are read from the manifest of that commit, after the digests of
  /// the inputs and of the file were found equal.
  public var origin: Commit?
  /// `module` or `module:function`; nil for a bundle without an entry point.
  public var entryPoint: String?
  /// As in PEX-INFO: `CPython>=3.9`.
  public var interpreterConstraints: [String]
  /// The branch that the bundle was published from; nil if none is known.
  public var branch: String?
  /// Whether no file of the git repository differed from the commit.
  public var isClean: Bool
  /// The branches of the git remote that contained the commit at publication. Empty for a commit that was not pushed.
  public var pushed: [String]
  /// Whether the main branch of the git remote contained the commit at publication.
  public var isOnMain: Bool
  /// The digest of the lockfile; nil for a bundle without requirements.
  public var lockfile: SHA256Digest?
  /// The digest of everything that the bytes depend on. Equal inputs give equal bytes.
  public var inputs: SHA256Digest?
  /// The address of the target.
  public var target: String?
  /// The program and version that built the bundle.
  public var builder: String
  /// The web page of the CI run.
  public var buildURL: String?
  /// Seconds since 1970.
  public var created: Int64
  /// The software bill of materials, CycloneDX in JSON.
  public var sbom: Attachment?
  /// Further facts of the build, kept unchanged.
  public var provenance: JSONObject

  /// - Parameter digest: nil computes the tree digest.
  public init(
    key: ManifestKey, digest: SHA256Digest? = nil, size: Int64, segments: [Segment], entryPoint: String? = nil,
    interpreterConstraints: [String] = [], branch: String? = nil, isClean: Bool = true, pushed: [String] = [],
    isOnMain: Bool = false, builder: String = "kilt", created: Int64, provenance: JSONObject = JSONObject()
  ) {
    self.key = key
    self.digest = digest ?? Self.treeDigest(of: segments)
    self.size = size
    self.segments = segments
    self.entryPoint = entryPoint
    self.interpreterConstraints = interpreterConstraints
    self.branch = branch
    self.isClean = isClean
    self.pushed = pushed
    self.isOnMain = isOnMain
    self.builder = builder
    self.created = created
    self.provenance = provenance
  }

  /// The name of the bundle's file: `NAME-COMMIT-PLATFORM.pex`, with 12 digits of the commit.
  public var fileName: String { key.fileName }

  /// The digest of a file that consists of these segments; see `TreeDigest`.
  public static func treeDigest(of segments: some Sequence<Segment>) -> SHA256Digest {
    TreeDigest(segments.map { TreeDigest.Segment(digest: $0.digest, size: $0.size) }).digest
  }
}

/// The name, commit and artifact platform that identify a manifest.
public struct ManifestKey: Sendable, Hashable, CustomStringConvertible {
  public var name: ArtifactName
  public var commit: Commit
  public var platform: ArtifactPlatform

  public init(name: ArtifactName, commit: Commit, platform: ArtifactPlatform) {
    self.name = name
    self.commit = commit
    self.platform = platform
  }

  /// The artifact as a user writes it.
  public var reference: ArtifactReference { ArtifactReference(name: name, commit: CommitPrefix(commit)) }

  /// `NAME-COMMIT-PLATFORM.pex`, with 12 digits of the commit.
  public var fileName: String { "\(name)-\(commit.abbreviated)-\(platform).pex" }
  public var description: String { "\(name)@\(commit.abbreviated) (\(platform))" }
}

/// A published commit of an artifact.
public struct CommitListing: Sendable, Hashable {
  public var commit: Commit
  public var platforms: [ArtifactPlatform]
  /// When its newest manifest was published, in seconds since 1970; nil where the repository does not say.
  public var published: Int64?

  public init(commit: Commit, platforms: [ArtifactPlatform], published: Int64?) {
    self.commit = commit
    self.platforms = platforms
    self.published = published
  }

  public var json: JSONValue {
    .members([
      "commit": .string(commit.text), "published": published.map { .string(RFC3339.text($0)) } ?? .null,
      "platforms": .strings(platforms.map(\.text)),
    ])
  }

  /// `3f2c9d1e8a7b  2026-01-02T03:04:05Z  bookworm-x86_64`
  public var line: String {
    ([commit.abbreviated] + [published.map(RFC3339.text) ?? "-"] + platforms.map(\.text)).joined(separator: "  ")
  }
}
