import SystemSupport
import Testing

/// A copy of the example monorepo, a git repository of its own in a temporary folder, and the built executables.
final class Example: Sendable {
  /// Kept for all tests, and for later runs: wheels are fetched once.
  static let cache = FilePath(environmentVariable("TMPDIR") ?? "/tmp").appending("kilt-test-end-to-end")

  let scratch: FilePath
  let programs: FilePath

  var root: FilePath { scratch.appending("acme") }
  var repository: FilePath { root.appending(".kilt/repository") }

  init() throws {
    scratch = try FileSystem.canonicalPath(FileSystem.makeTemporaryDirectory(prefix: "kilt-example"))
    // The package's products are beside the test executable.
    programs = try executablePath().removingLastComponent()
    for name in ["kilt", "pex-runner"] {
      let program = programs.appending(name)
      try #require(FileSystem.isExecutable(program), "\(program) is not built: swift build")
    }
    let source = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
      .appending("BUILD-examples")
    try execute("cp", ["-R", source.string, root.string], in: scratch)
    for folder in ["dist", ".kilt"] where FileSystem.exists(root.appending(folder)) {
      try FileSystem.removeTree(root.appending(folder))
    }
    try git("init", "--quiet", "--initial-branch=main")
    try commit("start")
  }

  deinit {
    do { try FileSystem.removeTree(scratch) } catch { Issue.record("the scratch folder stays: \(error)") }
  }

  // MARK: Running

  /// This process's environment without what configures Kilt and git otherwise; `changes` replace or, when they have no
  /// "=", remove variables.
  func environment(_ changes: [String] = []) -> [String] {
    let own = [
      "KILT_CACHE_DIR=\(Self.cache)", "LC_ALL=C", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=Test",
      "GIT_AUTHOR_EMAIL=test@localhost",
      "GIT_COMMITTER_NAME=Test", "GIT_COMMITTER_EMAIL=test@localhost",
    ]
    func name(_ entry: String) -> Substring { entry.prefix { $0 != "=" } }
    var result = environmentStrings().filter { !$0.hasPrefix("KILT_") && !$0.hasPrefix("PEX_") }
    for change in own + changes {
      result.removeAll { name($0) == name(change) }
      if change.contains("=") { result.append(change) }
    }
    return result
  }

  /// Runs a program that must succeed; returns what it writes to standard output.
  @discardableResult
  func execute(
    _ program: String, _ arguments: [String], in folder: FilePath? = nil, environment changes: [String] = []
  ) throws -> String {
    let outcome = try Subprocess(
      program, arguments, environment: environment(changes), workingDirectory: folder ?? root,
      deadlineMilliseconds: 300_000
    ).run()
    try #require(
      outcome.termination.isSuccess,
      "\(program) \(arguments.joined(separator: " ")): \(outcome.termination)\n\(outcome.text)\n\(outcome.errorText)")
    return outcome.text
  }

  @discardableResult
  func git(_ arguments: String...) throws -> String { try execute("git", arguments) }

  /// Commits everything; returns the full commit.
  @discardableResult
  func commit(_ message: String) throws -> String {
    try git("add", "--all")
    try git("commit", "--quiet", "--allow-empty", "--message", message)
    return try git("rev-parse", "HEAD")
  }

  /// Runs `kilt` at the root of the workspace.
  func kilt(
    _ arguments: [String], in folder: FilePath? = nil, environment changes: [String] = []
  ) throws -> Subprocess.Outcome {
    try Subprocess(
      programs.appending("kilt").string, arguments, environment: environment(changes),
      workingDirectory: folder ?? root, deadlineMilliseconds: 300_000
    ).run()
  }

  /// Runs `kilt`, which must succeed.
  @discardableResult
  func kilt(_ arguments: String..., environment changes: [String] = []) throws -> Subprocess.Outcome {
    let outcome = try kilt(arguments, environment: changes)
    try #require(
      outcome.termination.isSuccess,
      "kilt \(arguments.joined(separator: " ")): \(outcome.termination)\n\(outcome.errorText)")
    return outcome
  }

  /// Runs `pex-runner` with a cache of its own, outside of the workspace.
  func runner(_ arguments: String..., repository: FilePath? = nil) throws -> Subprocess.Outcome {
    let changes = [
      "KILT_REPOSITORY=\(repository ?? self.repository)", "KILT_RUNNER_CACHE=\(scratch.appending("runner-cache"))",
    ]
    return try Subprocess(
      programs.appending("pex-runner").string, arguments, environment: environment(changes), workingDirectory: scratch,
      deadlineMilliseconds: 120_000
    ).run()
  }

  /// Changes of the environment with which `kilt` has a cache of its own, in which no test's result is known; files of
  /// the index are there.
  func freshResults() throws -> [String] {
    let fresh = scratch.appending("cache-\(monotonicNanoseconds())")
    try FileSystem.createDirectories(fresh)
    // The files are fetched once, by whichever test is first.
    try kilt("repl", "--", "-c", "pass")
    try FileSystem.createSymbolicLink(at: fresh.appending("blobs"), to: Self.cache.appending("blobs"))
    return ["KILT_CACHE_DIR=\(fresh)"]
  }

  // MARK: Editing

  /// Replaces a text that must stand in a file.
  func edit(_ path: String, _ old: String, _ new: String) throws {
    let file = root.appending(path)
    let text = try FileSystem.readText(file)
    try #require(text.contains(old), "\(path) no longer has \"\(old)\"")
    try FileSystem.write(
      text: text.split(separator: old, omittingEmptySubsequences: false).joined(separator: new), to: file)
  }

  /// Adds to the end of a file, which may be new.
  func append(_ path: String, _ text: String) throws {
    let file = root.appending(path)
    try FileSystem.createDirectories(file.removingLastComponent())
    let old = FileSystem.exists(file) ? try FileSystem.readText(file) : ""
    try FileSystem.write(text: old + text, to: file)
  }

  // MARK: Looking

  /// The names of the bundles in dist, sorted.
  func bundles() throws -> [String] {
    try FileSystem.list(root.appending("dist")).map(\.name).filter { $0.hasSuffix(".pex") }.sorted()
  }

  /// The one bundle whose name begins so.
  func bundle(_ prefix: String) throws -> FilePath {
    let found = try bundles().filter { $0.hasPrefix(prefix) }
    try #require(found.count == 1, "\(prefix)* is \(found)")
    return root.appending("dist").appending(found[0])
  }

  func sha256(_ path: FilePath) throws -> String { String(try execute("sha256sum", [path.string]).prefix(64)) }

  /// A message with what differs from run to run replaced: the paths of this copy, commit, platform, what libcurl says.
  func neutral(_ text: String) throws -> String {
    var result = text
    let commit = try git("rev-parse", "--short=12", "HEAD")
    for (path, name) in [
      (root.string, "ROOT"), (scratch.string, "SCRATCH"), (Self.cache.string, "CACHE"), (commit, "COMMIT"),
    ] {
      result = result.split(separator: path, omittingEmptySubsequences: false).joined(separator: name)
    }
    result.replace(#/(COMMIT(?:\.dirty)?)-[a-z0-9_.]+-[a-z0-9_]+\.pex/#) { "\($0.1)-PLATFORM.pex" }
    // libcurl's words differ between its versions.
    result.replace(#/Failed to connect to 127\.0\.0\.1 port 1 .*/#, with: "(no connection)")
    return result
  }
}

/// A wrong command: its exit code, and the whole of its message.
func expectFailure(
  _ example: Example, _ outcome: Subprocess.Outcome, code: Int32, _ message: String,
  sourceLocation: Testing.SourceLocation = #_sourceLocation
) throws {
  #expect(outcome.termination == .exited(code), sourceLocation: sourceLocation)
  let text = try example.neutral(outcome.errorText)
  #expect(text == message, "it is\n\(text)\nand not\n\(message)", sourceLocation: sourceLocation)
}
