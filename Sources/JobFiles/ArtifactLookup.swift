public import JobModel

/// Where job files ask about artifacts: the repository and git stand behind it.
public protocol ArtifactLookup {
  /// The artifact that `request` means: the full commit, and where they are known the digest, the size, the branch, and
  /// whether the commit is on the main branch.
  ///
  /// - Throws: what a person should read when there is no such artifact, or it cannot be asked for: a
  ///   `DiagnosableError` with the nearest known ones. Its location is ignored; that of the job file is put in.
  func artifact(for request: ArtifactRequest) throws -> TaskArtifact
}

/// An artifact as a job file names it.
public struct ArtifactRequest: Sendable, Hashable {
  public var name: String
  public var hashType: TaskArtifact.HashType
  /// As written: for git, 7 to 40 hexadecimal digits of the commit in lower case.
  public var version: String
  /// Where it must run, such as `bookworm-x86_64`; nil when the caller names none.
  public var platform: String?

  public init(name: String, hashType: TaskArtifact.HashType, version: String, platform: String? = nil) {
    self.name = name
    self.hashType = hashType
    self.version = version
    self.platform = platform
  }
}
