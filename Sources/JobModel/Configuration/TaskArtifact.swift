/// An artifact that a task needs, named by its build and pinned by digest.
///
/// The executor fetches it through `pex-runner` and puts it into the sandbox as `fileName`.
public struct TaskArtifact: Sendable, Hashable {
  /// The form of the artifact's version.
  public enum HashType: String, Sendable, Hashable, CaseIterable {
    /// Built from a git commit: `version` is the full commit.
    case git
    /// A semantic version, as for jars.
    case version
    /// Third-party, put into the repository once.
    case `static`
  }

  public var name: String
  public var hashType: HashType
  /// The full git commit for `git`; a version for `version`; the artifact repository's name for `static`.
  public var version: String
  /// Distribution code name and architecture, `bookworm-x86_64`; nil until the client has chosen.
  public var platform: String?
  /// SHA-256 of the whole file, 64 hexadecimal digits; nil until the repository was asked.
  public var digest: String?
  /// Bytes of the whole file.
  public var size: Int?
  /// The branch the commit was built from, if the client knows.
  public var branch: String?
  /// Whether the commit is on the workspace's main branch: the client's finding. Nil means that nobody checked.
  public var isOnMainBranch: Bool?

  public init(
    name: String, hashType: HashType = .git, version: String, platform: String? = nil, digest: String? = nil,
    size: Int? = nil, branch: String? = nil, isOnMainBranch: Bool? = nil
  ) {
    self.name = name
    self.hashType = hashType
    self.version = version
    self.platform = platform
    self.digest = digest
    self.size = size
    self.branch = branch
    self.isOnMainBranch = isOnMainBranch
  }

  /// The full git commit of a `git` artifact.
  public var commit: String? { hashType == .git ? version : nil }

  /// Its name in the sandbox: `NAME.pex` for bundles of `kilt package`, otherwise only the name.
  public var fileName: String { hashType == .git ? name + ".pex" : name }
}
