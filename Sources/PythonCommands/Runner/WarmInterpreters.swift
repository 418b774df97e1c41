internal import Digests
internal import PythonEnvironments
internal import Synchronization
internal import SystemSupport

/// The warm interpreters of a run: as many of a kind as are busy at once, no more.
final class WarmInterpreters: Sendable {
  /// The inputs of the start.
  struct Kind: Sendable, Hashable {
    var environment: String
    /// Variables that Python reads when it starts.
    var variables: [String]
  }
  private struct State {
    var idle: [Kind: [WarmInterpreter]] = [:]
    var all: [WarmInterpreter] = []
    var isClosed = false
  }
  private let state = Mutex(State())
  private let folder: FilePath

  /// - Parameter folder: the directory of the runner's scripts and logs.
  init(folder: FilePath) { self.folder = folder }

  /// Runs a file in an interpreter that is idle, or in a new one.
  ///
  /// - Parameter base: the environment to start one in.
  func run(_ request: RunnerRequest, base: PythonEnvironment) throws -> RunnerAnswer {
    let variables = request.environment.filter { $0.hasPrefix("PYTHON") && !$0.hasPrefix("PYTHONPATH=") }
    let kind = Kind(environment: base.key.hex, variables: variables)
    let idle = state.withLock { $0.idle[kind, default: []].popLast() }
    let interpreter = try idle ?? start(kind, base, request.environment)
    let answer = try interpreter.run(request)
    state.withLock { $0.idle[kind, default: []].append(interpreter) }
    return answer
  }

  private func start(
    _ kind: Kind, _ base: PythonEnvironment, _ environment: [String]
  ) throws -> WarmInterpreter {
    let log = folder.appending("log-\(monotonicNanoseconds())")
    let general = environment.filter { $0.hasPrefix("LANG=") || $0.hasPrefix("LC_") || $0.hasPrefix("PATH=") }
    let interpreter = try WarmInterpreter(base, environment: general + kind.variables, scripts: folder, log: log)
    let isLate = state.withLock { state in
      if !state.isClosed { state.all.append(interpreter) }
      return state.isClosed
    }
    if isLate { interpreter.process.end(within: 1000) }
    return interpreter
  }

  /// Ends all of them, with the files that they run.
  func close() {
    let all = state.withLock { state in
      state.isClosed = true
      defer { state.all = [] }
      return state.all
    }
    for interpreter in all { interpreter.process.closeInput() }
    for interpreter in all { interpreter.process.end(within: 5000) }
  }
}
