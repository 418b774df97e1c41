internal import CSystemShims
internal import Glibc

/// A pseudoterminal (pty(7)): the control side reads the output of a program on the terminal side, and the reverse.
public struct PseudoTerminal: Sendable {
  /// The side that represents the user. Close-on-exec, non-blocking.
  public let control: FileDescriptor
  /// The side that is the program's terminal. Close-on-exec; not this process's controlling terminal.
  public let terminal: FileDescriptor

  /// A pair of the given size, in characters.
  public init(columns: Int, rows: Int) throws(SystemCallError) {
    var ends: [CInt] = [-1, -1]
    guard kilt_open_terminal(&ends, UInt16(clamping: rows), UInt16(clamping: columns)) == 0 else {
      throw .current("posix_openpt")
    }
    _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
    control = FileDescriptor(rawValue: ends[0])
    terminal = FileDescriptor(rawValue: ends[1])
  }

  /// Tells the program's terminal its size: the program gets SIGWINCH when it differs.
  public func resize(columns: Int, rows: Int) {
    var size = winsize()
    size.ws_col = UInt16(clamping: columns)
    size.ws_row = UInt16(clamping: rows)
    _ = ioctl(control.rawValue, UInt(TIOCSWINSZ), &size)
  }
}

/// A pipe; both ends are close-on-exec.
public func makePipe() throws(SystemCallError) -> (reading: FileDescriptor, writing: FileDescriptor) {
  var ends: [CInt] = [0, 0]
  guard kilt_pipe_cloexec(&ends) == 0 else { throw .current("pipe2") }
  return (FileDescriptor(rawValue: ends[0]), FileDescriptor(rawValue: ends[1]))
}
