import JSON
import JobModel
import Observability
import SchedulerClient
import SystemSupport
import TestServers
import Testing

/// Alerting rules and dashboards against a real Prometheus and its tools.
@Suite(.serialized) struct AlertTests {
  private static func configuration(_ alerts: [AlertRule] = []) -> JobConfiguration {
    JobConfiguration(
      key: JobKey(cluster: "c", role: "r", stage: "s", name: "n"), isService: true, instances: 2,
      task: TaskConfiguration(
        name: "n", processes: [ProcessConfiguration(name: "p", cmdline: "x")],
        resources: Resources(milliCPU: 1000, ram: 100, disk: 100)),
      healthCheck: HealthCheckConfiguration(checker: .tcp(port: "http")), alerts: alerts)
  }

  /// Series of an hour: of a job that is well, or of one that has every trouble.
  private static func series(isWell: Bool) -> [(name: String, labels: String, values: String)] {
    let job = "cluster=\"c\",role=\"r\",stage=\"s\",job=\"n\""
    let release = job + ",release=\"1\""
    let instance = job + ",instance=\"0\",release=\"1\""
    let quota = "cluster=\"c\",role=\"r\",resource=\"memory\""
    func value(_ well: String, _ ill: String) -> String { (isWell ? well : ill) + "x70" }
    return [
      (MetricName.restarts, instance, value("1+0", "0+1")), (MetricName.healthy, instance, value("1+0", "0+0")),
      (MetricName.wanted, release, "2+0x70"), (MetricName.instancesRunning, release, value("2+0", "1+0")),
      (MetricName.cpuSeconds, instance, value("0+6", "0+60")), (MetricName.cpuLimit, instance, "1+0x70"),
      (MetricName.memory, instance, value("50+0", "95+0")), (MetricName.memoryLimit, instance, "100+0x70"),
      (MetricName.disk, instance, value("50+0", "95+0")), (MetricName.diskLimit, instance, "100+0x70"),
      (MetricName.updateChangeTime, release, "0+0x70"), (MetricName.updateActive, release, value("0+0", "1+0")),
      (MetricName.quotaUsed, quota, value("50+0", "95+0")), (MetricName.quotaLimit, quota, "100+0x70"),
      (MetricName.quotaUsed, quota + ",stage=\"s\"", value("50+0", "60+0")),
      (MetricName.quotaLimit, quota + ",stage=\"s\"", "100+0x70"),
    ]
  }

  /// The test of `promtool test rules`: all rules fire in one world, and none in the other.
  private static func test(_ rules: AlertingRules) -> JSONValue {
    .members([
      "rule_files": ["rules.yml"], "evaluation_interval": "1m",
      "tests": .array(
        [true, false].map { isWell in
          .members([
            "interval": "1m",
            "input_series": .array(
              series(isWell: isWell).map {
                .members(["series": .string("\($0.name){\($0.labels)}"), "values": .string($0.values)])
              }),
            "alert_rule_test": .array(
              rules.rules.map { rule in
                .members([
                  "eval_time": "60m", "alertname": .string(rule.name),
                  "exp_alerts": isWell ? [] : [alert(rule)],
                ])
              }),
          ])
        }),
    ])
  }

  private static func alert(_ rule: AlertingRule) -> JSONValue {
    var labels = JSONObject([
      ("cluster", "c"), ("role", "r"), ("stage", "s"), ("job", "n"), ("severity", .string(rule.severity.rawValue)),
    ])
    switch rule.name {
    case "KiltQuota": labels["resource"] = "memory"
    case "KiltMissing", "KiltUpdateStuck": labels["release"] = "1"
    default:
      labels["release"] = "1"
      labels["instance"] = "0"
    }
    var texts = [rule.summary, rule.description]
    for (placeholder, value) in [
      ("{{ $labels.instance }}", "0"), ("{{ $labels.resource }}", "memory"), ("{{ $value }}", "1"),
      ("{{ $value | humanizeDuration }}", "1h 0m 0s"),
    ] {
      texts = texts.map { $0.split(separator: placeholder, omittingEmptySubsequences: false).joined(separator: value) }
    }
    return .members([
      "exp_labels": .object(labels),
      "exp_annotations": .members(["summary": .string(texts[0]), "description": .string(texts[1])]),
    ])
  }

  @Test("promtool confirms that rules fire for every problem and never for a healthy job") func rules() throws {
    let directory = try FileSystem.makeTemporaryDirectory(prefix: "alerts")
    defer { try? FileSystem.removeTree(directory) }
    let rules = AlertingRules(of: Self.configuration())
    #expect(rules.rules.count == AlertRule.Condition.allCases.count)
    try FileSystem.write(text: rules.yaml, to: directory.appending("rules.yml"))
    try promtool(["check", "rules", "rules.yml"], in: directory)
    try FileSystem.write(text: Self.test(rules).text(.pretty), to: directory.appending("test.yml"))
    let answer = try promtool(["test", "rules", "test.yml"], in: directory)
    #expect(answer.contains("SUCCESS"), "\(answer)")
    // JSON is the same file.
    try FileSystem.write(text: rules.json.text(.pretty), to: directory.appending("rules.yml"))
    #expect(try promtool(["test", "rules", "test.yml"], in: directory).contains("SUCCESS"))
  }

  @Test("The job file determines the rules, their conditions and their severity") func jobFile() throws {
    let rules = AlertingRules(
      of: Self.configuration([
        AlertRule(.memory, period: .seconds(7), threshold: 0.5, severity: .page),
        AlertRule(.flapping, isEnabled: false),
      ])
    ).rules
    #expect(!rules.contains { $0.name == "KiltFlapping" })
    let memory = try #require(rules.first { $0.name == "KiltMemory" })
    #expect(memory.comparison == "> 0.5" && memory.period == .seconds(7) && memory.severity == .page)
    #expect(memory.summary.contains("more than 50%"))
    var unlimited = Self.configuration()
    unlimited.healthCheck = nil
    unlimited.task.resources.disk = 0
    let names = AlertingRules(of: unlimited).rules.map(\.name)
    #expect(!names.contains("KiltDisk") && !names.contains("KiltUnhealthy"))
    var none = Self.configuration(AlertRule.Condition.allCases.map { AlertRule($0, isEnabled: false) })
    none.key.name = "none"
    let directory = try FileSystem.makeTemporaryDirectory(prefix: "alerts")
    defer { try? FileSystem.removeTree(directory) }
    try FileSystem.write(text: AlertingRules(of: none).yaml, to: directory.appending("rules.yml"))
    try promtool(["check", "rules", "rules.yml"], in: directory)
  }

  @Test("Every query of dashboards and alerts returns data from a Prometheus that scrapes a real job") func queries()
    throws
  {
    let settings = try ConfigurationFile(
      "[policy.quotas]\n\"\(SchedulerFixture.user)\" = {cpu = 16, ram = \"64GB\", disk = \"500GB\"}")
    let fixture = try SchedulerFixture(["--config", settings.path])
    var job = fixture.job(instances: 1)
    job.update.watch = .milliseconds(100)
    let client = try fixture.client()
    try client.create(job)
    _ = try fixture.waitUntilRunning(job.key, 1)
    job.instances = 2
    _ = try client.update(job)
    _ = try fixture.waitUntilRunning(job.key)
    let rules = AlertingRules(of: job)
    let file = fixture.scratch.appending("rules.yml")
    try FileSystem.write(text: rules.yaml, to: file)
    let server = try PrometheusServer(scraping: fixture, rules: file)
    let cluster = job.key.cluster
    let dashboards = [
      Dashboard(of: job), Dashboard(cluster: cluster, role: job.key.role), Dashboard(cluster: cluster),
    ]
    let queries = dashboards.flatMap(\.queries) + rules.rules.map(\.value)
    #expect(queries.count > 40)
    for query in Set(queries) {
      // What Grafana puts there is at least four scrapes.
      let filled = query.split(separator: "$__rate_interval").joined(separator: "1m")
      try waitUntil("data of \(filled)") { try !server.query(filled).isEmpty }
    }
    #expect(try server.query("ALERTS{alertstate=\"firing\"}").isEmpty)
  }

  @Test("Panels of requests have data from the port metrics of a task, which Prometheus finds with the job's labels")
  func requestPanels() throws {
    let fixture = try SchedulerFixture()
    var job = fixture.job(instances: 1)
    job.announce = Announcer(primaryPort: "http")
    job.task.processes.append(
      ProcessConfiguration(
        name: "metrics",
        cmdline: """
          exec python3 -c "
          import http.server, itertools
          numbers, time = itertools.count(1), 'http_request_duration_seconds'
          LINES = ['# TYPE http_requests_total counter', 'http_requests_total{code=\\"200\\"} %d', '# TYPE ' + time + ' histogram']
          LINES += [time + '_bucket{le=\\"0.1\\"} %d', time + '_bucket{le=\\"+Inf\\"} %d', time + '_sum 1', time + '_count %d', '']
          class Handler(http.server.BaseHTTPRequestHandler):
              def do_GET(self):
                  self.send_response(200); self.send_header('Content-Type', 'text/plain; version=0.0.4'); self.end_headers()
                  self.wfile.write((chr(10).join(LINES) % ((next(numbers),) * 4)).encode())
          http.server.HTTPServer(('127.0.0.1', {{thermos.ports[metrics]}}), Handler).serve_forever()
          "
          """))
    try fixture.client().create(job)
    _ = try fixture.waitUntilRunning(job.key, 1)
    let server = try PrometheusServer(scraping: fixture, discovery: true, port: "metrics")
    let requests = Dashboard(of: job).queries.filter { $0.contains("http_request") }
    #expect(requests.count == 3)
    for query in requests {
      let filled = query.split(separator: "$__rate_interval").joined(separator: "1m")
      try waitUntil("data of \(filled)") { try !server.query(filled).isEmpty }
    }
    let labels = try #require(server.query("http_requests_total").first?["metric"])
    #expect(
      labels["job"]?.string == job.key.name && labels["stage"]?.string == "devel" && labels["instance"]?.string == "0"
        && labels["role"]?.string == job.key.role && labels["cluster"]?.string == "devcluster"
        && labels["release"]?.string == "1" && labels["code"]?.string == "200", "\(labels)")
  }
}
