import Glibc
import SystemSupport
import Testing

/// A watchman server of a test's own.
final class WatchmanService: Sendable {
  /// Whether tests can have one.
  static let isInstalled = Subprocess.find("watchman") != nil

  private let folder: FilePath
  private let program: FilePath
  var socket: FilePath { folder.appending("sock") }

  init() throws {
    program = try #require(Subprocess.find("watchman"), "install watchman: scripts/install-dependencies test")
    folder = try FileSystem.canonicalPath(FileSystem.makeTemporaryDirectory(prefix: "kilt-watchman"))
    try start()
  }

  deinit {
    do {
      try stop()
      try FileSystem.removeTree(folder)
    } catch { Issue.record(error) }
  }

  /// Has the server go on, if it is stopped, and end.
  func stop() throws {
    // Its own client waits a minute for one that is gone.
    guard let process, kill(process, SIGCONT) == 0 else { return }
    _ = try run("--no-spawn", "shutdown-server")
  }

  func start() throws {
    let version = try run("version")
    try #require(version.termination.isSuccess, "\(version.errorText)")
  }

  /// The server's process.
  var process: pid_t? {
    let text = try? FileSystem.readText(folder.appending("pid"))
    return text.flatMap { pid_t($0.filter(\.isNumber)) }
  }

  func watch(_ root: FilePath) throws {
    let outcome = try run("--no-spawn", "watch", root.string)
    try #require(
      outcome.termination.isSuccess && !outcome.text.contains("error"), "\(outcome.text) \(outcome.errorText)")
  }

  /// What it watches, as it says.
  var watched: String {
    get throws {
      let outcome = try run("--no-spawn", "watch-list")
      return outcome.text + outcome.errorText
    }
  }

  private func run(_ arguments: String...) throws -> Subprocess.Outcome {
    let places = ["sockname": "sock", "logfile": "log", "statefile": "state", "pidfile": "pid"]
    return try Subprocess(
      program.string, places.map { "--\($0.key)=\(folder.appending($0.value))" } + arguments,
      environment: ["PATH=/usr/local/bin:/usr/bin:/bin", "HOME=\(folder)", "USER=kilt"], deadlineMilliseconds: 60_000
    ).run()
  }
}
