internal import Diagnostics
public import TargetGraph
public import Workspace

/// The version of the workspace's sources in a build: a commit, and whether files differ from it.
public struct SourceVersion: Sendable, Hashable {
  /// The full commit; nil if there is no git repository.
  public var commit: String?
  /// Files that differ from the commit, from the workspace root.
  public var dirtyFiles: [String]

  public init(commit: String?, dirtyFiles: [String]) {
    self.commit = commit
    self.dirtyFiles = dirtyFiles
  }

  /// Asks git; a workspace without a git repository, or without a commit, has no version.
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

  /// Answers without git if none of the inputs has changed since git was asked, and asks git about only the changes if
  /// they are few. Checks every file that git would check once in a run.
  public init(of workspace: Workspace, _ resolver: DependencyResolver) throws {
    let graph = resolver.graph
    guard let state = graph.state, let files = try Self.lookAtFiles(resolver) else {
      self = try SourceVersion(of: workspace)
      return
    }
    guard files.isSettled else {
      self = try SourceVersion(of: workspace)
      return
    }
    if let known = graph.rememberedGit {
      let standing = known.standing
      let changed = standing == .different ? [] : files.changedPaths(since: known.generation)
      if standing == .same, changed.isEmpty {
        self.init(commit: known.commit, dirtyFiles: known.dirtyFiles)
        return
      }
      if standing != .different,
        let record = try workspace.git.update(
          known, standing: standing, changed: changed, files: graph.files, generation: files.summary.generation,
          capture: state.captureTime())
      {
        try graph.remember(git: record)
        self.init(commit: record.commit, dirtyFiles: record.dirtyFiles)
        return
      }
    }
    do throws(GitError) {
      let answer = try workspace.git.observe(graph.files, generation: files.summary.generation) { state.captureTime() }
      self.init(commit: answer.commit, dirtyFiles: answer.dirtyFiles)
      guard let record = answer.record else { return }
      do {
        try graph.remember(git: record)
      } catch {
        // Without memory for it git is asked again.
        return
      }
    } catch {
      guard error == .noCommit || error.isMissingRepository else { throw error }
      self.init(commit: nil, dirtyFiles: [])
    }
  }

  /// Checks every file if the version depends on them. A caller that also needs closures calls this first, so that all
  /// files are checked in one walk.
  ///
  /// - Returns: the state of the files; nil if git is asked for everything in any case.
  @discardableResult
  static func lookAtFiles(_ resolver: DependencyResolver) throws -> FileState? {
    guard let state = resolver.graph.state, state.isKept, !GitRecord.isMisled else { return nil }
    return try resolver.lookAtAllFiles()
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
        .input, "cannot publish: no git commit found", remedies: ["run `git init`, then `git commit`"]
      )
    }
    guard dirtyFiles.isEmpty else {
      let shown = dirtyFiles.prefix(10).joined(separator: "\n")
      let more = dirtyFiles.count > 10 ? "\n… and \(dirtyFiles.count - 10) more" : ""
      let isOne = dirtyFiles.count == 1
      throw Diagnostic(
        .input,
        "cannot publish: \(isOne ? "1 file differs" : "\(dirtyFiles.count) files differ") from commit "
          + GitRepository.short(commit),
        notes: [shown + more],
        remedies: ["commit \(isOne ? "it" : "them"), or run `git stash --include-untracked`"])
    }
    return commit
  }
}
