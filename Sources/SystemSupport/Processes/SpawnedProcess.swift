internal import CSystemShims
internal import Glibc

/// A started child with, when capturing, our ends of its pipes (-1 where there is none).
struct SpawnedProcess: ~Copyable {
  let pid: pid_t
  private let name: FilePath
  private let input: [UInt8]
  private var inputPipe: CInt = -1
  private var outputPipe: CInt = -1
  private var errorPipe: CInt = -1

  init(_ command: Subprocess, capturing: Bool) throws(SystemCallError) {
    let name = FilePath(command.executable)
    guard let program = Subprocess.find(command.executable, environment: command.environment) else {
      throw SystemCallError("posix_spawn", name, .noSuchFileOrDirectory)
    }
    var ours: [CInt] = []
    var theirs: [CInt] = capturing ? [-1, -1, -1] : [0, 1, 2]
    if capturing {
      ours = [-1, -1, -1]
      for stream in (command.input == nil ? 1 : 0)...2 {
        var ends: [CInt] = [-1, -1]
        if kilt_pipe_cloexec(&ends) != 0 {
          let error = SystemCallError.current("pipe2")
          Self.close(ours + theirs)
          throw error
        }
        (theirs[stream], ours[stream]) = stream == 0 ? (ends[0], ends[1]) : (ends[1], ends[0])
      }
    }
    var options = kilt_spawn_options(
      standard_input: theirs[0], standard_output: theirs[1], standard_error: theirs[2], working_directory: nil,
      new_session: capturing ? 1 : 0)
    var pid: pid_t = 0
    let result = withCStrings([program.string] + command.arguments) { arguments in
      withCStrings(command.environment) { environment in
        guard let directory = command.workingDirectory else {
          return kilt_spawn(&pid, arguments[0], arguments, environment, &options)
        }
        return directory.withPlatformString { directory in
          options.working_directory = directory
          return kilt_spawn(&pid, arguments[0], arguments, environment, &options)
        }
      }
    }
    if capturing { Self.close(theirs) }
    if result != 0 {
      Self.close(ours)
      throw SystemCallError("posix_spawn", name, Errno(rawValue: result))
    }
    self.pid = pid
    self.name = name
    input = command.input ?? []
    if capturing { (inputPipe, outputPipe, errorPipe) = (ours[0], ours[1], ours[2]) }
  }

  /// Feeds the input, reads both outputs to their ends, and reaps the child.
  mutating func collect(
    limit: Int, deadlineMilliseconds: Int?, cancellation: ProcessCancellation? = nil
  ) throws(SystemCallError) -> Subprocess.Outcome {
    defer { cancellation?.end(pid) }
    defer { Self.close([inputPipe, outputPipe, errorPipe]) }
    // Writing to a child that has closed its input must give EPIPE, not end this process.
    signal(SIGPIPE, SIG_IGN)
    if inputPipe >= 0 { _ = fcntl(inputPipe, F_SETFL, O_NONBLOCK) }
    var deadline = Deadline(milliseconds: deadlineMilliseconds, session: pid)
    var outcome = Subprocess.Outcome(termination: .timedOut, output: [], errorOutput: [])
    var written = 0
    while outputPipe >= 0 || errorPipe >= 0 || inputPipe >= 0 {
      var polled = [
        pollfd(fd: inputPipe, events: Int16(POLLOUT), revents: 0),
        pollfd(fd: outputPipe, events: Int16(POLLIN), revents: 0),
        pollfd(fd: errorPipe, events: Int16(POLLIN), revents: 0),
      ]
      let ready = poll(&polled, nfds_t(polled.count), deadline.remainingMilliseconds)
      if ready < 0, systemErrno() != EINTR { throw .current("poll") }
      // Killed, and still somebody outside the session holds the pipes open: leave them.
      if ready == 0, deadline.expire() == .givenUp { break }
      if ready <= 0 { continue }
      if polled[0].revents != 0, !feed(&written) { Self.end(&inputPipe) }
      if polled[1].revents != 0, !Self.drain(outputPipe, into: &outcome.output, limit: limit) { Self.end(&outputPipe) }
      if polled[2].revents != 0, !Self.drain(errorPipe, into: &outcome.errorOutput, limit: limit) {
        Self.end(&errorPipe)
      }
    }
    let termination = try waitUntil(&deadline, cancellation)
    if !deadline.hasExpired { outcome.termination = termination }
    return outcome
  }

  /// Waits for the child's end without a deadline.
  func wait() throws(SystemCallError) -> Subprocess.Termination {
    var status: CInt = 0
    try retryingOnInterrupt("waitpid", name) { waitpid(pid, &status, 0) }
    // WIFEXITED, WEXITSTATUS and WTERMSIG of wait(2), which are macros.
    return status & 0x7F == 0 ? .exited((status >> 8) & 0xFF) : .signaled(status & 0x7F)
  }

  /// A child can close its outputs and continue to run: the deadline still applies.
  private func waitUntil(
    _ deadline: inout Deadline, _ cancellation: ProcessCancellation?
  ) throws(SystemCallError) -> Subprocess.Termination {
    let descriptor = kilt_pidfd_open(pid)
    defer { Self.close([descriptor]) }
    while descriptor >= 0 {
      var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let ready = poll(&polled, 1, deadline.remainingMilliseconds)
      if ready > 0 { break }
      if ready == 0 { _ = deadline.expire() }
      if ready < 0, systemErrno() != EINTR { break }
    }
    cancellation?.end(pid)
    return try wait()
  }

  private mutating func feed(_ written: inout Int) -> Bool {
    let count = input.withUnsafeBytes { buffer in
      Glibc.write(inputPipe, buffer.baseAddress.map { $0 + written }, buffer.count - written)
    }
    if count < 0 { return systemErrno() == EAGAIN || systemErrno() == EINTR }
    written += count
    return written < input.count
  }

  private static func drain(_ descriptor: CInt, into bytes: inout [UInt8], limit: Int) -> Bool {
    var count = 0
    let chunk = [UInt8](unsafeUninitializedCapacity: 65536) { buffer, initialized in
      count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
      initialized = max(0, count)
    }
    if count < 0 { return systemErrno() == EINTR || systemErrno() == EAGAIN }
    bytes.append(contentsOf: chunk.prefix(max(0, limit - bytes.count)))
    return count > 0
  }

  private static func close(_ descriptors: [CInt]) {
    for descriptor in descriptors where descriptor >= 0 { Glibc.close(descriptor) }
  }

  private static func end(_ descriptor: inout CInt) {
    Glibc.close(descriptor)
    descriptor = -1
  }
}

/// The deadline of a child: SIGTERM to its session when it passes, SIGKILL two seconds later.
private struct Deadline {
  enum Step { case waiting, terminated, killed, givenUp }
  private var next: UInt64?
  private var step = Step.waiting
  private let session: pid_t

  init(milliseconds: Int?, session: pid_t) {
    next = milliseconds.map { monotonicNanoseconds() + UInt64($0) * 1_000_000 }
    self.session = session
  }

  var hasExpired: Bool { step != .waiting }

  /// For poll(2): -1 without a deadline.
  var remainingMilliseconds: CInt {
    guard let next else { return -1 }
    let now = monotonicNanoseconds()
    return next <= now ? 0 : CInt(clamping: (next - now) / 1_000_000 + 1)
  }

  /// Takes the next step if its time has come.
  mutating func expire() -> Step {
    guard let next, next <= monotonicNanoseconds() else { return step }
    switch step {
    case .waiting:
      step = .terminated
      kill(-session, SIGTERM)
    case .terminated:
      step = .killed
      kill(-session, SIGKILL)
    case .killed, .givenUp: step = .givenUp
    }
    self.next = monotonicNanoseconds() + 2_000_000_000
    return step
  }
}
