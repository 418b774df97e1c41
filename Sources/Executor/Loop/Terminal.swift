import CSystemShims
import Glibc

/// A terminal for a command in a sandbox, and the relay between it and the caller's standard input and output.
///
/// The caller's own terminal never reaches the sandbox: who has it could type into it.
final class Terminal {
  /// The end for the command.
  private(set) var commandEnd: OwnedDescriptor?
  private let own: OwnedDescriptor
  /// The former mode of the caller's terminal; nil if standard input is not a terminal.
  private var before: termios?

  init() throws(ExecutorError) {
    var rows: UInt16 = 24
    var columns: UInt16 = 80
    _ = kilt_terminal_size(STDIN_FILENO, &rows, &columns)
    var ends: [Int32] = [-1, -1]
    guard kilt_open_terminal(&ends, rows, columns) == 0 else { throw .last("posix_openpt", "/dev/ptmx") }
    own = OwnedDescriptor(ends[0])
    commandEnd = OwnedDescriptor(ends[1])
  }

  /// Passes bytes both ways until `hasEnded` and all output has been passed on. Every key goes to the command.
  func relay(children: ChildProcesses, hasEnded: () -> Bool) throws(ExecutorError) {
    commandEnd = nil
    let signals = try SignalPipe.install([SIGCHLD, SIGWINCH, SIGTERM, SIGHUP])
    makeRaw()
    defer { restore() }
    let loop = EventLoop()
    var isOpen = true
    var isAsked = false
    loop.watch(own.number) { [own] in
      // EIO: no process uses the terminal any more.
      guard let bytes = Pipe.readAvailable(own.number), !bytes.isEmpty else {
        loop.unwatch(own.number)
        isOpen = false
        return
      }
      Terminal.write(bytes, to: STDOUT_FILENO)
    }
    loop.watch(STDIN_FILENO) { [own] in
      guard let bytes = Pipe.readAvailable(STDIN_FILENO) else { return }
      // The end of the input is a key: Ctrl-D.
      if bytes.isEmpty { loop.unwatch(STDIN_FILENO) }
      Terminal.write(bytes.isEmpty ? [4] : bytes, to: own.number)
    }
    loop.watch(signals) { [own] in
      for number in Pipe.readAvailable(signals) ?? [] {
        switch Int32(number) {
        case SIGCHLD: children.reap()
        case SIGWINCH:
          var rows: UInt16 = 0
          var columns: UInt16 = 0
          if kilt_terminal_size(STDIN_FILENO, &rows, &columns) == 0 {
            _ = kilt_set_terminal_size(own.number, rows, columns)
          }
        default: isAsked = true
        }
      }
    }
    while !isAsked, !hasEnded() || isOpen {
      // After the end of the process, at most the terminal's present contents are left.
      loop.runOnce(until: hasEnded() ? Monotonic.now() + .milliseconds(100) : nil)
      if hasEnded() {
        var state = pollfd(fd: own.number, events: Int16(POLLIN), revents: 0)
        if poll(&state, 1, 0) <= 0 || state.revents & Int16(POLLIN) == 0 { isOpen = false }
      }
    }
  }

  private func makeRaw() {
    var settings = termios()
    guard tcgetattr(STDIN_FILENO, &settings) == 0 else { return }
    before = settings
    cfmakeraw(&settings)
    tcsetattr(STDIN_FILENO, TCSADRAIN, &settings)
  }

  private func restore() {
    if var before { tcsetattr(STDIN_FILENO, TCSADRAIN, &before) }
  }

  private static func write(_ bytes: [UInt8], to descriptor: Int32) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR || errno == EAGAIN { continue }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }
}
