internal import Glibc
internal import SystemSupport

/// A connection for text: one thread opens it, writes, ends it and reads it to its end, and waits for the network for a
/// bounded time.
struct LineConnection: ~Copyable {
  private let descriptor: Int32
  private let place: String

  struct Failure: Error, Sendable, CustomStringConvertible {
    var description: String
  }

  /// - Parameter timeout: seconds that each step waits.
  init(host: String, port: String, timeout: Int) throws(Failure) {
    place = "\(host):\(port)"
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, port, &hints, &list)
    guard code == 0 else {
      throw Failure(description: "cannot find \(place): \(String(cString: gai_strerror(code)))")
    }
    defer { freeaddrinfo(list) }
    var problem = "it has no address"
    var entry = list
    while let address = entry?.pointee {
      entry = address.ai_next
      let candidate = socket(address.ai_family, address.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), 0)
      guard candidate >= 0 else {
        problem = String(cString: strerror(errno))
        continue
      }
      var limit = timeval(tv_sec: timeout, tv_usec: 0)
      for option in [SO_SNDTIMEO, SO_RCVTIMEO] {
        setsockopt(candidate, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
      }
      if connect(candidate, address.ai_addr, address.ai_addrlen) == 0 {
        descriptor = candidate
        return
      }
      problem = String(cString: strerror(errno))
      close(candidate)
    }
    throw Failure(description: "cannot connect to \(place): \(problem)")
  }

  deinit { close(descriptor) }

  func write(_ text: String) throws(Failure) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        throw Failure(description: "cannot write to \(place): \(String(cString: strerror(errno)))")
      }
      bytes = bytes.dropFirst(count)
    }
  }

  /// Ends the output, and returns the other side's answer until its end, at most `limit` bytes. Waits no longer than
  /// the timeout for a side that neither answers nor ends.
  func finish(limit: Int = 1 << 16) -> String {
    shutdown(descriptor, Int32(SHUT_WR))
    var answer: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while answer.count < limit {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      answer += buffer.prefix(count)
    }
    return String(decoding: answer, as: UTF8.self)
  }
}
