import Glibc
import HTTPClient
import JSON
import JobModel
import SchedulerAccess
import SchedulerClient
import SystemSupport
import Testing

/// The built scheduler over TLS.
@Suite(.serialized) struct EncryptionTests {
  /// An endpoint as a client elsewhere finds it: no socket, and this token in its environment.
  private func client(_ address: String, token: String?) throws -> SchedulerClient {
    let variables = token.map { ["KILT_TOKEN": $0] } ?? [:]
    return try SchedulerClient(SchedulerEndpoint(address: address, origin: .workspace) { variables[$0] })
  }

  @Test("A remote client uses a token with the server's key, and no other server gets the token")
  func pinned() throws {
    let fixture = try SchedulerFixture(["--tls"])
    #expect(fixture.address.hasPrefix("https://127.0.0.1:"))
    let answer = try fixture.client().createToken(name: "ci", rights: ["read"], lifetimeSeconds: nil)
    let token = try #require(answer["token"]?.string)
    let fingerprint = try #require(answer["fingerprint"]?.string)
    #expect(try fixture.client().cluster()["fingerprint"]?.string == fingerprint)
    #expect(answer["server"]?.string == fingerprint)
    #expect(try client(fixture.address, token: "\(token)@\(fingerprint)").jobs().isEmpty)
    // A wrong key, a token for another address, no trust in the certificate: nothing is sent.
    let other = "sha256//" + String(repeating: "A", count: 43) + "="
    for binding in [other, "https://elsewhere.example:443", fixture.address] {
      #expect(throws: (any Error).self, "\(binding)") {
        try client(fixture.address, token: "\(token)@\(binding)").jobs()
      }
    }
    #expect(throws: (any Error).self) { try client(fixture.address, token: nil).jobs() }
    #expect(throws: (any Error).self) { try client(fixture.address, token: token).jobs() }
    // Plain HTTP is not answered on a port with TLS.
    let plain = HTTPRequest(.get, "http://" + fixture.address.dropFirst("https://".count) + "/health")
    #expect(throws: (any Error).self) { try HTTPClient(retry: .never).send(plain) }
    // The key stays over a restart: tokens that name it go on working.
    fixture.endScheduler(SIGTERM)
    try fixture.start()
    #expect(try client(fixture.address, token: "\(token)@\(fingerprint)").jobs().isEmpty)
    let key = fixture.state.appending("tls/key.pem")
    #expect(try FileSystem.status(of: key).permissions == 0o600)
    #expect(try FileSystem.status(of: fixture.state.appending("tls")).permissions == 0o700)
    // Pages over TLS: the cookie is for TLS only.
    let link = try fixture.client().loginLink()
    #expect(link.hasPrefix("https://kilt.localhost:"))
  }

  @Test("Beyond loopback, the scheduler always uses TLS, and never lets everybody read")
  func beyondLoopback() throws {
    let fixture = try SchedulerFixture(["--listen", "0.0.0.0:0"])
    #expect(fixture.address.hasPrefix("https://0.0.0.0:"))
    let port = try #require(fixture.address.split(separator: ":").last)
    let fingerprint = try #require(fixture.client().cluster()["fingerprint"]?.string)
    let anybody = HTTPRequest(.get, "https://127.0.0.1:\(port)/api/jobs", pinnedPublicKey: fingerprint)
    #expect(try HTTPClient(retry: .never).send(anybody).status == 401)
    let outcome = try Subprocess(
      SchedulerFixture.program("kilt-scheduler").string,
      ["--state-directory", fixture.scratch.appending("other").string, "--listen", "0.0.0.0:0", "--open-reading"],
      environment: ["HOME=\(fixture.scratch)"], deadlineMilliseconds: 60_000
    ).run()
    #expect(outcome.termination == .exited(2))
  }

  @Test("A scheduler uses certificate files, and reports their problems")
  func files() throws {
    let scratch = try FileSystem.makeTemporaryDirectory(prefix: "certificate")
    defer { do { try FileSystem.removeTree(scratch) } catch { Issue.record("\(error)") } }
    let (certificate, key) = (scratch.appending("cert.pem"), scratch.appending("key.pem"))
    let outcome = try Subprocess(
      "openssl",
      [
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
        "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key.string, "-out",
        certificate.string,
      ], environment: environmentStrings(), deadlineMilliseconds: 120_000
    ).run()
    try #require(outcome.termination.isSuccess, "openssl: apt-get install openssl: \(outcome.errorText)")
    try FileSystem.setPermissions(0o600, of: key)
    let options = ["--tls-certificate", certificate.string, "--tls-key", key.string]
    do {
      let fixture = try SchedulerFixture(options)
      let trusting = HTTPRequest(.get, fixture.address + "/health", certificateFile: certificate.string)
      #expect(try HTTPClient(retry: .never).send(trusting).status == 200)
      #expect(!FileSystem.exists(fixture.state.appending("tls")))
    }
    func problem(_ arguments: [String]) throws -> String {
      let outcome = try Subprocess(
        SchedulerFixture.program("kilt-scheduler").string,
        ["--state-directory", scratch.appending("state").string, "--listen", "127.0.0.1:0"] + arguments,
        environment: ["HOME=\(scratch)"], deadlineMilliseconds: 60_000
      ).run()
      #expect(outcome.termination == .exited(2), "\(outcome.errorText)")
      return outcome.errorText
    }
    #expect(try problem(["--tls-certificate", certificate.string]).contains("must be given together"))
    #expect(try problem(["--tls-certificate", key.string, "--tls-key", key.string]).contains("cannot use"))
    try FileSystem.setPermissions(0o644, of: key)
    #expect(try problem(options).contains("can read the TLS key"))
  }
}
