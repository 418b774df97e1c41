internal import Glibc
internal import SystemSupport

/// TCP ports that something on this host listens on.
///
/// Asks the kernel for listening sockets alone (sock_diag(7)): `/proc/net/tcp` walks the table of all connections, which
/// costs 20 ms on a machine with much memory, and is read only where the kernel does not answer.
enum ListeningPorts {
  static func all() throws(SystemCallError) -> Set<Int> {
    do {
      return try diagnosed(UInt8(AF_INET)).union(try diagnosed(UInt8(AF_INET6)))
    } catch {
      return try listed()
    }
  }

  // MARK: sock_diag(7)

  private static let family = CInt(16)  // AF_NETLINK
  private static let `protocol` = CInt(4)  // NETLINK_SOCK_DIAG
  private static let listening = UInt32(1 << 10)  // TCP_LISTEN

  /// Ports of sockets of an address family that listen.
  static func diagnosed(_ addressFamily: UInt8) throws(SystemCallError) -> Set<Int> {
    let socket = Glibc.socket(family, CInt(SOCK_RAW.rawValue) | CInt(SOCK_CLOEXEC.rawValue), `protocol`)
    guard socket >= 0 else { throw .netlink("socket", errno) }
    defer { close(socket) }
    // A kernel that never answers must not hold the scheduler.
    var patience = timeval(tv_sec: 1, tv_usec: 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    let request = request(addressFamily)
    guard send(socket, request, request.count, 0) == request.count else { throw .netlink("send", errno) }
    var ports: Set<Int> = []
    var buffer = [UInt8](repeating: 0, count: 1 << 15)
    while true {
      let count = recv(socket, &buffer, buffer.count, 0)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw .netlink("recv", count < 0 ? errno : EIO) }
      if try take(buffer[..<count], into: &ports) { return ports }
    }
  }

  /// A `nlmsghdr` with an `inet_diag_req_v2` that asks for every listening TCP socket.
  private static func request(_ addressFamily: UInt8) -> [UInt8] {
    let (byFamily, dump, size) = (UInt16(20), UInt16(0x301), UInt32(72))
    var bytes = [UInt8](repeating: 0, count: Int(size))
    bytes.withUnsafeMutableBytes { bytes in
      bytes.storeBytes(of: size, as: UInt32.self)
      bytes.storeBytes(of: byFamily, toByteOffset: 4, as: UInt16.self)
      bytes.storeBytes(of: dump, toByteOffset: 6, as: UInt16.self)
      bytes[16] = addressFamily
      bytes[17] = UInt8(IPPROTO_TCP)
      bytes.storeBytes(of: listening, toByteOffset: 20, as: UInt32.self)
    }
    return bytes
  }

  /// Reads the messages of one datagram; true if it contains the end of the answer.
  static func take(_ bytes: ArraySlice<UInt8>, into ports: inout Set<Int>) throws(SystemCallError) -> Bool {
    var rest = bytes
    while rest.count >= 16 {
      let (length, type) = rest.withUnsafeBytes {
        (Int($0.loadUnaligned(as: UInt32.self)), $0.loadUnaligned(fromByteOffset: 4, as: UInt16.self))
      }
      guard length >= 16, length <= rest.count else { throw .netlink("recv", EBADMSG) }
      switch type {
      case 2: throw .netlink("recv", EPROTO)  // NLMSG_ERROR
      case 3: return true  // NLMSG_DONE
      case 20 where length >= 22:
        // The source port of `inet_diag_msg`, in network order.
        let start = rest.startIndex + 20
        ports.insert(Int(rest[start]) << 8 | Int(rest[start + 1]))
      default: break
      }
      rest = rest.dropFirst((length + 3) & ~3)
    }
    return false
  }

  // MARK: proc(5)

  /// The same from `/proc/net/tcp`, where state 0A is LISTEN.
  static func listed() throws(SystemCallError) -> Set<Int> {
    var ports: Set<Int> = []
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] where FileSystem.exists(FilePath(table)) {
      for line in try FileSystem.readText(FilePath(table)).split(separator: "\n").dropFirst() {
        let fields = line.split(separator: " ")
        guard fields.count > 3, fields[3] == "0A", let port = fields[1].split(separator: ":").last else { continue }
        if let number = Int(port, radix: 16) { ports.insert(number) }
      }
    }
    return ports
  }
}

extension SystemCallError {
  fileprivate static func netlink(_ call: String, _ code: CInt) -> SystemCallError {
    SystemCallError(call, "netlink", Errno(rawValue: code))
  }
}
