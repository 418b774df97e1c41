internal import Diagnostics
public import Workspace

/// Which version of the workspace's sources a build is of: a commit, and whether files differ from it.
public struct SourceVersion: Sendable, Hashable {
  /// The full commit; nil where there is no git repository.
  public var commit: String?
  /// Files that differ from the commit, from the workspace root.
  public var dirtyFiles: [String]

  public init(commit: String?, dirtyFiles: [String]) {
    self.commit = commit
    self.dirtyFiles = dirtyFiles
  }

  /// Asks git; a workspace without a repository, or without a commit, has no version.
  public init(of workspace: Workspace) throws(GitError) {
    var version = SourceVersion(commit: nil, dirtyFiles: [])
    do throws(GitError) {
      version.commit = try workspace.git.headCommit()
      version.dirtyFiles = try workspace.git.dirtyFiles()
    } catch {
      switch error {
      case .noCommit, .notARepository: break
      default: throw error
      }
    }
    self = version
  }

  /// The part of a bundle's name that says the version: 12 digits of the commit, `.dirty` when files differ from it.
  public var name: String {
    guard let commit else { return "unversioned" }
    return GitRepository.short(commit) + (dirtyFiles.isEmpty ? "" : ".dirty")
  }

  /// The commit that everything is exactly of.
  ///
  /// - Throws: `Diagnostic`: there is none, or files differ from it.
  public func requireClean() throws -> String {
    guard let commit else {
      throw Diagnostic(
        .input, "what is published is named by a git commit, and there is none here", remedies: ["git init, git commit"]
      )
    }
    guard dirtyFiles.isEmpty else {
      let shown = dirtyFiles.prefix(10).joined(separator: "\n")
      let more = dirtyFiles.count > 10 ? "\n… and \(dirtyFiles.count - 10) more" : ""
      let isOne = dirtyFiles.count == 1
      throw Diagnostic(
        .input,
        "\(isOne ? "a file differs" : "\(dirtyFiles.count) files differ") from commit \(GitRepository.short(commit)): "
          + "what is published is what its name says",
        notes: [shown + more],
        remedies: ["commit \(isOne ? "it" : "them"), or \"git stash --include-untracked\""])
    }
    return commit
  }
}
