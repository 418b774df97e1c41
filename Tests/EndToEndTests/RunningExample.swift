import Glibc
import JSON
import SystemSupport
import Testing

/// The example with a scheduler of its own, which ends with its tasks when the test does.
final class RunningExample {
  let example: Example
  let address: String
  private let pid: pid_t

  /// Schedulers that run side by side must not allot the same ports.
  ///
  /// - Parameter options: more options of the scheduler, for the example.
  init(firstPort: Int, options: (Example) throws -> [String] = { _ in [] }) throws {
    let example = try Example()
    self.example = example
    let state = example.scratch.appending("state")
    try FileSystem.createDirectories(state)
    let logFile = example.scratch.appending("scheduler.log")
    let log = try FileSystem.open(logFile, .writeOnly, options: [.create, .append])
    defer { FileSystem.close(log) }
    pid = try spawnDetached(
      example.programs.appending("kilt-scheduler"),
      [
        "--state-directory", state.string, "--repository", example.repository.string, "--listen", "127.0.0.1:0",
        "--port-range", "\(firstPort)-\(firstPort + 31)", "--cgroup-parent", "kilt-test", "--allow-missing-user",
        "--stop-tasks-on-exit", "--flapping-threshold", "3",
      ] + options(example), environment: example.environment(["HOME=\(example.scratch)"]), output: log)
    let file = state.appending("address")
    var waited = 0
    while !FileSystem.exists(file) {
      var status: Int32 = 0
      let hasEnded = waitpid(pid, &status, WNOHANG) != 0
      let text = try FileSystem.readText(logFile)
      try #require(!hasEnded, "\(text)")
      try #require(waited < 1200, "the scheduler does not listen")
      pauseMilliseconds(50)
      waited += 1
    }
    address = String(try FileSystem.readText(file).dropLast())
  }

  deinit {
    kill(pid, SIGTERM)
    var status: Int32 = 0
    waitpid(pid, &status, 0)
  }

  /// Runs `kilt` against the scheduler.
  func kilt(_ arguments: String...) throws -> Subprocess.Outcome {
    try example.kilt(arguments, environment: ["KILT_SCHEDULER=\(address)", "HOME=\(example.scratch)"])
  }

  /// Runs `kilt`, which must end with this exit code; returns both of its outputs.
  @discardableResult
  func run(
    _ arguments: String..., code: Int32 = 0, sourceLocation: Testing.SourceLocation = #_sourceLocation
  ) throws -> String {
    try run(arguments, code: code, sourceLocation: sourceLocation)
  }

  @discardableResult
  func run(
    _ arguments: [String], code: Int32 = 0, sourceLocation: Testing.SourceLocation = #_sourceLocation
  ) throws -> String {
    let outcome = try example.kilt(
      arguments, environment: ["KILT_SCHEDULER=\(address)", "HOME=\(example.scratch)"])
    let text = outcome.text + "\n" + outcome.errorText
    #expect(
      outcome.termination == .exited(code), "kilt \(arguments.joined(separator: " "))\n\(text)",
      sourceLocation: sourceLocation)
    return text
  }

  func json(_ arguments: String...) throws -> JSONValue { try json(arguments) }

  func json(_ arguments: [String]) throws -> JSONValue {
    let outcome = try example.kilt(
      arguments, environment: ["KILT_SCHEDULER=\(address)", "HOME=\(example.scratch)"])
    return try JSONValue(parsing: outcome.output)
  }

  /// The task of each instance of a job.
  func tasks(_ key: String) throws -> [Int64: String] {
    let instances = try json("job", "status", key, "--format", "json")["instances"]?.array ?? []
    return Dictionary(
      uniqueKeysWithValues: instances.compactMap { instance in
        guard let number = instance["instance"]?.int, let task = instance["task_id"]?.string else { return nil }
        return (number, task)
      })
  }

  /// The release that a job is at.
  func release(_ key: String) throws -> Int64? {
    try json("job", "history", key, "--format", "json").array?.first { $0["current"] == true }?["release"]?.int
  }
}
