import Glibc
import HTTPClient
import JSON
import JobModel
import Observability
import SchedulerClient
import SystemSupport
import TestServers
import Testing

/// Webhooks of the built scheduler against a real HTTP server that fails and stalls.
@Suite(.serialized) struct WebhookTests {
  /// A receiver in Python: the file `mode` says whether it takes a notice (`ok`), fails (`500`, `400`) or stalls.
  private final class Receiver {
    let directory: FilePath
    let port: Int
    private let process: ServerProcess

    private static let program = """
      import hashlib, hmac, http.server, json, pathlib, sys, time
      place = pathlib.Path(sys.argv[2])
      class Handler(http.server.BaseHTTPRequestHandler):
          def do_POST(self):
              body = self.rfile.read(int(self.headers['Content-Length']))
              mode = (place / 'mode').read_text()
              with open(place / 'tries', 'a') as tries: tries.write(mode + ' ' + self.path + '\\n')
              if mode == 'stall': time.sleep(60)
              code = 200 if mode == 'ok' else int(mode) if mode.isdigit() else 500
              if code == 200:
                  sign = dict(p.split('=') for p in self.headers.get('Kilt-Signature', 't=,v1=').split(','))
                  mac = hmac.new(b'a secret', (sign['t'] + '.').encode() + body, hashlib.sha256).hexdigest()
                  entry = {'path': self.path, 'signed': mac == sign['v1'], 'id': self.headers['Kilt-Delivery'],
                           'event': self.headers['Kilt-Event'], 'authorization': self.headers.get('Authorization', ''),
                           'body': json.loads(body)}
                  with open(place / 'taken', 'a') as taken: taken.write(json.dumps(entry) + '\\n')
              self.send_response(code); self.send_header('Content-Length', '0'); self.end_headers()
          def log_message(self, *a): pass
      http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()
      """

    init() throws {
      directory = try FileSystem.makeTemporaryDirectory(prefix: "receiver")
      port = try LoopbackPorts.free()
      try FileSystem.write(text: Self.program, to: directory.appending("receiver.py"))
      try FileSystem.write(text: "ok", to: directory.appending("mode"))
      for name in ["secret", "token", "routing"] {
        try FileSystem.write(text: "a \(name)\n", to: directory.appending(name), permissions: 0o600)
      }
      process = try ServerProcess(
        "python3", package: "python3", in: directory,
        [directory.appending("receiver.py").string, "\(port)", directory.string])
    }

    deinit { try? FileSystem.removeTree(directory) }

    func set(_ mode: String) throws { try FileSystem.write(text: mode, to: directory.appending("mode")) }

    private func lines(_ name: String) throws -> [String] {
      let file = directory.appending(name)
      return FileSystem.exists(file) ? try FileSystem.readText(file).split(separator: "\n").map(String.init) : []
    }

    func tries(_ mode: String) throws -> Int { try lines("tries").count { $0.hasPrefix(mode + " ") } }

    func taken(_ path: String) throws -> [JSONValue] {
      try lines("taken").map { try JSONValue(parsing: $0) }.filter { $0["path"]?.string == path }
    }

    func hook(_ name: String, _ rest: String) -> String {
      "[[webhooks]]\nname = \"\(name)\"\nurl = \"http://127.0.0.1:\(port)/\(name)\"\n\(rest)\n"
    }
  }

  private func dying(_ fixture: SchedulerFixture, _ name: String) -> JobConfiguration {
    var job = fixture.job(name, instances: 1)
    job.healthCheck = nil
    job.task.processes[0].cmdline = "exit 3"
    return job
  }

  @Test("Notices survive failures, stalls and kills of the scheduler, signed, in order and each once")
  func retries() throws {
    let receiver = try Receiver()
    let secret = "secret_file = \"\(receiver.directory)/secret\""
    let settings = try ConfigurationFile(
      receiver.hook("all", secret) + receiver.hook("none", "keys = [\"*/*/prod/*\"]\nevents = [\"task_failed\"]"))
    let fixture = try SchedulerFixture(["--config", settings.path])
    try receiver.set("500")
    try fixture.client().create(dying(fixture, "dies"))
    try waitUntil("the receiver has failed") { try receiver.tries("500") >= 2 }
    fixture.endScheduler(SIGKILL)
    try receiver.set("stall")
    try fixture.start()
    try waitUntil("the receiver stalls") { try receiver.tries("stall") >= 1 }
    // A stalled receiver keeps nothing waiting.
    try fixture.client().create(dying(fixture, "other"))
    _ = try fixture.waitForInstances(SchedulerFixture.key("other"), "it has died") { $0.first?.status == .throttled }
    try fixture.client().kill(SchedulerFixture.key("other"))
    try waitUntil("the notice of the kill is stored") {
      try FileSystem.readText(fixture.state.appending("webhooks.json")).contains("job_killed")
    }
    fixture.endScheduler(SIGKILL)
    try receiver.set("ok")
    try fixture.start()
    try waitUntil("all have come") { try receiver.taken("/all").contains { $0["event"] == "job_killed" } }
    let taken = try receiver.taken("/all")
    #expect(taken.allSatisfy { $0["signed"] == true })
    let identities = taken.compactMap { $0["id"]?.string }
    #expect(Set(identities).count == identities.count, "\(identities)")
    let events = taken.compactMap { notice -> String? in
      guard let body = notice["body"], let job = body["job"]?.string, let event = body["event"]?.string else {
        return nil
      }
      return "\(job) \(event)"
    }
    let first = try #require(events.firstIndex(of: "dies task_failed"))
    #expect(try #require(events.firstIndex(of: "dies task_flapping")) > first, "\(events)")
    #expect(Set(events).isSuperset(of: ["other task_failed", "other task_flapping", "other job_killed"]))
    #expect(try receiver.taken("/none").isEmpty)
    try waitUntil("nothing waits for the receiver") {
      try fixture.request(.get, "/metrics").text.contains("kilt_webhook_queue{webhook=\"all\"} 0\n")
    }
  }

  @Test("Receivers get their own form: Slack, PagerDuty, Alertmanager, Grafana") func templates() throws {
    let receiver = try Receiver()
    let directory = receiver.directory
    let started = "events = [\"update_started\", \"update_finished\", \"task_failed\", \"quota_refused\"]"
    let settings = try ConfigurationFile(
      """
      [policy.quotas]
      "\(SchedulerFixture.user)" = {cpu = 1, ram = "64GB", disk = "500GB"}
      \(receiver.hook("slack", "template = \"slack\"\n\(started)"))
      \(receiver.hook("pd", "template = \"pagerduty\"\nrouting_key_file = \"\(directory)/routing\"\n\(started)"))
      \(receiver.hook("am", "template = \"alertmanager\"\n\(started)"))
      \(receiver.hook("grafana", "template = \"grafana\"\ntoken_file = \"\(directory)/token\"\n\(started)"))
      """)
    let fixture = try SchedulerFixture(["--config", settings.path])
    let client = try fixture.client()
    var job = dying(fixture, "dies")
    try client.create(job)
    #expect(throws: (any Error).self) { try client.create(fixture.job("large", instances: 8)) }
    var calm = fixture.job("calm", instances: 1)
    calm.healthCheck = nil
    calm.task.processes[0].cmdline = "exec sleep 600"
    calm.update.watch = .milliseconds(100)
    try client.create(calm)
    calm.task.processes[0].cmdline = "exec sleep 601"
    _ = try client.update(calm)
    job = calm
    let paths = ["/slack", "/pd", "/am", "/grafana"]
    for path in paths {
      try waitUntil("\(path) has all") {
        Set(try receiver.taken(path).compactMap { $0["event"]?.string })
          .isSuperset(of: ["update_started", "update_finished", "task_failed", "quota_refused"])
      }
    }
    func body(_ path: String, _ event: String) throws -> JSONValue? {
      try receiver.taken(path).first { $0["event"]?.string == event }?["body"]
    }
    let slack = try body("/slack", "task_failed")
    #expect(slack?["text"]?.string?.contains("dies/0 failed") == true && slack?["blocks"]?.array?.count == 2)
    let page = try body("/pd", "task_failed")
    #expect(page?["routing_key"] == "a routing" && page?["event_action"] == "trigger")
    #expect(page?["payload"]?["severity"] == "error" && page?["payload"]?["component"] == "dies")
    let alert = try body("/am", "quota_refused")?.array?.first
    #expect(alert?["labels"]?["alertname"] == "KiltQuotaRefused" && alert?["labels"]?["job"] == "large")
    let mark = try body("/grafana", "update_started")
    #expect(mark?["tags"]?.strings?.contains("calm") == true && mark?["time"]?.int ?? 0 > 1_600_000_000_000)
    #expect(try receiver.taken("/grafana").allSatisfy { $0["authorization"] == "Bearer a token" })
    // A resumed update is not started again.
    #expect(try receiver.taken("/slack").count { $0["event"] == "update_started" } == 1)
    _ = job
  }

  @Test(
    "An invalid entry of webhooks is refused at the start with the reason",
    arguments: [
      ("name = \"a\"", "no \"url\""), ("name = \"a b\"\nurl = \"http://x\"", "no \"name\""),
      ("name = \"a\"\nurl = \"http://x\"\ntemplate = \"slak\"", "unknown template"),
      ("name = \"a\"\nurl = \"http://x\"\nevents = [\"task_lots\"]", "unknown event \"task_lots\""),
      ("name = \"a\"\nurl = \"http://x\"\nsecret_file = \"/no/such\"", "cannot read \"/no/such\""),
      ("name = \"a\"\nurl = \"http://x\"\ntemplate = \"pagerduty\"", "routing_key_file"),
      ("name = \"a\"\nurl = \"http://x\"\ncolour = 1", "unknown key \"colour\""),
    ])
  func wrong(entry: String, problem: String) throws {
    let settings = try ConfigurationFile("[[webhooks]]\n\(entry)")
    let scratch = try FileSystem.makeTemporaryDirectory(prefix: "wrong")
    defer { try? FileSystem.removeTree(scratch) }
    let outcome = try Subprocess(
      try SchedulerFixture.program("kilt-scheduler").string,
      ["--state-directory", scratch.string, "--listen", "127.0.0.1:0", "--config", settings.path],
      environment: environmentStrings(), deadlineMilliseconds: 30_000
    ).run()
    #expect(outcome.termination == .exited(problem.hasPrefix("cannot read") ? 3 : 2))
    #expect(outcome.errorText.contains(problem), "\(outcome.errorText)")
  }
}
