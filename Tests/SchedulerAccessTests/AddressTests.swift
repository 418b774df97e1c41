import Diagnostics
import SystemSupport
import Testing

@testable import SchedulerAccess

@Suite struct AddressTests {
  @Test(
    "An address keeps its scheme, host and port",
    arguments: [
      ("http://127.0.0.1:8081", "http://127.0.0.1:8081"), ("http://127.0.0.1:8081//", "http://127.0.0.1:8081"),
      ("https://kilt.example", "https://kilt.example:443"), ("HTTPS://Kilt.Example:9", "https://kilt.example:9"),
      ("http://[::1]:8081", "http://[::1]:8081"), ("http://[::1]", "http://[::1]:80"),
      ("unix:/var/lib/kilt/socket/api.sock", "unix:/var/lib/kilt/socket/api.sock"),
      ("unix:///run/kilt.sock", "unix:/run/kilt.sock"),
    ])
  func parsed(text: String, expected: String) throws {
    #expect(try SchedulerAddress(parsing: text).description == expected)
  }

  @Test(
    "A text that is not an address is refused",
    arguments: [
      "", "127.0.0.1:8081", "ftp://host", "http://", "http://host:0", "http://host:65536", "http://host:x",
      "http://user:secret@host", "http://host/path", "unix:relative", "unix:", "http://a b",
    ])
  func refused(text: String) {
    #expect(throws: Diagnostic.self) { try SchedulerAddress(parsing: text) }
  }

  @Test("The names of the loopback are recognized", arguments: ["localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]"])
  func loopback(host: String) { #expect(LoopbackAddress.isLoopback(host)) }

  @Test(
    "Other hosts are not the loopback",
    arguments: ["", "0.0.0.0", "::", "127.evil.example", "127.0.0.1.evil", "127.0.0.256", "localhost.evil"])
  func others(host: String) { #expect(!LoopbackAddress.isLoopback(host)) }

  @Test("The socket that a scheduler left for its port counts while its directory exists") func published() throws {
    let scratch = try FileSystem.makeTemporaryDirectory(prefix: "published")
    defer {
      do { try FileSystem.removeTree(scratch) } catch { Issue.record("\(scratch) stays: \(error)") }
    }
    let records = scratch.appending("kilt").appending("schedulers")
    let directory = scratch.appending("socket")
    let socket = directory.appending("api.sock")
    try FileSystem.createDirectories(records, permissions: 0o700)
    try FileSystem.createDirectories(directory, permissions: 0o700)
    try FileSystem.write(text: "\(socket)\n", to: records.appending("localhost_8081"), permissions: 0o600)
    let environment = { (name: String) in name == "XDG_STATE_HOME" ? scratch.string : nil }
    // The scheduler is down: nothing is asked of whoever has its port.
    #expect(try PublishedScheduler.socket(port: 8081, environment) == socket)
    #expect(try PublishedScheduler.socket(port: 8082, environment) == nil)
    try FileSystem.removeTree(directory)
    #expect(try PublishedScheduler.socket(port: 8081, environment) == nil)
  }
}
