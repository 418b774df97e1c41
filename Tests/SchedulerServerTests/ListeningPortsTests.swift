import Glibc
import Testing

@testable import SchedulerServer

@Suite struct ListeningPortsTests {
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
    #expect(try ListeningPorts.all().contains(port))
    #expect(try ListeningPorts.diagnosed(UInt8(AF_INET)).contains(port))
    #expect(try ListeningPorts.listed().contains(port))
    close(socket)
    #expect(try !ListeningPorts.diagnosed(UInt8(AF_INET)).contains(port))
    let (other, otherPort) = try listener(AF_INET6)
    defer { close(other) }
    #expect(try ListeningPorts.diagnosed(UInt8(AF_INET6)).contains(otherPort))
    #expect(try ListeningPorts.listed().contains(otherPort))
  }

  @Test("A torn or refused answer of the kernel is an error, not an empty set")
  func torn() {
    var ports: Set<Int> = []
    let refused: [UInt8] = [36, 0, 0, 0, 2, 0] + [UInt8](repeating: 0, count: 30)
    #expect(throws: (any Error).self) { try ListeningPorts.take(refused[...], into: &ports) }
    let torn: [UInt8] = [200, 0, 0, 0, 20, 0] + [UInt8](repeating: 0, count: 30)
    #expect(throws: (any Error).self) { try ListeningPorts.take(torn[...], into: &ports) }
    #expect(ports.isEmpty)
  }
}
