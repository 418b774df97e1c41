internal import Glibc

/// Ports of the IPv4 loopback address that nothing listens on at the moment.
public enum LoopbackPorts {
  /// Returns one free port.
  public static func free() throws -> Int { try free(1)[0] }

  /// Returns different free ports. Another program can take a port before the caller does.
  ///
  /// - Throws: ``LoopbackError`` where socket(2), bind(2) or getsockname(2) fails.
  public static func free(_ count: Int) throws -> [Int] {
    var sockets: [CInt] = []
    defer { for descriptor in sockets { close(descriptor) } }
    return try (0..<count).map { _ in
      let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      guard descriptor >= 0 else { throw LoopbackError(call: "socket", errno: errno) }
      sockets.append(descriptor)
      return try bind(descriptor)
    }
  }

  private static func bind(_ descriptor: CInt) throws -> Int {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    try withUnsafeMutablePointer(to: &address) { pointer in
      try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        guard Glibc.bind(descriptor, pointer, size) == 0 else { throw LoopbackError(call: "bind", errno: errno) }
        guard getsockname(descriptor, pointer, &size) == 0 else {
          throw LoopbackError(call: "getsockname", errno: errno)
        }
      }
    }
    return Int(UInt16(bigEndian: address.sin_port))
  }
}

/// A system call on a loopback socket that failed.
public struct LoopbackError: Error, CustomStringConvertible {
  public var call: String
  public var errno: CInt

  public var description: String { "\(call): \(String(cString: strerror(errno)))" }
}
