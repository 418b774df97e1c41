internal import Diagnostics
internal import Glibc
internal import JobModel
public import Pipelines
public import SystemSupport

/// Runs a pipeline on this machine, without a scheduler: each attempt is a session of OS processes, and every change is
/// in the store before it is acted upon.
public final class LocalRunner {
  /// Something that people want to see.
  public enum Event: Sendable {
    case launched(AttemptKey)
    case ended(AttemptKey, StepAttempt)
    case interrupted
  }

  public private(set) var run: PipelineRun
  private let store: PipelineStore
  private let state: FilePath
  private let artifact: FilePath?
  private let lock: FileLock
  private var processes: [AttemptKey: AttemptProcess] = [:]
  private var lookAtHeartbeats: UInt64 = 0
  private let show: (Event, PipelineRun) -> Void

  /// How long an attempt that was asked to end has until it is killed.
  static let grace: UInt64 = 10_000_000_000

  /// Takes a run that is in the store.
  ///
  /// - Parameters:
  ///   - run: as the store has it.
  ///   - state: the directory of the store.
  ///   - artifact: the bundle that steps find in `KILT_ARTIFACT`.
  /// - Throws: when another process runs it.
  public init(
    _ run: PipelineRun, store: PipelineStore, state: FilePath, artifact: FilePath?,
    show: @escaping (Event, PipelineRun) -> Void
  ) throws {
    self.run = run
    self.store = store
    self.state = state
    self.artifact = artifact
    self.show = show
    let directory = state.appending(run.id)
    try FileSystem.createDirectories(directory)
    guard let lock = try FileLock.attempt(directory.appending("lock")) else {
      throw Diagnostic(
        .input, "another process runs \(run.id)", remedies: ["wait for its end, or end it with Ctrl-C"])
    }
    self.lock = lock
  }

  /// Runs to the end. Ctrl-C cancels; a second one ends attempts at once.
  public func runToEnd() throws {
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGINT, SIGTERM, SIGCHLD] { sigaddset(&signals, number) }
    var former = sigset_t()
    pthread_sigmask(SIG_BLOCK, &signals, &former)
    defer { pthread_sigmask(SIG_SETMASK, &former, nil) }
    // What an earlier process has left: attempts that it saw no end of.
    for key in run.activeKeys { try settleLeftover(key) }
    if run.status == .failed || run.status == .cancelled { try take(.retry) }
    let begun = run.begin(at: now)
    try carryOut(begun)
    while !run.status.isTerminal {
      wait(for: &signals)
      try collect()
      try lookForHeartbeats()
      if let due = run.nextDeadline, due <= now { try take(.tick) }
      let time = monotonicNanoseconds()
      for process in processes.values where process.killAt.map({ $0 <= time }) ?? false { process.signal(SIGKILL) }
    }
  }

  private var now: Timestamp { Timestamp(milliseconds: wallClockNanoseconds() / 1_000_000) }

  /// Waits for the end of a process, a signal, or the next deadline.
  private func wait(for signals: inout sigset_t) {
    var pause: Int64 = processes.isEmpty ? 1000 : 200
    if let due = run.nextDeadline { pause = min(pause, max(1, (due - now).milliseconds)) }
    var time = timespec(tv_sec: Int(pause / 1000), tv_nsec: Int(pause % 1000) * 1_000_000)
    var information = siginfo_t()
    let number = sigtimedwait(&signals, &information, &time)
    guard number == SIGINT || number == SIGTERM else { return }
    interruptions += 1
  }

  private var interruptions = 0
  private var handledInterruptions = 0

  private func collect() throws {
    for (key, process) in processes.sorted(by: { $0.key < $1.key }) {
      guard let code = process.reap() else { continue }
      processes[key] = nil
      try end(key, try process.directory.end(exitCode: code))
    }
    guard interruptions > handledInterruptions else { return }
    handledInterruptions = interruptions
    show(.interrupted, run)
    if interruptions == 1 { try take(.cancel) } else { for process in processes.values { process.signal(SIGKILL) } }
  }

  private func end(_ key: AttemptKey, _ end: AttemptEnd) throws {
    let outcome = run.apply(.ended(key, end), at: now)
    try store.write(run, outcome)
    if let attempt = outcome.attempts[key] { show(.ended(key, attempt), run) }
    try launch(outcome)
  }

  private func take(_ input: PipelineInput) throws {
    let outcome = run.apply(input, at: now)
    try carryOut(outcome)
  }

  private func carryOut(_ outcome: PipelineOutcome) throws {
    try store.write(run, outcome)
    try launch(outcome)
  }

  private func launch(_ outcome: PipelineOutcome) throws {
    for effect in outcome.effects {
      switch effect {
      case .launch(let key): try launch(key)
      case .end(let key):
        processes[key]?.signal(SIGTERM)
        processes[key]?.killAt = monotonicNanoseconds() + Self.grace
      }
    }
  }

  private func launch(_ key: AttemptKey) throws {
    guard let contract = StepContract(run, key) else { return }
    let step = run.definition.steps[key.partition.step]
    show(.launched(key), run)
    do {
      processes[key] = try AttemptProcess(
        AttemptDirectory(state, run, key), command: step.command, contract: contract, environment: step.environment,
        artifact: artifact)
    } catch let error as SystemCallError {
      // A shortage of this machine is not the step's failure: the attempt did not begin.
      let outcome = run.apply(.ended(key, .lost(message: "cannot start: \(error)")), at: now)
      try store.write(run, outcome)
      for process in processes.values { process.signal(SIGTERM) }
      throw Diagnostic(
        .environment, "cannot start an attempt of step \"\(step.name)\": \(error)",
        remedies: ["run `kilt pipeline retry \(run.id)` when the cause is gone"])
    }
  }

  private func settleLeftover(_ key: AttemptKey) throws {
    let directory = AttemptDirectory(state, run, key)
    try LeftoverProcesses.end(directory)
    let end = try directory.recordedEnd()
    try self.end(key, end ?? .lost(message: "kilt ended before the attempt did"))
  }

  private func lookForHeartbeats() throws {
    let time = monotonicNanoseconds()
    guard time >= lookAtHeartbeats else { return }
    lookAtHeartbeats = time + 200_000_000
    for (key, process) in processes where run.definition.steps[key.partition.step].heartbeat != nil {
      guard FileSystem.exists(process.directory.heartbeat) else { continue }
      let changed = try FileSystem.status(of: process.directory.heartbeat, followingLinks: false)
        .modificationTime
      try take(.heartbeat(key, at: min(now, Timestamp(milliseconds: changed / 1_000_000))))
    }
  }
}

extension LocalRunner {
  /// The directory with the files of one attempt: `log`, `input.json`, `output.json`.
  public static func directory(state: FilePath, _ run: PipelineRun, _ key: AttemptKey) -> FilePath {
    AttemptDirectory(state, run, key).path
  }
}
