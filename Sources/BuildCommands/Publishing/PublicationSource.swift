internal import Artifacts
internal import Diagnostics
internal import SystemSupport
public import Workspace

/// The facts of git and of the CI about the commit that is published.
public struct PublicationSource: Sendable, Hashable {
  /// All digits.
  public var commit: String
  /// The branch that is checked out, or that the CI names; nil if none is known.
  public var branch: String?
  /// The branches of the git remote that contain the commit.
  public var pushed: [String]
  /// Whether the main branch of the git remote contains it.
  public var isOnMain: Bool
  /// Whether the git repository has a remote at all.
  public var hasRemote: Bool
  /// The web page of the CI run.
  public var buildURL: String?

  /// Asks git.
  ///
  /// - Throws: `Diagnostic` if a file differs from the commit, even one that git is configured to ignore; `GitError`.
  public init(of workspace: Workspace, version: SourceVersion) throws {
    let git = workspace.git
    let commit = try version.requireClean()
    let (hidden, (remote, local)) = performBeside(
      { Result { () throws(GitError) in try git.hiddenEdits() } },
      {
        (
          Result { () throws(GitError) in try git.remoteBranches(containing: commit) },
          Result { () throws(GitError) in try git.currentBranch() }
        )
      })
    try Self.requireNone(try hidden.get(), commit)
    let found = try remote.get()
    self.commit = commit
    pushed = found.branches
    hasRemote = found.remote != nil
    isOnMain = found.branches.contains(workspace.configuration.mainBranch)
    branch = try local.get() ?? Self.branch(among: found.branches, main: workspace.configuration.mainBranch)
    buildURL = Self.buildURL
  }

  private static func requireNone(_ hidden: [String], _ commit: String) throws {
    guard !hidden.isEmpty else { return }
    let more = hidden.count > 10 ? ["and \(hidden.count - 10) more"] : []
    throw Diagnostic(
      .input,
      "cannot publish: \(hidden.count == 1 ? "a file differs" : "\(hidden.count) files differ") from commit "
        + "\(GitRepository.short(commit)), and git is configured to ignore the changes",
      notes: hidden.prefix(10).map { $0 } + more,
      remedies: [
        "run `git update-index --no-assume-unchanged --no-skip-worktree FILE`, or `git sparse-checkout disable`, "
          + "and commit the edits"
      ])
  }

  /// The branch of a detached checkout: the one that the CI names, if the remote's branch of that name contains the
  /// commit; else the main branch, or the only one.
  private static func branch(among branches: [String], main: String) -> String? {
    for name in ["GITHUB_REF_NAME", "BRANCH_NAME", "CI_COMMIT_BRANCH", "BITBUCKET_BRANCH", "BUILDKITE_BRANCH"] {
      if let branch = environmentVariable(name), branches.contains(branch) { return branch }
    }
    if branches.contains(main) { return main }
    return branches.count == 1 ? branches[0] : nil
  }

  /// The page of the run, as the CI's variables say.
  private static var buildURL: String? {
    func variable(_ name: String) -> String? { environmentVariable(name).flatMap { $0.isEmpty ? nil : $0 } }
    for name in ["KILT_BUILD_URL", "BUILD_URL", "CI_JOB_URL", "BUILDKITE_BUILD_URL"] {
      if let url = variable(name) { return url }
    }
    guard let server = variable("GITHUB_SERVER_URL"), let repository = variable("GITHUB_REPOSITORY"),
      let run = variable("GITHUB_RUN_ID")
    else { return nil }
    return "\(server)/\(repository)/actions/runs/\(run)"
  }
}
