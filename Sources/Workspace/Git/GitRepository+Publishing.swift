internal import SystemPackage
internal import SystemSupport

/// The questions of publishing to git: facts about the remote, and edits that git is configured to ignore.
extension GitRepository {
  /// A git remote and the branches of it that contain a commit, as they were at the last fetch or push.
  public struct RemoteBranches: Sendable, Hashable {
    /// `origin`, or the only remote; nil for a git repository without a remote.
    public var remote: String?
    /// Names without the remote, sorted.
    public var branches: [String]
  }

  /// Returns the branches of the git remote that contain a commit. Local branches do not count.
  ///
  /// - Throws: ``GitError``.
  public func remoteBranches(containing commit: String) throws(GitError) -> RemoteBranches {
    let remotes = try text(["remote"]).split(separator: "\n").map(String.init)
    guard let remote = remotes.contains("origin") ? "origin" : remotes.count == 1 ? remotes[0] : nil else {
      return RemoteBranches(remote: remotes.first, branches: [])
    }
    let prefix = "refs/remotes/\(remote)/"
    let listed = try text(["for-each-ref", "--contains", commit, "--format=%(refname)", prefix])
    let branches = listed.split(separator: "\n").map { String($0.dropFirst(prefix.count)) }
    return RemoteBranches(remote: remote, branches: branches.filter { $0 != "HEAD" && !$0.isEmpty }.sorted())
  }

  /// Whether a commit is an ancestor of another commit, or equal to it. False if git lacks one of them, as in a shallow
  /// clone.
  public func isAncestor(_ commit: String, of other: String) throws(GitError) -> Bool {
    try termination(["merge-base", "--is-ancestor", commit, other])
  }

  /// Whether the history is truncated, as in a shallow clone.
  public func isShallow() throws(GitError) -> Bool {
    try text(["rev-parse", "--is-shallow-repository"]) == "true"
  }

  /// The time of a commit, in seconds since 1970.
  public func commitTime(_ commit: String) throws(GitError) -> Int64 {
    Int64(try text(["show", "--no-patch", "--format=%ct", commit])) ?? 0
  }

  /// The commits that branches and tags name, remote branches among them.
  public func namedCommits() throws(GitError) -> Set<String> {
    let listed = try text(["for-each-ref", "--format=%(objectname) %(*objectname)", "refs/"])
    return Set(listed.split(whereSeparator: { $0 == " " || $0 == "\n" }).map(String.init))
  }

  /// The files that differ from the index although git was told not to look (`git update-index --assume-unchanged` or
  /// `--skip-worktree`), from the workspace root. ``dirtyFiles()`` does not have them.
  public func hiddenEdits() throws(GitError) -> [String] {
    let flagged = try names(["ls-files", "-v", "-z"]).filter { entry in
      guard let mark = entry.utf8.first else { return false }
      return mark == UInt8(ascii: "S") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(mark)
    }
    if flagged.isEmpty { return [] }
    // A copy of the index without these marks: git itself then reports differences.
    let folder: FilePath
    do throws(SystemCallError) {
      folder = try FileSystem.makeTemporaryDirectory(prefix: "kilt-index")
    } catch {
      throw .failed(command: "ls-files", error.description)
    }
    // The cleaner of temporary directories removes leftover files.
    defer { try? FileSystem.removeTree(folder) }
    let copy = folder.appending("index")
    let index = FilePath(try text(["rev-parse", "--git-path", "index"]))
    do throws(SystemCallError) {
      try FileSystem.copyFile(root.pushing(index), to: copy)
    } catch {
      throw .failed(command: "rev-parse", error.description)
    }
    var paths: [UInt8] = []
    for entry in flagged { paths += Array(entry.utf8.dropFirst(2)) + [0] }
    for option in ["--no-assume-unchanged", "--no-skip-worktree"] {
      _ = try execute(["update-index", option, "-z", "--stdin"], index: copy, input: paths)
    }
    let changed = try execute(["diff", "--name-only", "--relative", "-z", "HEAD", "--"], index: copy)
    let hidden = Set(flagged.map { String($0.dropFirst(2)) })
    return changed.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }.filter(hidden.contains).sorted()
  }

  private func termination(_ arguments: [String]) throws(GitError) -> Bool {
    do throws(SystemCallError) {
      return try Subprocess("git", ["-C", root.string, "--no-optional-locks"] + arguments).run().termination.isSuccess
    } catch {
      throw error.isMissing ? .notInstalled : .failed(command: arguments[0], error.description)
    }
  }

  private func execute(
    _ arguments: [String], index: FilePath, input: [UInt8] = []
  ) throws(GitError) -> [UInt8] {
    let outcome: Subprocess.Outcome
    do throws(SystemCallError) {
      var process = Subprocess("git", ["-C", root.string] + arguments)
      process.environment =
        environmentStrings().filter { !$0.hasPrefix("GIT_INDEX_FILE=") } + ["GIT_INDEX_FILE=\(index)"]
      process.input = input
      outcome = try process.run()
    } catch {
      throw .failed(command: arguments[0], error.description)
    }
    guard outcome.termination.isSuccess else { throw .failed(command: arguments[0], outcome.errorText) }
    return outcome.output
  }
}
