internal import Glibc

/// The terminal that is this process's standard input, in raw mode: each key arrives as it is pressed, none is shown or
/// acted upon (cfmakeraw(3)).
public final class RawTerminal: Sendable {
  private let former: termios

  /// Nil when standard input is not a terminal.
  public init?() {
    var settings = termios()
    guard tcgetattr(0, &settings) == 0 else { return nil }
    former = settings
    cfmakeraw(&settings)
    tcsetattr(0, TCSADRAIN, &settings)
  }

  /// Puts the terminal back as it was.
  public func restore() {
    var settings = former
    tcsetattr(0, TCSADRAIN, &settings)
  }

  deinit { restore() }

  /// Columns and rows of the terminal (TIOCGWINSZ, ioctl_tty(2)).
  public static var size: (columns: Int, rows: Int) {
    var size = winsize()
    guard ioctl(0, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return (80, 24) }
    return (Int(size.ws_col), Int(size.ws_row))
  }
}

/// The next bytes of standard input; empty at its end.
public func readStandardInput() -> [UInt8] {
  var bytes = [UInt8](repeating: 0, count: 1 << 14)
  while true {
    let count = bytes.withUnsafeMutableBytes { read(0, $0.baseAddress, $0.count) }
    if count < 0, systemErrno() == EINTR { continue }
    return Array(bytes.prefix(max(0, count)))
  }
}
