internal import Diagnostics
internal import JSON
internal import PythonEnvironments
internal import PythonPackaging
internal import SystemSupport

/// The runner's instructions for one file; the fields are those of `kilt_test_runner.py`.
struct RunnerRequest {
  var tree: FilePath
  /// The working directory of pytest: the tree, or a directory in it.
  var directory: FilePath
  var arguments: [String]
  /// `NAME=value`.
  var environment: [String]
  /// The source roots, absolute.
  var sources: [String]
  var python: PythonEnvironment
  var output: FilePath
  var result: FilePath
  /// The file of coverage data; nil without coverage.
  var coverage: FilePath?
  /// Seconds.
  var timeout: Int?

  var json: JSONValue {
    var variables = JSONObject()
    for entry in environment {
      let name = entry.prefix { $0 != "=" }
      variables[String(name)] = .string(String(entry.dropFirst(name.count + 1)))
    }
    return .members([
      "tree": .string(tree.string), "directory": .string(directory.string), "arguments": .strings(arguments),
      "environment": .object(variables),
      "sources": .strings(sources), "prefix": .string(python.path.string),
      "site_packages": .string(python.sitePackages.string), "output": .string(output.string),
      "result": .string(result.string), "coverage": coverage.map { .string($0.string) } ?? .null,
      "timeout": timeout.map { .int(Int64($0)) } ?? .null,
    ])
  }
}

/// The end of the process of a file.
struct RunnerAnswer {
  var seconds: Double
  var timedOut: Bool
  /// Its exit code; nil when a signal ended it.
  var code: Int?
  var signal: Int?
}

/// A Python that has imported pytest and forks for each file it is asked to run. Used by one thread at a time.
struct WarmInterpreter: Sendable {
  let process: ConversingProcess
  private let log: FilePath
  private let name: String

  /// Starts an interpreter and waits until it is ready.
  ///
  /// - Parameters:
  ///   - python: the environment that it starts in: pytest's.
  ///   - environment: its variables, `NAME=value`.
  ///   - scripts: the directory of ``RunnerScripts``.
  ///   - log: the file for errors of its start.
  init(_ python: PythonEnvironment, environment: [String], scripts: FilePath, log: FilePath) throws {
    self.log = log
    name = python.interpreter.path.string
    let file = try FileSystem.open(log, .writeOnly, options: [.create, .append])
    defer { FileSystem.close(file) }
    let script = scripts.appending(RunnerScripts.runnerName).string
    process = try ConversingProcess(
      Subprocess(python.python.string, ["-s", script], environment: environment), errorOutput: file)
    guard case .line = try process.receive() else {
      process.end(within: 1000)
      throw failure("cannot start pytest with \(name)")
    }
  }

  /// Runs one file; returns when it has ended.
  func run(_ request: RunnerRequest) throws -> RunnerAnswer {
    try process.send(line: request.json.text())
    guard case .line(let line) = try process.receive(), let json = try? JSONValue(parsing: line),
      let seconds = json["seconds"]?.double
    else { throw failure("the process that runs tests with \(name) has ended") }
    return RunnerAnswer(
      seconds: seconds, timedOut: json["timed_out"]?.bool ?? false, code: json["code"]?.int.map { Int($0) },
      signal: json["signal"]?.int.map { Int($0) })
  }

  private func failure(_ summary: String) -> Diagnostic {
    // Without the log, only its end is known.
    let text = (try? FileSystem.readText(log)) ?? ""
    return Diagnostic(
      .environment, summary, notes: text.split(separator: "\n").suffix(12).map(String.init),
      remedies: ["add pytest to the requirements of the workspace, in a version for this Python, and run `kilt lock`"])
  }
}
