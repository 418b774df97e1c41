import Glibc
public import SystemSupport

/// Local TCP ports of this host's sockets, by the state of the sockets.
///
/// Asks the kernel for the sockets of some states alone (sock_diag(7)): `/proc/net/tcp` walks the table of all connections,
/// which costs 20 ms on a machine with much memory, and is read only where the kernel does not answer.
public enum TCPPorts {
  /// The ports that something listens on.
  public static func listening() throws(SystemCallError) -> Set<Int> { try all(in: listeningStates) }

  /// The local ports of connections that are not closed on both sides.
  static func connected() throws(SystemCallError) -> Set<Int> { try all(in: connectedStates) }

  private static func all(in states: UInt32) throws(SystemCallError) -> Set<Int> {
    do {
      return try diagnosed(UInt8(AF_INET), states).union(try diagnosed(UInt8(AF_INET6), states))
    } catch {
      return try listed(states)
    }
  }

  // MARK: sock_diag(7)

  private static let family = CInt(16)  // AF_NETLINK
  private static let `protocol` = CInt(4)  // NETLINK_SOCK_DIAG
  /// Bits of states of the kernel's `tcp_states.h`.
  static let listeningStates = UInt32(1 << 10)  // TCP_LISTEN
  static let connectedStates = UInt32(1 << 1 | 1 << 3 | 1 << 8)  // TCP_ESTABLISHED, TCP_SYN_RECV, TCP_CLOSE_WAIT

  /// Ports of sockets of an address family in some states.
  static func diagnosed(_ addressFamily: UInt8, _ states: UInt32) throws(SystemCallError) -> Set<Int> {
    let socket = Glibc.socket(family, CInt(SOCK_RAW.rawValue) | CInt(SOCK_CLOEXEC.rawValue), `protocol`)
    guard socket >= 0 else { throw .netlink("socket", errno) }
    defer { close(socket) }
    // A kernel that never answers must not hold the scheduler.
    var patience = timeval(tv_sec: 1, tv_usec: 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    let request = request(addressFamily, states)
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

  /// A `nlmsghdr` with an `inet_diag_req_v2` that asks for every TCP socket in some states.
  private static func request(_ addressFamily: UInt8, _ states: UInt32) -> [UInt8] {
    let (byFamily, dump, size) = (UInt16(20), UInt16(0x301), UInt32(72))
    var bytes = [UInt8](repeating: 0, count: Int(size))
    bytes.withUnsafeMutableBytes { bytes in
      bytes.storeBytes(of: size, as: UInt32.self)
      bytes.storeBytes(of: byFamily, toByteOffset: 4, as: UInt16.self)
      bytes.storeBytes(of: dump, toByteOffset: 6, as: UInt16.self)
      bytes[16] = addressFamily
      bytes[17] = UInt8(IPPROTO_TCP)
      bytes.storeBytes(of: states, toByteOffset: 20, as: UInt32.self)
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

  /// The same from `/proc/net/tcp`, which has the state in hexadecimal.
  static func listed(_ states: UInt32) throws(SystemCallError) -> Set<Int> {
    var ports: Set<Int> = []
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] where FileSystem.exists(FilePath(table)) {
      for line in try FileSystem.readText(FilePath(table)).split(separator: "\n").dropFirst() {
        let fields = line.split(separator: " ")
        guard fields.count > 3, let state = UInt32(fields[3], radix: 16), state < 32, states & 1 << state != 0,
          let port = fields[1].split(separator: ":").last
        else { continue }
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
