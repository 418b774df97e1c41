internal import Digests
internal import Executor
internal import Glibc
internal import JobModel
internal import Synchronization
internal import SystemSupport

/// A task on another machine, as this scheduler speaks with its executor.
final class RemoteTask: Sendable {
  let directory: TaskDirectory
  /// What the executor shows; in a file of the task's directory, for the next scheduler process.
  let token: String

  private struct State {
    /// The one executor that runs the task.
    var executor: String?
    var lastCall: UInt64
    var requests: [RemoteRequest] = []
    var nextNumber: Int
    /// Whoever waits for requests.
    var waiter: AsyncStream<Void>.Continuation?
    var answers: [Int: AsyncStream<[UInt8]>.Continuation] = [:]
    var commands: [String: RemoteCommandSession] = [:]
    var isStopAsked = false
    /// The executor has reported all and has ended.
    var hasLeft = false
  }
  private let state: Mutex<State>
  private let mirror: Mutex<Mirror>

  private struct Mirror: ~Copyable {
    let value: TaskMirror
  }

  /// Opens what an earlier process has left, or begins.
  init(_ directory: TaskDirectory) throws {
    self.directory = directory
    let path = FilePath(directory.paths.directory)
    let tokenFile = path.appending("token")
    if FileSystem.exists(tokenFile) {
      token = try FileSystem.readText(tokenFile)
    } else {
      token = try Self.newToken()
      try FileSystem.write(text: token, to: tokenFile, permissions: 0o600)
    }
    mirror = Mutex(Mirror(value: try TaskMirror(directory)))
    let executorFile = path.appending("executor")
    let executor = FileSystem.exists(executorFile) ? try FileSystem.readText(executorFile) : nil
    // Numbers that no earlier process has given: the executor passes over what it knows.
    let number = Int(wallClockNanoseconds() / 1_000_000)
    state = Mutex(State(executor: executor, lastCall: monotonicNanoseconds(), nextNumber: number))
  }

  private static func newToken() throws -> String {
    var bytes = [UInt8](repeating: 0, count: 32)
    if getentropy(&bytes, bytes.count) != 0 { throw SystemCallError("getentropy", nil, .ioError) }
    return String(hexadecimal: bytes)
  }

  // MARK: Calls of the executor

  /// Whether a caller is this task's executor. Compares all bytes, however many are right.
  func isProved(by token: String) -> Bool {
    let (left, right) = (Array(self.token.utf8), Array(token.utf8))
    guard left.count == right.count else { return false }
    let isEqual = zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    if isEqual { state.withLock { $0.lastCall = monotonicNanoseconds() } }
    return isEqual
  }

  /// Lets one executor run the task: the first that asks. It is written down, so that a later scheduler knows it too.
  func admit(_ executor: String) throws -> Bool {
    let known = state.withLock { state in
      defer { if state.executor == nil { state.executor = executor } }
      return state.executor
    }
    if let known { return known == executor }
    try FileSystem.write(
      text: executor, to: FilePath(directory.paths.directory).appending("executor"), permissions: 0o600)
    return true
  }

  /// Since when nothing was heard of the executor, in nanoseconds.
  var silence: UInt64 { monotonicNanoseconds() - state.withLock { $0.lastCall } }

  var hasLeft: Bool { state.withLock { $0.hasLeft } }

  func leave() { state.withLock { $0.hasLeft = true } }

  func take(records: [UInt8]) throws -> Int { try mirror.withLock { try $0.value.take(records: records) } }

  func take(
    log bytes: [UInt8], process: String, run: Int, stream: String, position: Int64, isOldest: Bool
  ) throws -> Int64 {
    try mirror.withLock {
      try $0.value.take(
        log: bytes, process: process, run: run, stream: stream, position: position, isOldest: isOldest)
    }
  }

  // MARK: Requests to the executor

  /// Asks the executor for something; it hears of it at once when it waits.
  @discardableResult
  func ask(_ kind: RemoteRequest.Kind) -> Int {
    let (number, waiter) = state.withLock { state in
      state.nextNumber += 1
      state.requests.append(RemoteRequest(number: state.nextNumber, kind: kind))
      return (state.nextNumber, state.waiter)
    }
    waiter?.yield()
    return number
  }

  /// Asks the executor to end its task; asked already, it is not asked again.
  func askToStop() {
    let isNew = state.withLock { state in
      defer { state.isStopAsked = true }
      return !state.isStopAsked
    }
    if isNew { ask(.stop(hastens: false)) }
  }

  /// The requests after a number; waits for the first one for a while.
  func requests(after number: Int, wait: Duration) async -> [RemoteRequest] {
    let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let (there, former) = state.withLock { state in
      // An earlier process has given that number, before the clock was set back: the numbers go on from there.
      if number > state.nextNumber {
        state.nextNumber = number
        for index in state.requests.indices {
          state.nextNumber += 1
          state.requests[index].number = state.nextNumber
        }
      }
      // What it names, it has taken.
      state.requests.removeAll { $0.number <= number }
      let former = state.waiter
      if state.requests.isEmpty { state.waiter = continuation }
      return (state.requests, former)
    }
    // A connection that was cut off may still wait.
    former?.finish()
    if !there.isEmpty { return there }
    let alarm = Task {
      try? await Task.sleep(for: wait)
      continuation.finish()
    }
    for await _ in stream { break }
    alarm.cancel()
    return state.withLock { $0.requests }
  }

  /// Asks and waits for the answer; nil when none comes in time.
  func answer(to kind: RemoteRequest.Kind, within time: Duration = .seconds(10)) async -> [UInt8]? {
    let (stream, continuation) = AsyncStream.makeStream(of: [UInt8].self)
    let number = ask(kind)
    state.withLock { $0.answers[number] = continuation }
    let alarm = Task {
      try? await Task.sleep(for: time)
      continuation.finish()
    }
    var answer: [UInt8]?
    for await bytes in stream {
      answer = bytes
      break
    }
    alarm.cancel()
    state.withLock { $0.answers[number] = nil }
    return answer
  }

  func answered(_ number: Int, _ bytes: [UInt8]) {
    state.withLock { $0.answers[number] }?.yield(bytes)
  }

  // MARK: Commands

  /// Starts a command beside the task.
  func command(_ command: [String], size: (columns: Int, rows: Int)?) throws -> RemoteCommandSession {
    let name = String(try Self.newToken().prefix(32))
    let session = RemoteCommandSession()
    state.withLock { state in
      state.commands = state.commands.filter { !$0.value.isOver }
      state.commands[name] = session
    }
    ask(.exec(session: name, command: command, columns: size?.columns, rows: size?.rows))
    return session
  }

  func session(_ name: String) -> RemoteCommandSession? { state.withLock { $0.commands[name] } }
}
