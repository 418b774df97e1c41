import Glibc

/// One output stream of a run that goes through the executor: to a file that is turned over, to the executor's own
/// output, or to both.
final class LogStream {
  let readEnd: Int32
  private var file: LogFile?
  private let console: Int32?

  init(readEnd: Int32, file: LogFile?, console: Int32?) {
    self.readEnd = readEnd
    self.file = file
    self.console = console
  }

  /// Passes on the available bytes; false at the end of the stream.
  func pass() -> Bool {
    guard let bytes = Pipe.readAvailable(readEnd) else { return true }
    if bytes.isEmpty { return false }
    file?.append(bytes)
    if let console { LogStream.write(bytes, ifReady: console) }
    return true
  }

  /// The maximum size of a file for the console's output; then it starts again.
  static let consoleLimit = 1 << 20

  /// Writes without waiting for the reader: an unread console must not stop the task.
  private static func write(_ bytes: [UInt8], ifReady descriptor: Int32) {
    var rest = bytes[...]
    var status = stat()
    // The executor's own log is on the host's disk, not on the task's.
    if fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size > Self.consoleLimit {
      ftruncate(descriptor, 0)
    }
    while !rest.isEmpty {
      var state = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      guard poll(&state, 1, 0) > 0, state.revents & Int16(POLLOUT) != 0 else { return }
      // A pipe that is ready accepts at least PIPE_BUF bytes without blocking (pipe(7)).
      let count = rest.prefix(4096).withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }

  func close() {
    Glibc.close(readEnd)
    file?.close()
  }
}
