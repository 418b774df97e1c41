import Diagnostics
import RemoteCache
import Testing

@Suite struct SettingsTests {
  private func mode(_ variables: [String: String], _ address: String = "s3://bucket/kilt") throws -> RemoteCacheMode {
    try RemoteCacheSettings.mode(for: address) { variables[$0] }
  }

  @Test("CI servers write and other machines read, unless the variable says otherwise") func modes() throws {
    #expect(try mode([:]) == .read)
    #expect(try mode(["CI": "true"]) == .write)
    #expect(try mode(["CI": "false"]) == .read)
    #expect(try mode(["JENKINS_URL": "http://ci"]) == .write)
    #expect(try mode(["CI": "1", "KILT_CACHE_REMOTE_MODE": "read"]) == .read)
    #expect(try mode(["KILT_CACHE_REMOTE_MODE": "write"]) == .write)
    #expect(try mode(["KILT_CACHE_REMOTE_MODE": "off"]) == .off)
    #expect(try mode(["CI": "1"], "https://host/cache") == .read)
  }

  @Test("A wrong mode, and writing to an HTTP address, are errors with a remedy") func wrongModes() {
    #expect(throws: Diagnostic.self) { try mode(["KILT_CACHE_REMOTE_MODE": "on"]) }
    #expect(throws: Diagnostic.self) { try mode(["KILT_CACHE_REMOTE_MODE": "write"], "https://host/cache") }
    #expect(throws: Diagnostic.self) {
      try RemoteCacheSettings.milliseconds(of: "KILT_CACHE_REMOTE_TIMEOUT", default: 1) { _ in "fast" }
    }
  }
}
