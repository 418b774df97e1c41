public import JobModel

/// The questions of job files about artifacts: an implementation asks the artifact repository and git.
public protocol ArtifactLookup {
  /// The artifact that `request` means: the full commit, and if known the digest, the size, the branch, and whether the
  /// commit is on the main branch.
  ///
  /// - Throws: an error for people if the artifact does not exist, or cannot be requested: a `DiagnosableError` with
  ///   the nearest known ones. Its location is ignored; the job file's is used.
  func artifact(for request: ArtifactRequest) throws -> TaskArtifact
}

/// An artifact as a job file names it.
public struct ArtifactRequest: Sendable, Hashable {
  public var name: String
  public var hashType: TaskArtifact.HashType
  /// As written: for git, 7 to 40 hexadecimal digits of the commit in lower case.
  public var version: String
  /// The artifact platform it must run on, such as `bookworm-x86_64`; nil if the caller names none.
  public var platform: String?

  public init(name: String, hashType: TaskArtifact.HashType, version: String, platform: String? = nil) {
    self.name = name
    self.hashType = hashType
    self.version = version
    self.platform = platform
  }
}
