import SystemSupport
import Testing

/// A small workspace in a temporary directory, and the built `kilt` with the cache of all tests.
final class LintWorkspace: Sendable {
  let root: FilePath
  private let kilt: FilePath

  init(_ files: [String: String], configuration: String = "[workspace]\nname = \"lint\"\n") throws {
    root = try FileSystem.canonicalPath(FileSystem.makeTemporaryDirectory(prefix: "kilt-lint-test"))
    kilt = try executablePath().removingLastComponent().appending("kilt")
    try #require(FileSystem.isExecutable(kilt), "\(kilt) is not built: swift build")
    try write("kilt.toml", configuration)
    for (path, text) in files { try write(path, text) }
  }

  deinit {
    do { try FileSystem.removeTree(root) } catch { Issue.record("the scratch directory stays: \(error)") }
  }

  func write(_ path: String, _ text: String) throws {
    let place = root.pushing(FilePath(path))
    try FileSystem.createDirectories(place.removingLastComponent())
    try FileSystem.write(text: text, to: place)
  }

  func read(_ path: String) throws -> String { try FileSystem.readText(root.pushing(FilePath(path))) }

  /// Changes of the environment replace variables of the same name.
  func run(
    _ program: String, _ arguments: [String], environment changes: [String] = []
  ) throws -> Subprocess.Outcome {
    let own = [
      "KILT_CACHE_DIR=\(Example.cache)", "LC_ALL=C", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=Test",
      "GIT_AUTHOR_EMAIL=test@localhost", "GIT_COMMITTER_NAME=Test", "GIT_COMMITTER_EMAIL=test@localhost",
    ]
    func name(_ entry: String) -> Substring { entry.prefix { $0 != "=" } }
    var environment = environmentStrings().filter { !$0.hasPrefix("KILT_") && !$0.hasPrefix("GIT_") }
    for change in own + changes {
      environment.removeAll { name($0) == name(change) }
      environment.append(change)
    }
    return try Subprocess(
      program, arguments, environment: environment, workingDirectory: root, deadlineMilliseconds: 300_000
    ).run()
  }

  func kilt(_ arguments: String..., environment: [String] = []) throws -> Subprocess.Outcome {
    try run(kilt.string, arguments, environment: environment)
  }

  /// Puts times of all files into the past: what was written a moment ago is looked at again by the next run.
  func settle() throws {
    let outcome = try run(
      "find", [".", "-path", "./.kilt", "-prune", "-o", "-exec", "touch", "-d", "2020-01-01", "{}", "+"])
    try #require(outcome.termination.isSuccess)
    // The change time is the system's; it is past when the clock has moved on by more than its slack.
    pauseMilliseconds(60)
  }
}
