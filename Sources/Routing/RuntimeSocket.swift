internal import Glibc
public import SystemSupport

/// A Unix socket of HAProxy that answers one request per connection: the runtime API, or the master's command line.
public struct RuntimeSocket: Sendable {
  public let path: String
  /// The time limit for HAProxy's answer.
  private let patience: Int

  public init(_ path: String, patienceSeconds: Int = 10) {
    self.path = path
    patience = patienceSeconds
  }

  /// The longest path that the kernel accepts, without the suffix that HAProxy adds while it binds.
  public static let longestPath = 90

  /// Sends commands, and returns everything that HAProxy answers.
  ///
  /// - Throws: `SystemCallError` if HAProxy cannot be reached or does not answer in time.
  public func ask(_ command: String) throws(SystemCallError) -> String {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw failure("socket") }
    defer { close(descriptor) }
    var time = timeval(tv_sec: patience, tv_usec: 0)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      setsockopt(descriptor, SOL_SOCKET, option, &time, socklen_t(MemoryLayout<timeval>.size))
    }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
      throw SystemCallError("connect", FilePath(path), .fileNameTooLong)
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let connected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard connected == 0 else { throw failure("connect") }
    var rest = Array((command + "\n").utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw failure("send") }
      rest = rest.dropFirst(count)
    }
    // The master answers once it has seen the end of the request.
    Glibc.shutdown(descriptor, Int32(SHUT_WR))
    var answer: [UInt8] = []
    while true {
      var count = 0
      let piece = [UInt8](unsafeUninitializedCapacity: 65536) { buffer, filled in
        count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
        filled = max(0, count)
      }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw failure("recv") }
      if count == 0 { return String(decoding: answer, as: UTF8.self) }
      answer += piece
    }
  }

  private func failure(_ call: String) -> SystemCallError {
    SystemCallError(call, FilePath(path), Errno(rawValue: errno))
  }
}
