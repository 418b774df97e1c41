import Discovery
import JSON
import JobModel
import Testing

@Suite struct ServiceTests {
  static let key = JobKey(cluster: "aa", role: "cbe", stage: "prod", name: "eightball")

  static func instance(_ shard: Int, host: String = "h1", release: Int? = 3) -> ServiceInstance {
    ServiceInstance(
      shard: shard, taskID: TaskID("t\(shard)"),
      announcement: Announcement(host: host, port: 31000 + shard, endpoints: ["http": 31000 + shard, "jmx": 9000]),
      health: .healthy, release: release, commit: "3f2c9d1e8a7b")
  }

  @Test("A catalogue survives its JSON form")
  func roundTrip() throws {
    let services = [
      Service(
        key: Self.key, instances: [Self.instance(0), Self.instance(1, release: nil)],
        withdrawn: [
          WithdrawnInstance(
            shard: 2, taskID: TaskID("t2"), status: .starting, reason: "the task is not running yet", isUnknown: true)
        ])
    ]
    #expect(try Service.catalogue(JSONValue(parsing: Service.json(services).bytes())) == services)
  }

  @Test(
    "A catalogue with a wrong field names the field",
    arguments: [
      ("{}", "services"), (#"{"services": [{"key": "a/b"}]}"#, "services[0].key"),
      (#"{"services": [{"key": "a/b/c/d", "instances": [{"shard": "x"}]}]}"#, "services[0].instances[0].shard"),
    ])
  func wrongFields(_ text: String, _ field: String) throws {
    let error = #expect(throws: ModelError.self) { try Service.catalogue(JSONValue(parsing: Array(text.utf8))) }
    #expect(error?.path == field)
  }

  @Test("Prometheus receives one group per instance that has the port")
  func prometheus() {
    let service = Service(key: Self.key, instances: [Self.instance(0), Self.instance(1, host: "::1", release: nil)])
    let groups = PrometheusTargets.json([service], port: "jmx").array ?? []
    #expect(groups.map { $0["targets"]?.strings } == [["h1:9000"], ["[::1]:9000"]])
    #expect(groups[0]["labels"]?["job"] == "eightball" && groups[0]["labels"]?["release"] == "3")
    #expect(groups[1]["labels"]?["release"] == nil)
    #expect(PrometheusTargets.json([service], port: nil).array?.first?["targets"]?.strings == ["h1:31000"])
    #expect(PrometheusTargets.json([service], port: "none") == [])
  }

  @Test("An announcement has all assigned ports and resolves aliases")
  func announcement() {
    let task = TaskConfiguration(name: "t", processes: [], resources: Resources(cpu: 1, ram: 1, disk: 1))
    func announcement(_ announcer: Announcer?, _ ports: [String: Int]) -> Announcement? {
      Announcement(
        of: TaskAssignment(
          taskID: TaskID("t"), instance: 0,
          configuration: JobConfiguration(key: Self.key, task: task, announce: announcer),
          ports: ports, hostname: "h1"))
    }
    #expect(announcement(nil, ["http": 1]) == nil)
    #expect(announcement(Announcer(), ["other": 1]) == nil)
    #expect(
      announcement(Announcer(), ["http": 1]) == Announcement(host: "h1", port: 1, endpoints: ["http": 1, "aurora": 1]))
    #expect(
      announcement(
        Announcer(primaryPort: "a", portmap: ["a": .alias("b"), "b": .alias("c"), "c": .number(9), "x": .alias("x")]),
        [:])
        == Announcement(host: "h1", port: 9, endpoints: ["a": 9, "b": 9, "c": 9]))
  }
}
