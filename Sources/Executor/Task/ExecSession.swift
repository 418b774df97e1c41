import Glibc
import Synchronization
package import SystemSupport

/// One command that runs in an instance's sandbox for a client: `kilt-executor exec` with pipes, or with a terminal.
///
/// The output is read piece by piece, as fast as the client reads it: a command that writes faster waits. The command
/// ends when its client leaves.
package final class ExecSession: Sendable {
  /// A piece of what the command does.
  package enum Frame: Sendable {
    case output([UInt8])
    case error([UInt8])
    /// The exit code; 128 and the number for a signal.
    case end(Int32)

    /// A byte for the kind, four for the length (most significant first), and the bytes.
    package var bytes: [UInt8] {
      let (kind, content): (UInt8, [UInt8]) =
        switch self {
        case .output(let bytes): (1, bytes)
        case .error(let bytes): (2, bytes)
        case .end(let code): (3, Array(String(code).utf8))
        }
      let length = UInt32(content.count)
      return [kind] + (0..<4).reversed().map { UInt8(truncatingIfNeeded: length >> ($0 * 8)) } + content
    }

    /// Reads frames one after the other; what is not whole ends them.
    package static func parse(_ bytes: [UInt8]) -> [Frame] {
      var frames: [Frame] = []
      var rest = bytes[...]
      while rest.count >= 5, let kind = rest.first {
        let length = rest.dropFirst().prefix(4).reduce(0) { $0 << 8 | Int($1) }
        let content = rest.dropFirst(5).prefix(length)
        guard content.count == length else { break }
        rest = rest.dropFirst(5 + length)
        switch kind {
        case 1: frames.append(.output(Array(content)))
        case 2: frames.append(.error(Array(content)))
        case 3: frames.append(.end(Int32(String(decoding: content, as: UTF8.self)) ?? 126))
        default: break
        }
      }
      return frames
    }
  }

  private struct State {
    var input: FileDescriptor?
    var output: FileDescriptor?
    var error: FileDescriptor?
    var terminal: PseudoTerminal?
    var exitCode: Int32?
  }

  private let pid: pid_t
  private let state: Mutex<State>

  /// Starts the command.
  ///
  /// - Parameter size: columns and rows of the client's terminal; nil for pipes.
  package init(executor: FilePath, task directory: FilePath, command: [String], size: (columns: Int, rows: Int)?) throws
  {
    let arguments =
      ["exec"] + (size == nil ? [] : ["--terminal"]) + ["--task-directory", directory.string, "--"] + command
    if let size {
      let terminal = try PseudoTerminal(columns: size.columns, rows: size.rows)
      defer { FileSystem.close(terminal.terminal) }
      do {
        pid = try ForeignChildren.start { () throws(SystemCallError) in
          try spawnAttached(
            executor, arguments, input: terminal.terminal, output: terminal.terminal, error: terminal.terminal,
            newSession: true)
        }
      } catch {
        FileSystem.close(terminal.control)
        throw error
      }
      state = Mutex(State(input: terminal.control, output: terminal.control, terminal: terminal))
      return
    }
    var ends: [FileDescriptor] = []
    do {
      for _ in 0..<3 {
        let (reading, writing) = try makePipe()
        ends += [reading, writing]
      }
      let (input, output, error) = (ends[0], ends[3], ends[5])
      pid = try ForeignChildren.start { () throws(SystemCallError) in
        try spawnAttached(executor, arguments, input: input, output: output, error: error, newSession: true)
      }
    } catch {
      ends.forEach(FileSystem.close)
      throw error
    }
    for end in [ends[0], ends[3], ends[5]] { FileSystem.close(end) }
    for end in [ends[1], ends[2], ends[4]] { _ = fcntl(end.rawValue, F_SETFL, O_NONBLOCK) }
    state = Mutex(State(input: ends[1], output: ends[2], error: ends[4]))
  }

  deinit { end() }

  /// What there is now; empty when the command has written nothing.
  package func read() -> [Frame] {
    state.withLock { state in
      var frames: [Frame] = []
      if state.exitCode == nil { state.exitCode = Self.reap(pid) }
      // Checked first: its last output is then read before its end is reported.
      if let bytes = Self.read(&state.output) { frames.append(.output(bytes)) }
      if let bytes = Self.read(&state.error) { frames.append(.error(bytes)) }
      if frames.isEmpty, let code = state.exitCode { frames.append(.end(code)) }
      return frames
    }
  }

  private static func read(_ descriptor: inout FileDescriptor?) -> [UInt8]? {
    guard let file = descriptor else { return nil }
    var bytes = [UInt8](repeating: 0, count: 1 << 15)
    let count = bytes.withUnsafeMutableBytes { Glibc.read(file.rawValue, $0.baseAddress, $0.count) }
    return count > 0 ? Array(bytes.prefix(count)) : nil
  }

  private static func reap(_ pid: pid_t) -> Int32? {
    var status: CInt = 0
    let ended = waitpid(pid, &status, WNOHANG)
    if ended < 0, errno == ECHILD {
      // The first process of a container reaps everything.
      guard let kept = ForeignChildren.takeStatus(of: pid) else { return nil }
      status = kept
    } else if ended != pid {
      return nil
    } else {
      ForeignChildren.forget(pid)
    }
    return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
  }

  /// Hands bytes to the command's standard input; returns how many it took now.
  package func write(_ bytes: some Collection<UInt8>) -> Int {
    state.withLock { state in
      guard let input = state.input else { return bytes.count }
      let count = Array(bytes).withUnsafeBytes { Glibc.write(input.rawValue, $0.baseAddress, $0.count) }
      if count >= 0 { return count }
      // A command that has closed its input accepts no more: the rest is dropped.
      return errno == EAGAIN ? 0 : bytes.count
    }
  }

  /// Ends the command's standard input.
  package func closeInput() {
    state.withLock { state in
      guard let input = state.input else { return }
      if state.terminal != nil {
        // End of file on a terminal is a character (VEOF, termios(3)).
        var end: UInt8 = 4
        _ = Glibc.write(input.rawValue, &end, 1)
      } else {
        FileSystem.close(input)
        state.input = nil
      }
    }
  }

  package func resize(columns: Int, rows: Int) { state.withLock { $0.terminal?.resize(columns: columns, rows: rows) } }

  /// Ends the command and all that it started in its session, and closes its streams.
  package func end() {
    state.withLock { state in
      if state.exitCode == nil {
        Glibc.kill(-pid, SIGHUP)
        Glibc.kill(pid, SIGKILL)
        var status: CInt = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        ForeignChildren.forget(pid)
        state.exitCode = 137
      }
      let files = Set([state.input, state.output, state.error].compactMap(\.self).map(\.rawValue))
      for file in files { FileSystem.close(FileDescriptor(rawValue: file)) }
      (state.input, state.output, state.error, state.terminal) = (nil, nil, nil, nil)
    }
  }
}
