import Diagnostics
import Glibc
import SystemSupport
import Testing

@testable import SchedulerAccess

@Suite struct TokenTests {
  private static let fingerprint = "sha256//" + String(repeating: "A", count: 43) + "="

  @Test("A token names the only server that can see it")
  func binding() throws {
    #expect(
      try BoundToken(parsing: " kilt_x@https://a.example:8443\n", source: "KILT_TOKEN")
        == BoundToken(token: "kilt_x", binding: .address(.https(host: "a.example", port: 8443))))
    #expect(
      try BoundToken(parsing: "kilt_x@\(Self.fingerprint)", source: "KILT_TOKEN").binding
        == .fingerprint(Self.fingerprint))
  }

  @Test(
    "A token without a server is refused, and no message shows it",
    arguments: ["secret", "secret@", "@https://a", "secret@sha256//short", "secret@nonsense", "sec ret@https://a"])
  func unbound(text: String) throws {
    let problem = try #require(throws: Diagnostic.self) { try BoundToken(parsing: text, source: "KILT_TOKEN") }
    #expect(!"\(problem)".contains("secret"))
  }

  @Test("A token goes to its own address or to a pinned key, whatever the address says")
  func shown() throws {
    let address = SchedulerAddress.https(host: "a.example", port: 443)
    var endpoint = SchedulerEndpoint(address: address)
    endpoint.show(BoundToken(token: "t", binding: .address(.https(host: "b.example", port: 443))))
    #expect(endpoint.token == nil)
    #expect(endpoint.withheld?.contains("https://b.example:443") == true)
    endpoint = SchedulerEndpoint(address: address)
    endpoint.show(BoundToken(token: "t", binding: .address(address)))
    #expect(endpoint.token == "t" && endpoint.pin == nil)
    endpoint = SchedulerEndpoint(address: address)
    endpoint.show(BoundToken(token: "t", binding: .fingerprint(Self.fingerprint)))
    #expect(endpoint.token == "t" && endpoint.pin == Self.fingerprint)
  }

  @Test("A secret file that another user owns or can read is refused")
  func privateFile() throws {
    let directory = try FileSystem.makeTemporaryDirectory(prefix: "private")
    defer { do { try FileSystem.removeTree(directory) } catch { Issue.record("\(error)") } }
    let file = directory.appending("token")
    try FileSystem.write(text: "x", to: file, permissions: 0o600)
    try PrivateFileCheck.check(file, what: "token file")
    for permissions: UInt32 in [0o640, 0o604, 0o620, 0o644] {
      try FileSystem.setPermissions(permissions, of: file)
      #expect(throws: Diagnostic.self) { try PrivateFileCheck.check(file, what: "token file") }
    }
    try FileSystem.setPermissions(0o600, of: file)
    try FileSystem.createSymbolicLink(at: directory.appending("link"), to: file)
    #expect(throws: Diagnostic.self) { try PrivateFileCheck.check(directory.appending("link"), what: "token file") }
    guard getuid() == 0 else { return }
    #expect(chown(file.string, 65534, 65534) == 0)
    #expect(throws: Diagnostic.self) { try PrivateFileCheck.check(file, what: "token file") }
  }
}

@Suite struct SocketDirectoryTests {
  @Test("The socket's directory is closed to others, and a client refuses one that others can write")
  func ownership() throws {
    let state = try FileSystem.makeTemporaryDirectory(prefix: "state")
    defer { do { try FileSystem.removeTree(state) } catch { Issue.record("\(error)") } }
    let directory = SocketDirectory.path(inState: state)
    try FileSystem.createDirectories(directory, permissions: 0o777)
    try FileSystem.setPermissions(0o777, of: directory)
    let server = try SocketDirectory(creatingIn: state)
    #expect(try FileSystem.status(of: directory).permissions == 0o700)
    guard case .socket(let socket) = server.address else {
      Issue.record("not a socket: \(server.address)")
      return
    }
    _ = try SocketDirectory(of: socket, isNamedByUser: false)
    try FileSystem.setPermissions(0o722, of: directory)
    #expect(throws: Diagnostic.self) { try SocketDirectory(of: socket, isNamedByUser: true) }
    try FileSystem.setPermissions(0o700, of: directory)
    // A link in its place names no directory.
    try FileSystem.rename(directory, to: state.appending("moved"))
    try FileSystem.createSymbolicLink(at: directory, to: state.appending("moved"))
    #expect(throws: (any Error).self) { try SocketDirectory(of: socket, isNamedByUser: true) }
    try FileSystem.removeFile(directory)
    try FileSystem.rename(state.appending("moved"), to: directory)
    guard getuid() == 0 else { return }
    #expect(chown(directory.string, 65534, 65534) == 0)
    #expect(throws: Diagnostic.self) { try SocketDirectory(of: socket, isNamedByUser: false) }
    _ = try SocketDirectory(of: socket, isNamedByUser: true)
    #expect(throws: Diagnostic.self) { try SocketDirectory(creatingIn: state) }
  }

  @Test("The path of a socket is short, however deep its directory is")
  func shortPath() throws {
    let top = try FileSystem.makeTemporaryDirectory(prefix: "deep")
    defer { do { try FileSystem.removeTree(top) } catch { Issue.record("\(error)") } }
    var state = top
    for _ in 0..<4 { state = state.appending(String(repeating: "d", count: 60)) }
    try FileSystem.createDirectories(state)
    #expect(try SocketDirectory(creatingIn: state).socketPath.utf8.count < 107)
  }
}
