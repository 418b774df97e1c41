import Glibc
import Testing

@testable import Executor

@Suite struct TCPPortsTests {
  /// A socket that listens on a free port of the loopback address.
  private func listener(_ family: CInt) throws -> (socket: CInt, port: Int) {
    let socket = Glibc.socket(family, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    try #require(socket >= 0)
    var storage = sockaddr_storage()
    storage.ss_family = sa_family_t(family)
    if family == AF_INET6 {
      withUnsafeMutableBytes(of: &storage) { $0[23] = 1 }  // ::1
    } else {
      withUnsafeMutableBytes(of: &storage) {
        $0.storeBytes(of: UInt32(0x7F00_0001).bigEndian, toByteOffset: 4, as: UInt32.self)
      }
    }
    var size = socklen_t(family == AF_INET6 ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(socket, address, size) == 0 && listen(socket, 1) == 0 && getsockname(socket, address, &size) == 0
      }
    }
    try #require(result)
    return (socket, withUnsafeBytes(of: storage) { Int($0[2]) << 8 | Int($0[3]) })
  }

  @Test("Listening sockets of both families are found, by the kernel's answer and by /proc")
  func found() throws {
    let (socket, port) = try listener(AF_INET)
    #expect(try TCPPorts.listening().contains(port))
    #expect(try TCPPorts.diagnosed(UInt8(AF_INET), TCPPorts.listeningStates).contains(port))
    #expect(try TCPPorts.listed(TCPPorts.listeningStates).contains(port))
    close(socket)
    #expect(try !TCPPorts.diagnosed(UInt8(AF_INET), TCPPorts.listeningStates).contains(port))
    let (other, otherPort) = try listener(AF_INET6)
    defer { close(other) }
    #expect(try TCPPorts.diagnosed(UInt8(AF_INET6), TCPPorts.listeningStates).contains(otherPort))
    #expect(try TCPPorts.listed(TCPPorts.listeningStates).contains(otherPort))
  }

  @Test("A torn or refused answer of the kernel is an error, not an empty set")
  func torn() {
    var ports: Set<Int> = []
    let refused: [UInt8] = [36, 0, 0, 0, 2, 0] + [UInt8](repeating: 0, count: 30)
    #expect(throws: (any Error).self) { try TCPPorts.take(refused[...], into: &ports) }
    let torn: [UInt8] = [200, 0, 0, 0, 20, 0] + [UInt8](repeating: 0, count: 30)
    #expect(throws: (any Error).self) { try TCPPorts.take(torn[...], into: &ports) }
    #expect(ports.isEmpty)
  }

  @Test("A connection is found by its port until both sides have closed it")
  func connections() throws {
    let (socket, port) = try listener(AF_INET)
    defer { close(socket) }
    #expect(try !TCPPorts.connected().contains(port))
    var address = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let client = Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    let isConnected = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        getsockname(socket, address, &size) == 0 && connect(client, address, size) == 0
      }
    }
    try #require(isConnected)
    let server = accept(socket, nil, nil)
    try #require(server >= 0)
    #expect(try TCPPorts.connected().contains(port))
    #expect(try TCPPorts.listed(TCPPorts.connectedStates).contains(port))
    close(client)
    // The server has not read the end yet: it may have an answer to write.
    #expect(try TCPPorts.connected().contains(port))
    close(server)
    #expect(try !TCPPorts.connected().contains(port))
  }
}
