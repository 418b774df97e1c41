public import Diagnostics
public import SystemPackage
internal import SystemSupport

/// Answers of git about the workspace, from the `git` program. The core of Kilt does not need git.
public struct GitRepository: Sendable {
  /// The workspace's root; it can be inside the git repository.
  public let root: FilePath

  /// The repository that holds `root`.
  public init(root: FilePath) { self.root = root }

  /// The full commit that is checked out.
  ///
  /// - Throws: ``GitError``.
  public func headCommit() throws(GitError) -> String { try commit(of: "HEAD") }

  /// The full commit that a revision names.
  public func commit(of revision: String) throws(GitError) -> String {
    guard !revision.hasPrefix("-") else { throw .unknownRevision(revision) }
    let outcome = try run(["rev-parse", "--verify", "--quiet", revision + "^{commit}"])
    switch outcome.termination {
    case .exited(0): return outcome.text
    case .exited(1): throw revision == "HEAD" ? .noCommit : .unknownRevision(revision)
    // A repository that git does not trust, as where another user has checked it out, is not one without a commit.
    default: throw .failed(command: "rev-parse", outcome.errorText)
    }
  }

  /// The branch that is checked out; nil when none is, as CI often leaves it.
  public func currentBranch() throws(GitError) -> String? {
    let outcome = try run(["symbolic-ref", "--quiet", "--short", "HEAD"])
    return outcome.termination.isSuccess && !outcome.text.isEmpty ? outcome.text : nil
  }

  /// The first 12 digits of a commit: the form of artifact names.
  public static func short(_ commit: String) -> String { String(commit.prefix(12)) }

  /// The files that differ from the commit that is checked out, untracked ones included, from the workspace root.
  public func dirtyFiles() throws(GitError) -> [String] {
    try filesAndUntracked(["diff", "--no-ext-diff", "--name-only", "--relative", "-z", "HEAD", "--"])
  }

  /// The tracked files that a command lists, and untracked files. Both commands read the same directories, so they run
  /// at the same time.
  private func filesAndUntracked(_ arguments: [String]) throws(GitError) -> [String] {
    let (untracked, listed) = performBeside(
      { Result { () throws(GitError) in try untrackedFiles() } },
      { Result { () throws(GitError) in try names(arguments) } })
    return Set(try listed.get() + untracked.get()).sorted()
  }

  /// The files that differ from the merge base of `revision` and the checked-out commit: committed, staged, changed and
  /// untracked files, from the workspace root, including deleted files.
  public func changedFiles(since revision: String) throws(GitError) -> [String] {
    try filesChanged(from: try commonAncestor(with: revision))
  }

  /// The result of ``filesChanged(from:)``, given the differences from the checked-out commit.
  ///
  /// - Parameters:
  ///   - head: the checked-out commit.
  ///   - dirty: as ``dirtyFiles()``.
  ///   - committed: the files that differ between the two commits, if already known.
  public func filesChanged(
    from commit: String, head: String, dirty: [String], committed: [String]? = nil
  ) throws(GitError) -> [String] {
    if dirty.count > 500 { return try filesChanged(from: commit) }
    var changed: Set<String> = []
    if let committed {
      changed.formUnion(committed)
    } else {
      changed.formUnion(try filesChanged(between: commit, and: head))
    }
    if !dirty.isEmpty {
      // A file that differs from the checked-out commit can equal the file of the other commit.
      changed.subtract(dirty)
      let paths = dirty.map { ":(literal)" + $0 }
      changed.formUnion(
        try names(["diff", "--no-ext-diff", "--name-only", "--relative", "--no-renames", "-z", commit, "--"] + paths))
      changed.formUnion(try names(["ls-files", "--others", "--exclude-standard", "-z", "--"] + paths))
    }
    return changed.sorted()
  }

  /// The merge base of a revision and the checked-out commit, and the files that differ between the merge base and
  /// `head`.
  ///
  /// - Parameter head: a commit; nil for no comparison.
  public func difference(since revision: String, head: String?) throws(GitError) -> (base: String, files: [String]?) {
    let base = try commonAncestor(with: revision)
    guard let head else { return (base, nil) }
    do throws(GitError) {
      return (base, try filesChanged(between: base, and: head))
    } catch {
      // `head` can be a commit that no longer exists; a comparison with the existing one reports the problem.
      return (base, nil)
    }
  }

  /// The files that differ between two commits, from the workspace root.
  private func filesChanged(between commit: String, and other: String) throws(GitError) -> [String] {
    if commit == other { return [] }
    return try names(["diff", "--no-ext-diff", "--name-only", "--relative", "--no-renames", "-z", commit, other, "--"])
  }

  /// The files that differ from a commit, uncommitted and untracked ones among them, from the workspace root.
  public func filesChanged(from commit: String) throws(GitError) -> [String] {
    try filesAndUntracked(["diff", "--no-ext-diff", "--name-only", "--relative", "--no-renames", "-z", commit, "--"])
  }

  /// The merge base of a revision and the checked-out commit; the revision's commit if there is none.
  public func commonAncestor(with revision: String) throws(GitError) -> String {
    let since = try commit(of: revision)
    let base = try run(["merge-base", since, "HEAD"])
    return base.termination.isSuccess ? base.text : since
  }

  /// The files that differ between two commits, in the form of git's `diff`, such as `main...topic` or `HEAD~2..HEAD`;
  /// from the workspace root.
  public func changedFiles(between difference: String) throws(GitError) -> [String] {
    _ = try ends(ofDifference: difference)
    return try names(["diff", "--no-ext-diff", "--name-only", "--relative", "--no-renames", "-z", difference, "--"])
      .sorted()
  }

  /// The commits that a difference such as `main...topic` compares; the later one is nil for the files there are, as where
  /// the difference names one commit.
  public func ends(ofDifference difference: String) throws(GitError) -> (base: String, end: String?) {
    guard !difference.hasPrefix("-") else { throw .unknownRevision(difference) }
    guard difference.contains("..") else { return (try commit(of: difference), nil) }
    let dots = difference.contains("...") ? "..." : ".."
    let parts = Self.split(difference, at: dots)
    let left = try commit(of: parts.left.isEmpty ? "HEAD" : parts.left)
    let right = try commit(of: parts.right.isEmpty ? "HEAD" : parts.right)
    guard dots == "..." else { return (left, right) }
    let base = try run(["merge-base", left, right])
    return (base.termination.isSuccess ? base.text : left, right)
  }

  private static func split(_ text: String, at separator: String) -> (left: String, right: String) {
    var index = text.startIndex
    while index < text.endIndex {
      if text[index...].hasPrefix(separator) {
        return (String(text[..<index]), String(text[index...].dropFirst(separator.count)))
      }
      index = text.index(after: index)
    }
    return (text, "")
  }

  /// The bytes of a file, by its path from the workspace root, as a commit has it; nil where it does not.
  public func contents(of path: String, at commit: String) throws(GitError) -> [UInt8]? {
    let listed = try run(["ls-tree", "-z", "--full-tree", commit, "--", try prefix() + path])
    guard listed.termination.isSuccess else { throw .failed(command: "ls-tree", listed.errorText) }
    if listed.output.isEmpty { return nil }
    let shown = try run(["show", "--no-textconv", "--no-ext-diff", commit + ":./" + path])
    guard shown.termination.isSuccess else { throw .failed(command: "show", shown.errorText) }
    return shown.output
  }

  /// The path of the workspace in the git repository, with a final slash; empty at its top.
  func prefix() throws(GitError) -> String {
    let outcome = try run(["rev-parse", "--show-prefix"])
    guard outcome.termination.isSuccess else { throw .failed(command: "rev-parse", outcome.errorText) }
    return outcome.text
  }

  /// Whether a commit is part of a branch of this git repository or of its remote `origin`.
  public func isAncestor(_ commit: String, ofBranch branch: String) throws(GitError) -> Bool {
    var known = false
    for name in [branch, "refs/remotes/origin/" + branch] {
      guard try run(["rev-parse", "--verify", "--quiet", name + "^{commit}"]).termination.isSuccess else { continue }
      known = true
      if try run(["merge-base", "--is-ancestor", commit, name]).termination.isSuccess { return true }
    }
    guard known else { throw .unknownRevision(branch) }
    return false
  }

  private func untrackedFiles() throws(GitError) -> [String] {
    try names(["ls-files", "--others", "--exclude-standard", "-z"])
  }

  func names(_ arguments: [String]) throws(GitError) -> [String] {
    let outcome = try run(arguments)
    guard outcome.termination.isSuccess else { throw .failed(command: arguments[0], outcome.errorText) }
    return outcome.output.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The tracked files that one of the patterns matches, from the workspace root.
  public func trackedFiles(matching patterns: [String]) throws(GitError) -> [String] {
    try names(["ls-files", "-z", "--"] + patterns)
  }

  /// A commit in a list.
  public struct LogEntry: Sendable, Hashable {
    public var commit: String
    public var author: String
    public var subject: String
  }

  /// The commits that lead from one commit to another, the newest first, at most `limit`.
  ///
  /// - Parameter paths: only commits that change one of them; empty for all commits.
  /// - Throws: `GitError`, also when this clone does not have one of the commits.
  public func log(
    from commit: String, to other: String, paths: [String] = [], limit: Int = 100
  ) throws(GitError) -> [LogEntry] {
    // On standard input: the files of a large bundle do not fit on a command line. Their names are not patterns.
    let input = (["\(commit)..\(other)", "--"] + paths.filter { !$0.contains("\n") }).map { $0 + "\n" }.joined()
    let outcome = try run(
      ["--literal-pathspecs", "log", "-z", "--max-count=\(limit)", "--format=%H%n%an%n%s", "--stdin"],
      input: Array(input.utf8))
    guard outcome.termination.isSuccess else { throw .failed(command: "log", outcome.errorText) }
    let lines = outcome.output.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    return lines.compactMap { line in
      let parts = line.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      return parts.count >= 3 ? LogEntry(commit: parts[0], author: parts[1], subject: parts[2]) : nil
    }
  }

  /// The output of a command, without the last line end.
  ///
  /// - Parameter allowingFailure: whether a failing command returns nothing, such as a search without a result.
  func text(_ arguments: [String], allowingFailure: Bool = false) throws(GitError) -> String {
    let outcome = try run(arguments)
    if outcome.termination.isSuccess { return outcome.text }
    if allowingFailure { return "" }
    throw .failed(command: arguments[0], outcome.errorText)
  }

  func run(_ arguments: [String], input: [UInt8]? = nil) throws(GitError) -> Subprocess.Outcome {
    let outcome: Subprocess.Outcome
    do throws(SystemCallError) {
      // Optional locks off: a query must not write the index without the user's knowledge.
      var command = Subprocess(
        "git", ["-C", root.string, "--no-optional-locks", "--no-pager"] + arguments,
        environment: try GitSettings.of(root).environment, input: input)
      command.outputLimit = 1 << 30
      outcome = try command.run()
    } catch {
      throw error.isMissing ? .notInstalled : .failed(command: arguments[0], error.description)
    }
    if !outcome.termination.isSuccess, outcome.errorText.contains("not a git repository") {
      throw .notARepository(root)
    }
    return outcome
  }
}

/// Why git could not answer.
public enum GitError: DiagnosableError, Hashable {
  case notInstalled
  case notARepository(FilePath)
  case noCommit
  case unknownRevision(String)
  case failed(command: String, String)

  /// Whether there is no git repository.
  public var isMissingRepository: Bool { if case .notARepository = self { true } else { false } }

  /// The error for people.
  public var diagnostic: Diagnostic {
    switch self {
    case .notInstalled:
      Diagnostic(
        .environment, "the program \"git\" is not on the PATH",
        remedies: ["run `apt-get install git`"])
    case .notARepository(let root):
      Diagnostic(
        .input, "\"\(root)\" is not in a git repository",
        remedies: ["run `git init && git add -A && git commit -m start`"])
    case .noCommit:
      Diagnostic(
        .input, "the git repository has no commit yet", remedies: ["run `git add -A && git commit -m start`"])
    case .unknownRevision(let revision):
      Diagnostic(.input, "unknown git revision \"\(revision)\"", remedies: ["run `git log --oneline` to list commits"])
    case .failed(let command, let message):
      Diagnostic(.environment, "`git \(command)` failed", notes: message.isEmpty ? [] : [message])
    }
  }
}
