internal import Glibc
internal import JSON
internal import SystemPackage
internal import SystemSupport

/// Why watchman gives no answer: it is then as if there were none.
enum WatchmanFailure: Error {
  case notThere
  /// It took too long.
  case late
  /// It answers that it can not do what was asked: a root that is not watched, a watch that is broken.
  case refused(String)
  case unreadable
}

/// A connection to a watchman server that is running, over its socket, in lines of JSON. It never starts one.
struct WatchmanConnection: ~Copyable {
  /// The process that listens, as the kernel says.
  let process: pid_t
  private let descriptor: CInt
  private let deadline: UInt64
  private static let largestAnswer = 1 << 28

  /// Connects to the server at a socket.
  ///
  /// - Parameter milliseconds: within which all is to be answered.
  /// - Throws: ``WatchmanFailure``: nothing listens there, or somebody else's program does.
  init(socket path: FilePath, milliseconds: Int) throws(WatchmanFailure) {
    deadline = monotonicNanoseconds() + UInt64(milliseconds) * 1_000_000
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.string.utf8)
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { throw .notThere }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    // Not blocking: a server that hangs may not even take connections.
    let file = Glibc.socket(
      AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue), 0)
    guard file >= 0 else { throw .notThere }
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(file, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    // Process, user and group (unix(7)).
    var peer: (pid: pid_t, user: uid_t, group: gid_t) = (0, 0, 0)
    var size = socklen_t(MemoryLayout.size(ofValue: peer))
    guard result == 0, getsockopt(file, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0, peer.user == geteuid(),
      peer.pid > 0
    else {
      Glibc.close(file)
      throw .notThere
    }
    descriptor = file
    process = peer.pid
  }

  deinit { Glibc.close(descriptor) }

  /// Asks one thing. A server of version 4 looks at the next question only after it has answered, so each waits for its own
  /// answer.
  ///
  /// - Throws: ``WatchmanFailure``.
  func ask(_ command: JSONValue) throws(WatchmanFailure) -> JSONValue {
    try send(command.bytes() + [UInt8(ascii: "\n")])
    let line = try receiveLine()
    // Names that are not UTF-8 are no files of the workspace, but what they lie in has changed.
    guard let answer = try? JSONValue(parsing: String(decoding: line, as: UTF8.self)) else { throw .unreadable }
    if let error = answer["error"]?.string { throw .refused(error) }
    return answer
  }

  private func send(_ bytes: [UInt8]) throws(WatchmanFailure) {
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
      }
      if count > 0 { sent += count } else { try wait(for: POLLOUT) }
    }
  }

  private func receiveLine() throws(WatchmanFailure) -> [UInt8] {
    var line: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while line.count < Self.largestAnswer {
      let count = buffer.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
      if count == 0 { throw .notThere }
      if count < 0 {
        try wait(for: POLLIN)
        continue
      }
      if let end = buffer[..<count].firstIndex(of: UInt8(ascii: "\n")) { return line + buffer[..<end] }
      line += buffer[..<count]
    }
    throw .unreadable
  }

  /// Waits until there is something to send or receive, after a call that would have had to wait.
  private func wait(for events: Int32) throws(WatchmanFailure) {
    guard errno == EAGAIN || errno == EINTR else { throw .notThere }
    let now = monotonicNanoseconds()
    guard now < deadline else { throw .late }
    var polled = pollfd(fd: descriptor, events: Int16(events), revents: 0)
    _ = poll(&polled, 1, CInt((deadline - now) / 1_000_000 + 1))
  }
}
