internal import CSystemShims
internal import Glibc
internal import Synchronization

/// A running program that exchanges lines: requests go to its standard input, answers come from its standard output.
///
/// It leads its own session, so that a key pressed in this process's terminal does not reach it. It must end when its
/// input ends. One thread exchanges lines; any thread can close the input.
public final class ConversingProcess: Sendable {
  public let pid: Int32
  private let output: CInt
  private let input: Mutex<CInt>
  private let buffer = Mutex<[UInt8]>([])

  /// The answer, or the event that came in its place.
  public enum Answer: Sendable, Hashable {
    /// A line without its end.
    case line([UInt8])
    /// The output has ended: so has, as a rule, the program.
    case ended
    /// The deadline has passed.
    case late
  }

  /// Starts a program.
  ///
  /// - Parameter errorOutput: where its standard error goes; the caller's to close.
  public init(_ command: Subprocess, errorOutput: FileDescriptor) throws(SystemCallError) {
    let name = FilePath(command.executable)
    guard let program = Subprocess.find(command.executable, environment: command.environment) else {
      throw SystemCallError("posix_spawn", name, .noSuchFileOrDirectory)
    }
    var ends: [CInt] = [-1, -1, -1, -1]
    let made = ends.withUnsafeMutableBufferPointer { buffer -> Bool in
      guard let base = buffer.baseAddress else { return false }
      return kilt_pipe_cloexec(base) == 0 && kilt_pipe_cloexec(base + 2) == 0
    }
    guard made else {
      let error = SystemCallError.current("pipe2")
      for descriptor in ends where descriptor >= 0 { Glibc.close(descriptor) }
      throw error
    }
    // Writing to a program that has ended must give EPIPE, not end this process.
    signal(SIGPIPE, SIG_IGN)
    var options = kilt_spawn_options(
      standard_input: ends[0], standard_output: ends[3], standard_error: errorOutput.rawValue, working_directory: nil,
      new_session: 1)
    var pid: pid_t = 0
    let result = withCStrings([program.string] + command.arguments) { arguments in
      withCStrings(command.environment) { environment in
        kilt_spawn(&pid, arguments[0], arguments, environment, &options)
      }
    }
    Glibc.close(ends[0])
    Glibc.close(ends[3])
    guard result == 0 else {
      Glibc.close(ends[1])
      Glibc.close(ends[2])
      throw SystemCallError("posix_spawn", name, Errno(rawValue: result))
    }
    self.pid = pid
    input = Mutex(ends[1])
    output = ends[2]
  }

  /// Sends a line. `EPIPE` when the program does not read any more, or the input was closed.
  public func send(line: String) throws(SystemCallError) {
    let outcome = input.withLock { input -> Result<Void, SystemCallError> in
      guard input >= 0 else { return .failure(SystemCallError("write", nil, .brokenPipe)) }
      do throws(SystemCallError) {
        return .success(try FileSystem.write(Array((line + "\n").utf8), to: FileDescriptor(rawValue: input)))
      } catch {
        return .failure(error)
      }
    }
    try outcome.get()
  }

  /// The next line of its output.
  ///
  /// - Parameter deadline: of ``monotonicNanoseconds()``; nil waits as long as the program lives.
  public func receive(before deadline: UInt64? = nil) throws(SystemCallError) -> Answer {
    while true {
      let line = buffer.withLock { buffer -> [UInt8]? in
        guard let end = buffer.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let line = Array(buffer[..<end])
        buffer.removeSubrange(...end)
        return line
      }
      if let line { return .line(line) }
      var wait: CInt = -1
      if let deadline {
        let now = monotonicNanoseconds()
        wait = deadline <= now ? 0 : CInt(clamping: (deadline - now) / 1_000_000 + 1)
      }
      var polled = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
      let ready = poll(&polled, 1, wait)
      if ready < 0, systemErrno() != EINTR { throw .current("poll") }
      if ready == 0 { return .late }
      guard ready > 0 else { continue }
      var count = 0
      let chunk = [UInt8](unsafeUninitializedCapacity: 65536) { target, initialized in
        count = Glibc.read(output, target.baseAddress, target.count)
        initialized = max(0, count)
      }
      if count == 0 { return .ended }
      if count < 0, systemErrno() != EINTR { throw .current("read") }
      buffer.withLock { $0.append(contentsOf: chunk) }
    }
  }

  /// Closes its input, which asks it to end.
  public func closeInput() {
    input.withLock { input in
      if input >= 0 { Glibc.close(input) }
      input = -1
    }
  }

  /// Closes its input and waits for its end; after `milliseconds` its session is killed. Called once.
  @discardableResult
  public func end(within milliseconds: Int) -> Subprocess.Termination {
    closeInput()
    let descriptor = kilt_pidfd_open(pid)
    if descriptor >= 0 {
      let deadline = monotonicNanoseconds() + UInt64(milliseconds) * 1_000_000
      while true {
        let now = monotonicNanoseconds()
        var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        let ready = poll(&polled, 1, deadline <= now ? 0 : CInt(clamping: (deadline - now) / 1_000_000 + 1))
        if ready < 0, systemErrno() == EINTR { continue }
        if ready == 0 { kill(-pid, SIGKILL) }
        break
      }
      Glibc.close(descriptor)
    }
    var status: CInt = 0
    while waitpid(pid, &status, 0) < 0, systemErrno() == EINTR {}
    Glibc.close(output)
    return status & 0x7F == 0 ? .exited((status >> 8) & 0xFF) : .signaled(status & 0x7F)
  }
}
