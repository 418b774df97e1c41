/// A name that a user gives to an artifact.
public enum ArtifactSelector: Sendable, Hashable, CustomStringConvertible {
  /// `NAME@COMMIT`.
  case commit(ArtifactReference)
  /// `NAME@BRANCH`: the newest published commit of a branch.
  case branch(ArtifactName, BranchName)
  /// `NAME:VERSION`: files that were put under a version.
  case release(ArtifactName, String)

  /// Parses `NAME@COMMIT`, `NAME@BRANCH` or `NAME:VERSION`. Seven or more hexadecimal digits are a commit.
  public init(parsing text: String) throws(ArtifactError) {
    if let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")), !text[..<colon].contains("@") {
      let name = try ArtifactName(validating: text[..<colon])
      let version = text[text.utf8.index(after: colon)...]
      self = .release(name, try ReleaseVersion(validating: version, kind: .static).text)
      return
    }
    guard let at = text.utf8.firstIndex(of: UInt8(ascii: "@")) else { throw .missingCommit(text) }
    let name = try ArtifactName(validating: text[..<at])
    let rest = text[text.utf8.index(after: at)...]
    if let commit = CommitPrefix(rest) {
      self = .commit(ArtifactReference(name: name, commit: commit))
    } else if let branch = BranchName(rest), hexadecimalDigits(rest) == nil || rest.utf8.count < 7 {
      // A few hexadecimal digits are a commit that is too short, unless they cannot be one.
      guard hexadecimalDigits(rest) == nil else { throw .invalidCommit(String(rest)) }
      self = .branch(name, branch)
    } else {
      throw .invalidCommit(String(rest))
    }
  }

  public var name: ArtifactName {
    switch self {
    case .commit(let reference): reference.name
    case .branch(let name, _), .release(let name, _): name
    }
  }

  public var description: String {
    switch self {
    case .commit(let reference): reference.description
    case .branch(let name, let branch): "\(name)@\(branch)"
    case .release(let name, let version): "\(name):\(version)"
    }
  }
}

extension Repository {
  /// The commit of a branch, by the artifact repository's own index; nil if the artifact was not published from that
  /// branch for the platform.
  public func commit(
    of name: ArtifactName, on branch: BranchName, platform: ArtifactPlatform
  ) throws(ArtifactError) -> Commit? {
    try branchIndex(branch, platform: platform)?.entries[name]?.commit
  }

  /// The manifest that a user means; see ``resolve(_:platform:)-(ArtifactReference,_)``.
  public func resolve(
    _ selector: ArtifactSelector, platform: ArtifactPlatform = .current
  ) throws(ArtifactError) -> Manifest {
    try resolve(try reference(selector, platform: platform), platform: platform)
  }

  /// The commit that a user means: the commit of a branch is looked up.
  public func reference(
    _ selector: ArtifactSelector, platform: ArtifactPlatform
  ) throws(ArtifactError) -> ArtifactReference {
    switch selector {
    case .commit(let reference): return reference
    case .release(let name, let version): throw .notABundle("\(name):\(version)")
    case .branch(let name, let branch):
      guard let commit = try commit(of: name, on: branch, platform: platform) else {
        throw .unknownBranch(name, branch, platform, known: try listedBranches(), repository: location)
      }
      return ArtifactReference(name: name, commit: CommitPrefix(commit))
    }
  }

  /// For a message: a server without a directory index has none to show.
  private func listedBranches() throws(ArtifactError) -> [BranchName] {
    do throws(ArtifactError) {
      return try branches()
    } catch {
      if case .noListing = error { return [] }
      throw error
    }
  }
}
