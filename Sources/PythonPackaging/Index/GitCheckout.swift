import SystemSupport

/// A commit of a git repository, in a separate directory.
///
/// Credentials come from git's sources: its helpers and `~/.netrc`. They are never in the arguments.
struct GitCheckout {
  var url: String
  var commit: String
  private static let deadline = 600_000

  /// - Throws: ``IndexError/sourceFailed(package:source:notes:)``, `SystemCallError`.
  func checkOut(to folder: FilePath, _ package: String) throws -> FilePath {
    try FileSystem.createDirectories(folder)
    try run(["init", "--quiet"], in: folder, package)
    // One commit is enough; a server that does not serve single commits serves everything.
    let shallow = try git(["fetch", "--quiet", "--depth=1", "--", url, commit], in: folder)
    if !shallow.termination.isSuccess {
      try run(["fetch", "--quiet", "--tags", "--", url, "+refs/*:refs/kilt/*"], in: folder, package)
    }
    try run(["checkout", "--quiet", "--detach", commit], in: folder, package)
    if FileSystem.exists(folder.appending(".gitmodules")) {
      try run(["submodule", "--quiet", "update", "--init", "--recursive", "--depth=1"], in: folder, package)
    }
    let head = try git(["rev-parse", "HEAD"], in: folder).text.filter { !$0.isWhitespace }
    guard head == commit else {
      throw IndexError.sourceFailed(package: package, source: url, notes: ["it returned commit \(head), not \(commit)"])
    }
    return folder
  }

  /// The current commit of a branch, a tag or (nil) `HEAD` of a git repository.
  ///
  /// - Throws: ``IndexError/sourceFailed(package:source:notes:)``, `SystemCallError`.
  static func commit(of reference: String?, at url: String, _ package: String) throws -> String {
    let name = reference ?? "HEAD"
    let wanted =
      reference == nil ? ["HEAD"] : ["refs/heads/\(name)", "refs/tags/\(name)^{}", "refs/tags/\(name)", name]
    let outcome = try GitCheckout(url: url, commit: "").git(["ls-remote", "--", url] + wanted, in: nil)
    guard outcome.termination.isSuccess else {
      let lines = outcome.errorText.split(separator: "\n").suffix(8).map { redactedLine($0) }
      throw IndexError.sourceFailed(
        package: package, source: url, notes: lines + ["its lockfile has no commit, so Kilt asked git for \(name)"])
    }
    var found: [Substring: Substring] = [:]
    for line in outcome.text.split(separator: "\n") {
      let parts = line.split(separator: "\t")
      if parts.count == 2 { found[parts[1]] = parts[0] }
    }
    guard let commit = wanted.lazy.compactMap({ found[$0[...]] }).first, PackageSource.isCommit(commit) else {
      throw IndexError.sourceFailed(package: package, source: url, notes: ["it has no branch or tag \(name)"])
    }
    return String(commit)
  }

  private func run(_ arguments: [String], in folder: FilePath, _ package: String) throws {
    let outcome = try git(arguments, in: folder)
    guard outcome.termination.isSuccess else {
      let lines = outcome.errorText.split(separator: "\n").suffix(8).map { redactedLine($0) }
      throw IndexError.sourceFailed(package: package, source: url, notes: lines + ["expected commit \(commit)"])
    }
  }

  private func git(_ arguments: [String], in folder: FilePath?) throws(SystemCallError) -> Subprocess.Outcome {
    // No questions, and no git repository around the directory; the environment's own git variables do not apply.
    let dropped = ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_TERMINAL_PROMPT"]
    let environment = environmentStrings().filter { !dropped.contains(String($0.prefix { $0 != "=" })) }
    return try Subprocess(
      "git", arguments, environment: environment + ["GIT_TERMINAL_PROMPT=0"], workingDirectory: folder,
      deadlineMilliseconds: Self.deadline
    ).run()
  }
}
