import JSON
import JobModel
import Testing

@Suite struct CodingTests {
  private func roundTrip<Value: JSONCodable & Equatable>(_ value: Value) throws {
    let bytes = value.json.bytes(.compact)
    #expect(try Value(json: JSONValue(parsing: bytes)) == value)
  }

  @Test func aJobSurvivesTheWire() throws {
    try roundTrip(JobConfiguration.sample)
    var cron = JobConfiguration.sample
    cron.isService = false
    cron.cron = CronConfiguration(
      schedule: "*/5 * * * *", timeZone: "Europe/Amsterdam", collisionPolicy: .cancelNew)
    let checkers = [
      HealthChecker.shell(command: "true"), .tcp(port: "http"), .http(HTTPHealthChecker()),
      .http(HTTPHealthChecker(base: "http://other:80")), .logSilence(LogSilenceChecker(limit: .seconds(5))),
      .logSilence(LogSilenceChecker(process: "run", limit: .milliseconds(500))),
    ]
    for checker in checkers {
      cron.healthCheck = HealthCheckConfiguration(checker: checker)
      try roundTrip(cron)
    }
    try roundTrip(
      TaskAssignment(
        taskID: "t", instance: 1, configuration: cron, ports: ["http": 1, "x": 2], hostname: "h", release: 7))
  }

  @Test("Every update strategy, policy and container survives JSON")
  func policies() throws {
    for strategy in [
      UpdateStrategy.queue(batchSize: 2), .batch(batchSize: 3, autopause: true),
      .variableBatch(batchSizes: [1, 2], autopause: false),
    ] {
      try roundTrip(strategy)
      try roundTrip(UpdateConfiguration(strategy: strategy))
    }
    for policy in [
      SlaPolicy.count(1, duration: .seconds(2)), .percentage(50, duration: .seconds(60)),
      .coordinator(url: "http://localhost:8080", statusKey: "drain"),
    ] { try roundTrip(policy) }
    for container in [
      Container.mesos(image: nil), .mesos(image: .docker(name: "a", tag: "b")),
      .mesos(image: .appc(name: "a", imageID: "b")), .docker(image: "a:b", parameters: []),
    ] { try roundTrip(container) }
  }

  @Test("An update record without a strategy reads by its batch size", arguments: [false, true])
  func earlierUpdates(_ waits: Bool) throws {
    let json: JSONValue = ["batch_size": 4, "wait_for_batch_completion": .bool(waits), "watch": 5]
    let update = try UpdateConfiguration(json: json)
    #expect(update.strategy == (waits ? .batch(batchSize: 4, autopause: false) : .queue(batchSize: 4)))
    #expect(update.watch == .seconds(5) && update.batchSize == 4 && update.waitForBatchCompletion == waits)
    // Earlier schedulers find what they know.
    #expect(update.json["batch_size"]?.int == 4 && update.json["wait_for_batch_completion"]?.bool == waits)
  }

  @Test func statusesSurviveTheWire() throws {
    let key = JobConfiguration.sample.key
    let update = UpdateSummary(
      id: "u", key: key, status: .rollingBack, startedAt: Timestamp(milliseconds: 5), user: "ann", message: "m",
      instances: [0: .updated, 10: .rollingBack], total: 3)
    try roundTrip(update)
    try roundTrip(
      JobSummary(
        key: key, isService: true, instances: 2, counts: [.running: 1, .pending: 1], owner: "ann", update: update,
        isEnding: true))
    try roundTrip(
      InstanceStatus(
        instance: 1, taskID: "t", status: .throttled, since: Timestamp(milliseconds: 1), ports: ["a": 1],
        executorPID: 5, pids: [6, 7], message: "m", restarts: 2, isFlapping: true, isHealthy: false,
        artifacts: JobConfiguration.sample.task.artifacts))
    try roundTrip(TaskEvent(time: Timestamp(milliseconds: 1), status: .lost, message: nil))
  }

  @Test func absentFieldsTakeAurorasDefaults() throws {
    let job = try JobConfiguration(
      json: JSONValue(
        parsing: """
          {"key": "a/b/c/d", "task": {"name": "t", "resources": {"cpu": 1, "ram": 2, "disk": 3},
           "processes": [{"name": "p", "cmdline": "true"}]}}
          """))
    #expect(
      job
        == JobConfiguration(
          key: JobKey(cluster: "a", role: "b", stage: "c", name: "d"),
          task: TaskConfiguration(
            name: "t", processes: [ProcessConfiguration(name: "p", cmdline: "true")],
            resources: Resources(cpu: 1, ram: 2, disk: 3))))
  }

  @Test(arguments: [
    (#"{"key": "a/b/c/d"}"#, "field \"task\" is missing"),
    (#"{"key": 1}"#, "field \"key\" is not a string"),
    (#"[]"#, "the document is not an object"),
    (
      #"{"key": "a/b/c/d", "task": {"name": "t", "processes": [{"name": "p"}], "resources": {}}}"#,
      "field \"task.processes[0].cmdline\" is missing"
    ),
    (
      #"{"key": "a/b", "task": {"name": "t", "processes": [], "resources": {"cpu": 1, "ram": 2, "disk": 3}}}"#,
      "field \"key\": invalid job key \"a/b\": it has 2 of the 4 parts cluster/role/stage/name"
    ),
  ])
  func errorsNameTheField(_ text: String, _ message: String) throws {
    let json = try JSONValue(parsing: text)
    let error = #expect(throws: ModelError.self) { try JobConfiguration(json: json) }
    #expect(error?.description == message)
  }

  @Test func errorsListWhatAnEnumerationMayBe() throws {
    let json = try JSONValue(parsing: #"{"destination": "tape"}"#)
    let error = #expect(throws: ModelError.self) { try LoggerConfiguration(json: json) }
    #expect(error?.description == "field \"destination\" is \"tape\"; allowed: file, console, both, none")
  }
}
