import SystemSupport
import Testing

/// Branches: trees that come back, by git where the workspace is a git repository.
extension RandomRepository {
  func rememberBranch() throws {
    if usesGit { return try commit() }
    note("remember this branch")
    if branches.count < 5 { branches.append(try snapshot()) }
  }

  func switchBranch() throws {
    if usesGit { return try checkOut() }
    guard !branches.isEmpty else { return }
    note("switch branches")
    let other = random.pick(branches)
    let now = try snapshot()
    for file in try files() where other[file] == nil { try FileSystem.removeFile(root.appending(file)) }
    for (file, bytes) in other.sorted(by: { $0.key < $1.key }) where now[file] != bytes {
      let full = root.appending(file)
      if try FileSystem.statusIfPresent(of: full)?.kind == .directory { try FileSystem.removeTree(full) }
      try FileSystem.createDirectories(full.removingLastComponent())
      try FileSystem.removeFile(full)
      try FileSystem.write(bytes, to: full)
    }
  }

  private func snapshot() throws -> [String: [UInt8]] {
    var tree: [String: [UInt8]] = [:]
    for file in try files() where try FileSystem.status(of: root.appending(file)).kind == .file {
      tree[file] = try FileSystem.read(root.appending(file))
    }
    return tree
  }

  // MARK: git

  @discardableResult
  func git(_ arguments: String...) throws -> Subprocess.Outcome {
    let names = ["user.name=fuzz", "user.email=fuzz@localhost", "core.hooksPath=/dev/null"].flatMap { ["-c", $0] }
    return try Subprocess(
      "git", names + arguments, environment: ["PATH=/usr/local/bin:/usr/bin:/bin", "GIT_CONFIG_GLOBAL=/dev/null"],
      workingDirectory: root
    ).run()
  }

  func commit() throws {
    note("commit")
    try git("add", "--all")
    try git("commit", "--quiet", "--allow-empty", "--message", "fuzz")
    let commit = try git("rev-parse", "HEAD")
    try #require(commit.termination.isSuccess, "\(commit.errorText)")
    commits.append(commit.text)
  }

  /// Goes to another commit, in one of the ways of git. What git refuses to do is no edit.
  private func checkOut() throws {
    let commit = random.pick(commits)
    switch random.below(5) {
    case 0, 1:
      note("git checkout \(commit)")
      try git("checkout", "--quiet", "--force", commit)
    case 2:
      note("git reset \(commit)")
      try git("reset", "--quiet", "--hard", commit)
    case 3:
      note("git stash")
      try git("stash", "--quiet", "--include-untracked")
      if random.chance(50) { try git("stash", "pop", "--quiet") }
    default:
      note("git clean")
      try git("clean", "--quiet", "--force", "-d")
    }
    // A commit may lack them where their names were ignored.
    for (file, text) in [("kilt.toml", configuration(0)), ("pants.toml", pantsConfiguration)]
    where try FileSystem.statusIfPresent(of: root.appending(file)) == nil {
      try write(file, text)
    }
  }
}
