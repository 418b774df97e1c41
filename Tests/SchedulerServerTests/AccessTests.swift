import Executor
import Glibc
import HTTPClient
import JSON
import JobModel
import SchedulerAccess
import SchedulerClient
import SystemSupport
import TestServers
import Testing

@testable import SchedulerServer

/// Who may ask the built scheduler what.
@Suite(.serialized) struct AccessTests {
  private func bearer(_ token: String) -> HTTPHeaders { ["Authorization": "Bearer \(token)"] }

  private func token(_ fixture: SchedulerFixture, _ name: String, _ rights: String..., lifetime: Int64? = nil) throws
    -> String
  {
    let answer = try fixture.client().createToken(name: name, rights: rights, lifetimeSeconds: lifetime)
    return try #require(answer["token"]?.string)
  }

  @Test("A local process without a right reads and changes nothing")
  func strangers() throws {
    let fixture = try SchedulerFixture()
    try fixture.client().create(fixture.job(instances: 1))
    _ = try fixture.waitUntilRunning(SchedulerFixture.key(), 1)
    let job = "/jobs/\(SchedulerFixture.key())"
    let reading = [
      "/", job, job + "/0", job + "/0/files/", job + "/0/logs/server/stdout", "/metrics", "/api/jobs", "/api" + job,
      "/api/events", "/api/cluster", "/api/audit", "/api/tokens", "/api/whoami",
      "/api\(job)/instances/0/logs/server/stdout", "/nothing",
    ]
    for path in reading {
      let answer = try fixture.strangersRequest(.get, path)
      #expect(answer.status == 401, "\(path)")
      #expect(!answer.text.contains("serving"), "\(path)")
    }
    for path in ["/api/jobs", "/api\(job)/kill", "/api\(job)/restart", "/api/tokens", "/api/login", "/api/code"] {
      #expect(try fixture.strangersRequest(.post, path, [:]).status == 401, "\(path)")
    }
    for header in ["Bearer", "Bearer ", "Bearer kilt_", "Basic YTpi", "Bearer \(String(repeating: "0", count: 64))"] {
      #expect(try fixture.strangersRequest(.get, "/api/jobs", headers: ["Authorization": header]).status == 401)
    }
    #expect(try fixture.strangersRequest(.get, "/health").status == 200)
    #expect(try fixture.client().jobs().count == 1)
    // Attempts of strangers do not fill the disk.
    let actions = try fixture.client().audit(job: nil, user: nil, since: nil, limit: 100).map { $0["action"]?.string }
    #expect(actions == ["create"])
  }

  @Test("A request over TCP must name this server in its Host header")
  func hosts() throws {
    let fixture = try SchedulerFixture()
    let token = try token(fixture, "reader", "read")
    for host in ["evil.example", "evil.example:8081", "localhost.evil.example", "127.0.0.1.evil.example:80", "::1"] {
      let headers = HTTPHeaders([
        HTTPField(name: "Host", value: host), HTTPField(name: "Authorization", value: "Bearer \(token)"),
      ])
      #expect(try fixture.strangersRequest(.get, "/", headers: headers).status == 421, "\(host)")
    }
    for host in ["localhost:1", "LOCALHOST", "127.0.0.1", "[::1]:8081", "kilt.localhost:9"] {
      #expect(try fixture.strangersRequest(.get, "/health", headers: ["Host": host]).status == 200, "\(host)")
    }
  }

  @Test("A token grants its rights until it is revoked or expires")
  func tokens() throws {
    let fixture = try SchedulerFixture()
    let job = fixture.job(instances: 1)
    let path = "/api/jobs/\(SchedulerFixture.key())"
    let role = SchedulerFixture.user
    let reader = try token(fixture, "reader", "read")
    let other = try token(fixture, "other", "deploy \(role)/prod")
    let deployer = try token(fixture, "deployer", "deploy \(role)/devel")
    for secret in [reader, other] {
      #expect(try fixture.strangersRequest(.post, "/api/jobs", job.json, headers: bearer(secret)).status == 403)
    }
    #expect(try fixture.client().jobs().isEmpty)
    #expect(try fixture.strangersRequest(.post, "/api/jobs", job.json, headers: bearer(deployer)).status == 201)
    #expect(try fixture.strangersRequest(.get, path, headers: bearer(deployer)).status == 200)
    #expect(try fixture.strangersRequest(.get, path, headers: bearer(reader)).status == 200)
    #expect(try fixture.strangersRequest(.get, path, headers: bearer(other)).status == 403)
    #expect(try fixture.strangersRequest(.get, "/api/audit", headers: bearer(deployer)).status == 403)
    for secret in [reader, other, deployer] {
      #expect(try fixture.strangersRequest(.post, "/api/tokens", [:], headers: bearer(secret)).status == 403)
      #expect(try fixture.strangersRequest(.get, "/api/tokens", headers: bearer(secret)).status == 403)
    }
    // Another form of the same path is not another right.
    for form in ["/api//jobs/\(SchedulerFixture.key())/kill", "/api/jobs/devcluster/\(role)/%64evel/pinger/kill"] {
      let answer = try fixture.strangersRequest(.post, form, [:], headers: bearer(other))
      #expect(answer.status == 403 || answer.status == 404, "\(form)")
    }
    #expect(try fixture.strangersRequest(.post, path + "/kill", [:], headers: bearer(other)).status == 403)
    #expect(try fixture.strangersRequest(.post, path + "/kill", [:], headers: bearer(deployer)).status == 202)
    // No name twice, and no text of a token on the disk.
    #expect(throws: (any Error).self) { try self.token(fixture, "reader", "read") }
    let file = fixture.state.appending("tokens.json")
    let stored = try FileSystem.readText(file)
    for secret in [reader, other, deployer] { #expect(!stored.contains(secret)) }
    #expect(try FileSystem.status(of: file).permissions == 0o600)
    // They are there after a restart, and gone when they are revoked.
    fixture.endScheduler(SIGKILL)
    try fixture.start()
    #expect(try fixture.strangersRequest(.get, "/api/jobs", headers: bearer(reader)).status == 200)
    try fixture.client().revokeToken(name: "reader")
    #expect(try fixture.strangersRequest(.get, "/api/jobs", headers: bearer(reader)).status == 401)
    #expect(throws: (any Error).self) { try fixture.client().revokeToken(name: "reader") }
    let names = try fixture.client().tokens()["tokens"]?.array?.compactMap { $0["name"]?.string }
    #expect(names == ["deployer", "other"])
    let brief = try token(fixture, "brief", "read", lifetime: 1)
    try waitUntil("the token has expired") {
      try fixture.strangersRequest(.get, "/api/jobs", headers: bearer(brief)).status == 401
    }
  }

  @Test("A file of tokens that others can read or write stops the scheduler at its start")
  func tokenFile() throws {
    let directory = try FileSystem.makeTemporaryDirectory(prefix: "tokens")
    defer { do { try FileSystem.removeTree(directory) } catch { Issue.record("\(error)") } }
    let store = try TokenStore(stateDirectory: directory, now: HostScheduler.now)
    let secret = try store.create(name: "a", rights: [.read], lifetime: nil, by: "test")
    #expect(try TokenStore(stateDirectory: directory, now: HostScheduler.now).token(secret)?.name == "a")
    let file = directory.appending("tokens.json")
    try FileSystem.setPermissions(0o644, of: file)
    #expect(throws: (any Error).self) { try TokenStore(stateDirectory: directory, now: HostScheduler.now) }
    try FileSystem.setPermissions(0o600, of: file)
    try FileSystem.write(text: "{\"tokens\": [{\"name\": \"a\"}]}", to: file, permissions: 0o600)
    #expect(throws: (any Error).self) { try TokenStore(stateDirectory: directory, now: HostScheduler.now) }
    guard getuid() == 0 else { return }
    try FileSystem.write(text: "{\"tokens\": []}", to: file, permissions: 0o600)
    #expect(chown(file.string, 65534, 65534) == 0)
    #expect(throws: (any Error).self) { try TokenStore(stateDirectory: directory, now: HostScheduler.now) }
  }

  @Test("The audit trail records who requested each change, even after a restart")
  func audit() throws {
    let fixture = try SchedulerFixture()
    var client = try fixture.client()
    client.reason = "a first try: \"ü\""
    try client.create(fixture.job(instances: 1))
    let deployer = try token(fixture, "deployer", "deploy \(SchedulerFixture.user)/prod")
    let path = "/api/jobs/\(SchedulerFixture.key())/kill"
    #expect(try fixture.strangersRequest(.post, path, [:], headers: bearer(deployer)).status == 403)
    try client.kill(SchedulerFixture.key())
    fixture.endScheduler(SIGKILL)
    try fixture.start()
    client = try fixture.client()
    let me = String(cString: getpwuid(getuid()).pointee.pw_name)
    let entries = try client.audit(job: SchedulerFixture.key().description, user: nil, since: nil, limit: 10)
    #expect(entries.map { $0["action"]?.string } == ["create", "kill", "kill"])
    #expect(entries.map { $0["user"]?.string } == [me, "token:deployer", me])
    #expect(entries.map { $0["status"]?.int } == [201, 403, 202])
    #expect(entries[0]["uid"]?.int == Int64(getuid()))
    #expect(entries[0]["reason"]?.string == "a first try: \"ü\"")
    #expect(entries[1]["address"]?.string == "127.0.0.1")
    #expect(try client.audit(job: nil, user: "deployer", since: nil, limit: 10).count == 1)
    #expect(try client.audit(job: nil, user: nil, since: "2999-01-01", limit: 10).isEmpty)
    #expect(try client.audit(job: "devcluster/other", user: nil, since: nil, limit: 10).isEmpty)
    #expect(try client.audit(job: nil, user: nil, since: nil, limit: 1).first?["action"]?.string == "kill")
    #expect(try FileSystem.status(of: fixture.state.appending("audit.log")).permissions == 0o600)
  }

  @Test("A login link works once and sets a cookie that only reads; a code allows one change")
  func login() throws {
    let fixture = try SchedulerFixture()
    try fixture.client().create(fixture.job(instances: 1))
    _ = try fixture.waitUntilRunning(SchedulerFixture.key(), 1)
    let link = try fixture.client().loginLink()
    #expect(link.hasPrefix("http://kilt.localhost:"))
    let path = link.from("/login")
    let answer = try fixture.strangersRequest(.get, path)
    #expect(answer.status == 303)
    let field = try #require(answer.headers["Set-Cookie"])
    #expect(field.contains("HttpOnly") && field.contains("SameSite=Strict"))
    let cookie: HTTPHeaders = ["Cookie": String(field.prefix { $0 != ";" })]
    #expect(try fixture.strangersRequest(.get, path).status == 401)
    #expect(try fixture.strangersRequest(.get, "/login?link=").status == 401)
    let job = "/jobs/\(SchedulerFixture.key())"
    for path in ["/", job, job + "/0", "/api/jobs"] {
      #expect(try fixture.strangersRequest(.get, path, headers: cookie).status == 200, "\(path)")
    }
    for path in ["/api\(job)/kill", "/api/tokens", "/api/jobs"] {
      #expect(try fixture.strangersRequest(.post, path, [:], headers: cookie).status == 403, "\(path)")
    }
    // A session does not beget another.
    #expect(try fixture.strangersRequest(.post, "/api/login", [:], headers: cookie).status == 403)
    #expect(try fixture.strangersRequest(.get, "/api/tokens", headers: cookie).status == 403)
    let code = try fixture.client().oneTimeCode()
    var withCode = cookie
    withCode.fields.append(HTTPField(name: "Kilt-Code", value: code))
    #expect(try fixture.strangersRequest(.post, "/api\(job)/restart", [:], headers: ["Kilt-Code": code]).status == 401)
    #expect(try fixture.strangersRequest(.post, "/api\(job)/restart", [:], headers: withCode).status == 202)
    #expect(try fixture.strangersRequest(.post, "/api\(job)/restart", [:], headers: withCode).status == 403)
    try changeFromPage(fixture, job, cookie)
  }

  private func changeFromPage(_ fixture: SchedulerFixture, _ job: String, _ cookie: HTTPHeaders) throws {
    func submit(_ form: String, _ headers: HTTPHeaders) throws -> HTTPResponse {
      try HTTPClient(retry: .never).send(
        HTTPRequest(
          .post, "\(fixture.address)\(job)/change", headers: headers, body: .bytes(Array(form.utf8)),
          followsRedirects: false))
    }
    #expect(try fixture.strangersRequest(.get, job + "/change").status == 401)
    #expect(try fixture.strangersRequest(.get, job + "/change", headers: cookie).text.contains("<form"))
    let code = try fixture.client().oneTimeCode()
    #expect(try submit("action=restart&code=\(code)", [:]).status == 401)
    #expect(try submit("action=restart&code=wrong", cookie).status == 403)
    #expect(try submit("action=drop&code=\(code)", cookie).status == 422)
    #expect(try submit("action=restart&instance=a&code=\(code)", cookie).status == 422)
    #expect(try submit("action=restart&instance=0%2C+0&code=\(code)", cookie).status == 303)
    #expect(try submit("action=restart&code=\(code)", cookie).status == 403)
    // A code carries no more rights than its maker has.
    let reader = try token(fixture, "reader", "read")
    let answer = try fixture.strangersRequest(.post, "/api/code", [:], headers: bearer(reader))
    let readersCode = try #require(JSONValue(parsing: answer.body)["code"]?.string)
    #expect(try submit("action=kill&code=\(readersCode)", cookie).status == 403)
    let last = try fixture.client().audit(job: job.dropFirst(6).description, user: nil, since: nil, limit: 20)
    #expect(last.last { $0["status"]?.int == 303 }?["action"]?.string == "restart")
  }

  /// Starts `curl` for a request whose answer does not end, and waits until a text of the answer has come.
  private func stream(
    _ fixture: SchedulerFixture, _ path: String, _ arguments: [String], until text: String? = nil
  ) throws -> (pid: pid_t, output: FilePath) {
    let output = fixture.scratch.appending("stream-\(path.filter(\.isLetter).suffix(40))")
    let file = try FileSystem.open(output, .writeOnly, options: [.create, .truncate])
    defer { FileSystem.close(file) }
    let pid = try spawnDetached("/usr/bin/env", ["curl", "-sN"] + arguments + [fixture.address + path], output: file)
    if let text { try waitUntil("\(path) answers") { try FileSystem.readText(output).contains(text) } }
    return (pid, output)
  }

  private func waitForEnd(of pid: pid_t, _ what: String) throws {
    try waitUntil(what) {
      var status: Int32 = 0
      return waitpid(pid, &status, WNOHANG) == pid
    }
  }

  @Test("A revoked token ends its streams, its commands in sandboxes and its logins")
  func revocation() throws {
    let fixture = try SchedulerFixture()
    let (role, key) = (SchedulerFixture.user, SchedulerFixture.key())
    try fixture.client().create(fixture.job(instances: 1))
    _ = try fixture.waitUntilRunning(key, 1)
    let reader = try token(fixture, "reader", "read")
    let deployer = try token(fixture, "deployer", "deploy \(role)/devel")
    func made(_ what: String) throws -> String {
      let answer = try fixture.strangersRequest(.post, "/api/\(what)", [:], headers: bearer(reader))
      let json = try JSONValue(parsing: answer.body)
      return try #require((json["url"] ?? json["code"])?.string)
    }
    func cookie(_ link: String) throws -> HTTPHeaders? {
      let answer = try fixture.strangersRequest(.get, link.from("/login"))
      return answer.headers["Set-Cookie"].map { ["Cookie": String($0.prefix { $0 != ";" })] }
    }
    let browser = try #require(try cookie(made("login")))
    let unused = try made("login")
    #expect(try fixture.strangersRequest(.get, "/", headers: browser).status == 200)
    let header = ["-H", "Authorization: Bearer \(reader)"]
    let events = try stream(fixture, "/api/events", header, until: ": connected")
    let log = try stream(
      fixture, "/api/jobs/\(key)/instances/0/logs/server/stdout?follow=1", header, until: "serving")
    let path = "/api/jobs/\(key)"
    let started = try fixture.strangersRequest(
      .post, path + "/instances/0/exec",
      ["command": .strings(["sh", "-c", "echo begun; exec sleep 600 \(fixture.mark)-exec"])],
      headers: bearer(deployer))
    let session = try #require(JSONValue(parsing: started.body)["session"]?.string)
    let command = try stream(
      fixture, path + "/exec/\(session)/output", ["-X", "POST", "-H", "Authorization: Bearer \(deployer)"],
      until: "begun")

    for name in ["reader", "deployer"] { try fixture.client().revokeToken(name: name) }
    try waitForEnd(of: command.pid, "the command's output ends")
    try waitUntil("the command has ended") {
      try !Subprocess("ps", ["-eo", "args"], environment: environmentStrings()).run().text.contains(
        "\(fixture.mark)-exec")
    }
    try waitForEnd(of: log.pid, "the followed log ends")
    #expect(try fixture.strangersRequest(.get, "/", headers: browser).status == 401)
    #expect(try cookie(unused) == nil)
    // The next event is not the stream's any more.
    try fixture.client().create(fixture.job("secret", instances: 1))
    try waitForEnd(of: events.pid, "the event stream ends")
    #expect(try !FileSystem.readText(events.output).contains("secret"))
  }

  @Test("A login by a token's link does not outlast the token") func brief() throws {
    let fixture = try SchedulerFixture()
    let secret = try token(fixture, "brief", "read", lifetime: 2)
    let answer = try fixture.strangersRequest(.post, "/api/login", [:], headers: bearer(secret))
    let link = try #require(JSONValue(parsing: answer.body)["url"]?.string)
    let login = try fixture.strangersRequest(.get, link.from("/login"))
    let cookie: HTTPHeaders = ["Cookie": String((login.headers["Set-Cookie"] ?? "").prefix { $0 != ";" })]
    try waitUntil("the login has expired") {
      try fixture.strangersRequest(.get, "/", headers: cookie).status == 401
    }
  }

  @Test("With --open-reading, everybody on the machine can read and nobody can change")
  func openReading() throws {
    let fixture = try SchedulerFixture(["--open-reading"])
    #expect(try fixture.strangersRequest(.get, "/").status == 200)
    #expect(try fixture.strangersRequest(.get, "/api/jobs").status == 200)
    #expect(try fixture.strangersRequest(.get, "/api/tokens").status == 401)
    #expect(try fixture.strangersRequest(.post, "/api/jobs", [:]).status == 401)
    #expect(try fixture.strangersRequest(.post, "/api/login", [:]).status == 401)
  }

  @Test("A process on the port of a stopped scheduler receives no request of kilt")
  func portThief() throws {
    let fixture = try SchedulerFixture()
    let port = try #require(Int(fixture.address.split(separator: ":").last ?? ""))
    fixture.endScheduler(SIGTERM)
    // Records what it is sent.
    let log = fixture.scratch.appending("stolen")
    let program = """
      import http.server, sys
      class Thief(http.server.BaseHTTPRequestHandler):
          def do_GET(self):
              open(sys.argv[2], 'a').write(str(self.headers) + self.path)
              self.send_response(200); self.end_headers()
          do_POST = do_GET
      http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), Thief).serve_forever()
      """
    let output = try FileSystem.open(fixture.scratch.appending("thief.log"), .writeOnly, options: [.create, .append])
    defer { FileSystem.close(output) }
    let thief = try spawnDetached(
      "/usr/bin/env", ["python3", "-c", program, "\(port)", log.string, fixture.mark], output: output)
    defer {
      kill(thief, SIGKILL)
      waitpid(thief, nil, 0)
    }
    try waitUntil("the thief listens") { try TCPPorts.listening().contains(port) }
    // The address leads to the socket, in the state directory of the same user.
    func jobs(state: String) throws -> [JobSummary] {
      let variables = [
        "XDG_STATE_HOME": fixture.scratch.appending(state).string,
        "KILT_TOKEN": "kilt_secret@https://127.0.0.1:\(port)",
      ]
      return try SchedulerClient(
        SchedulerEndpoint(address: fixture.address, origin: .workspace) { variables[$0] }
      ).jobs()
    }
    #expect(throws: (any Error).self) { try jobs(state: ".local/state") }
    #expect(!FileSystem.exists(log))
    // A user without a scheduler asks the port, and shows no token.
    #expect(throws: (any Error).self) { try jobs(state: "elsewhere") }
    let seen = try FileSystem.readText(log)
    #expect(seen.contains("/api/jobs") && !seen.contains("kilt_secret") && !seen.contains("Authorization"))
  }

  @Test("Another user of the machine cannot reach the socket")
  func otherUsers() throws {
    guard getuid() == 0 else { return }
    let fixture = try SchedulerFixture()
    try FileSystem.setPermissions(0o711, of: fixture.scratch)
    func ask() throws -> Subprocess.Outcome {
      let user = ["--reuid=nobody", "--regid=nogroup", "--clear-groups"]
      let curl = ["curl", "-s", "-m", "60", "--unix-socket", fixture.socket.string, "http://localhost/api/jobs"]
      return try Subprocess("setpriv", user + curl).run()
    }
    let stranger = try ask()
    #expect(stranger.termination == .exited(7), "\(stranger.text)")
    // Even with the door open, the credentials of the peer decide.
    try FileSystem.setPermissions(0o755, of: fixture.state.appending("socket"))
    #expect(chmod(fixture.socket.string, 0o777) == 0)
    let inside = try ask()
    #expect(inside.text.contains("nobody lacks"), "\(inside.text)")
    #expect(try fixture.client().whoami()["rights"]?.strings == ["admin"])
  }
}

extension String {
  /// The text from where `part` begins; empty when it is not in it.
  fileprivate func from(_ part: String) -> String {
    indices.first { self[$0...].hasPrefix(part) }.map { String(self[$0...]) } ?? ""
  }
}
