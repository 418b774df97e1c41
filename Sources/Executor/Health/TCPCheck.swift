import Glibc

/// One connection to a port on this machine's loopback.
enum TCPCheck {
  /// The problem, or nil. Blocks for the timeout at most.
  static func problem(port: Int, timeout: Duration) -> String? {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return "no socket: \(errorText(errno))" }
    defer { close(descriptor) }
    Pipe.setNonBlocking(descriptor)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let code = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    if code == 0 { return nil }
    guard errno == EINPROGRESS else { return "no connection to port \(port): \(errorText(errno))" }
    var state = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    guard poll(&state, 1, Int32(clamping: max(timeout.wholeMilliseconds, 1))) > 0 else {
      return "no connection to port \(port) within \(timeout.wholeMilliseconds) ms"
    }
    var failure: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &length) == 0, failure == 0 else {
      return "no connection to port \(port): \(errorText(failure))"
    }
    return nil
  }
}
