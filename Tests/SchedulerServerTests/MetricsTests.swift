import Glibc
import HTTPClient
import JSON
import JobModel
import Observability
import SchedulerClient
import SystemSupport
import TestServers
import Testing

/// The metrics of the built scheduler, as real monitoring systems take them.
@Suite(.serialized) struct MetricsTests {
  private static let labels = ["cluster", "role", "stage", "job", "instance", "release"]

  @Test("A Prometheus with a read token scrapes metrics in which promtool finds no fault") func prometheus() throws {
    let configuration = try ConfigurationFile(
      "[policy.quotas]\n\"www-data\" = {cpu = 16, ram = \"64GB\", disk = \"500GB\"}")
    let fixture = try SchedulerFixture(["--config", configuration.path])
    try fixture.client().create(fixture.job())
    let instances = try fixture.waitUntilRunning()
    let metrics = try fixture.request(.get, "/metrics")
    #expect(metrics.headers["Content-Type"]?.hasPrefix("text/plain; version=0.0.4") == true)
    #expect(try promtool(["check", "metrics"], input: metrics.body, in: fixture.scratch) == "")
    let server = try PrometheusServer(scraping: fixture)
    for name in [
      MetricName.cpuSeconds, MetricName.cpuLimit, MetricName.memory, MetricName.memoryLimit,
      MetricName.memoryHighWater, MetricName.disk, MetricName.diskLimit, MetricName.processes, MetricName.processLimit,
      MetricName.restarts, MetricName.healthy, MetricName.running, MetricName.flapping, MetricName.startTime,
    ] {
      var found: [JSONValue] = []
      try waitUntil("Prometheus has \(name)") {
        found = try server.query(name)
        return found.count == 2
      }
      for sample in found {
        let metric = try #require(sample["metric"])
        for label in Self.labels { #expect(metric[label]?.string?.isEmpty == false, "\(name) \(label)") }
        #expect(metric["job"]?.string == "pinger" && metric["stage"]?.string == "devel")
      }
    }
    func value(_ query: String) throws -> Double? {
      try server.query(query).first?["value"]?.array?.last?.string.flatMap { Double($0) }
    }
    #expect(try value("sum(\(MetricName.memoryLimit))") == Double(2 * 128 << 20))
    #expect(try value("sum(\(MetricName.cpuLimit))") == 0.8)
    #expect(try value("\(MetricName.wanted){job=\"pinger\"}") == 2)
    #expect(try value("sum(\(MetricName.stateChanges){state=\"RUNNING\"})") == 2)
    #expect(try value("\(MetricName.quotaLimit){role=\"www-data\",resource=\"cpu\"}") == 16)
    for name in [
      MetricName.timeToAssigned, MetricName.timeToRunning, MetricName.releaseTime, MetricName.queue,
      "\(MetricName.storeSeconds)_count", MetricName.events, MetricName.hostCPU, MetricName.updates,
      MetricName.updateActive, "kilt_scheduler_database_bytes", "process_resident_memory_bytes",
    ] {
      #expect(try !server.query(name).isEmpty, "\(name)")
    }
    // An instance that dies is counted, with the state that it died in.
    kill(try fixture.server(of: instances[0]), 9)
    try waitUntil("its failure and its restart are seen") {
      try value("sum(\(MetricName.stateChanges){state=\"FAILED\"})") == 1
        && value("sum(\(MetricName.restarts))") == 1 && value("\(MetricName.jobFailures){job=\"pinger\"}") == 1
    }
  }

  @Test("A database accepts the same metrics by OpenTSDB's telnet and HTTP protocols", arguments: ["telnet", "http"])
  func openTSDB(scheme: String) throws {
    let scratch = try FileSystem.makeTemporaryDirectory(prefix: "tsdb")
    defer { try? FileSystem.removeTree(scratch) }
    let ports = try (0..<2).map { _ in try LoopbackPorts.free() }
    let configuration = try ConfigurationFile(
      "[metrics]\nopentsdb = \"\(scheme)://127.0.0.1:\(ports[0])\"\ninterval_secs = 1")
    let fixture = try SchedulerFixture(["--config", configuration.path])
    try fixture.client().create(fixture.job(instances: 1))
    _ = try fixture.waitUntilRunning(SchedulerFixture.key(), 1)
    // Before the database is there, points are dropped and counted.
    func metric(_ name: String) throws -> Double? {
      try fixture.request(.get, "/metrics").text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
        .flatMap { $0.split(separator: " ").last }.flatMap { Double($0) }
    }
    try waitUntil("points are dropped") { try metric("kilt_opentsdb_dropped_total") ?? 0 > 0 }
    let database = try ServerProcess(
      "victoria-metrics", package: "victoria-metrics", in: scratch,
      [
        "-storageDataPath=\(scratch)/data", "-httpListenAddr=127.0.0.1:\(ports[1])",
        "-opentsdbListenAddr=127.0.0.1:\(ports[0])", "-search.latencyOffset=0s",
      ])
    try waitUntil("points are sent") { try metric("kilt_opentsdb_sent_total") ?? 0 > 0 }
    var sample: JSONValue?
    try waitUntil("the database has the memory of the instance") {
      let address =
        "http://127.0.0.1:\(ports[1])/api/v1/query?query=\(MetricName.memoryLimit)&nocache=1"
      let answer = try HTTPClient(retry: .never).send(HTTPRequest(.get, address))
      sample = try JSONValue(parsing: answer.body)["data"]?["result"]?.array?.first
      return sample != nil
    }
    for label in Self.labels { #expect(sample?["metric"]?[label]?.string?.isEmpty == false, "\(label)") }
    #expect(sample?["value"]?.array?.last?.string == "\(128 << 20)")
    _ = consume database
  }
}
