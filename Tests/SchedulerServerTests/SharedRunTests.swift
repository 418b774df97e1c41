import Glibc
import HTTPClient
import JSON
import JobModel
import Pipelines
import SchedulerClient
import SystemSupport
import TestServers
import Testing

/// Runs of pipelines in a real PostgreSQL, under built schedulers with real executors.
@Suite(.serialized) struct SharedRunTests {
  /// A PostgreSQL, and a scheduler's configuration that names it.
  private final class Place {
    let server: PostgresServer
    let directory: FilePath

    init() throws {
      server = try PostgresServer()
      directory = try FileSystem.makeTemporaryDirectory(prefix: "runs")
      try FileSystem.write(
        text: "[pipelines]\nstore = \"\(server.url)\"\nlease_secs = 2\n", to: directory.appending("config.toml"))
    }

    deinit { do { try FileSystem.removeTree(directory) } catch { Issue.record("\(error)") } }

    var options: [String] { ["--config", directory.appending("config.toml").string] }

    /// A command that ends when the PostgreSQL no longer listens.
    var untilAway: String {
      "bash -c 'while (exec 3<>/dev/tcp/127.0.0.1/\(server.port)) 2>/dev/null; do sleep 0.1; done'"
    }
  }

  private static func start(_ fixture: SchedulerFixture, _ steps: [PipelineStep]) throws -> String {
    let definition = PipelineDefinition(
      name: "demo", role: SchedulerFixture.user,
      steps: steps.map { step in
        var step = step
        step.resources = Resources(milliCPU: 200, ram: 64 << 20, disk: 16 << 20, processes: 32)
        return step
      })
    let answer = try fixture.client().startPipeline(["definition": definition.json, "stage": "devel"])
    return try #require(answer["run"]?.string)
  }

  private static func wait(
    _ fixture: SchedulerFixture, _ id: String, _ what: String, _ condition: (PipelineRun, String?) -> Bool
  ) throws {
    var last: JSONValue?
    let client = try fixture.client()
    do {
      try waitUntil(what) {
        let answer = try client.pipelineRun(id)
        last = answer
        return condition(try PipelineRun(statusJSON: answer), answer["waits"]?.string)
      }
    } catch {
      let log = try FileSystem.readText(fixture.scratch.appending("scheduler.log"))
      Issue.record("the run: \(last?.text(.pretty) ?? "none")\n\(log)")
      throw error
    }
  }

  @Test("A step that ends while the database is away is not lost, and nothing starts before it is back")
  func databaseAway() throws {
    let place = try Place()
    let fixture = try SchedulerFixture(place.options)
    let id = try Self.start(
      fixture,
      [
        PipelineStep(name: "slow", command: place.untilAway + #"; echo '{"n": 7}' >"$KILT_OUTPUT""#),
        PipelineStep(name: "after", after: ["slow"], command: "true"),
      ])
    try Self.wait(fixture, id, "the first step runs") { run, _ in
      run.activeKeys.contains { run[$0]?.status == .running }
    }
    try waitUntil("the database has the attempt") {
      try place.server.query("SELECT status FROM pipeline_attempts") == ["running"]
    }
    try place.server.stop()
    try Self.wait(fixture, id, "the first step ends without the database") { run, _ in run.steps[0].status == .succeeded
    }
    // Not even a new process of the scheduler starts anything now.
    fixture.endScheduler(SIGKILL)
    try fixture.start()
    try Self.wait(fixture, id, "the run waits") { run, waits in
      waits?.hasPrefix("waits for the store of runs: ") == true && run.steps[0].status == .succeeded
        // The next attempt can be asked for already, when the step's end came first: it does not start.
        && run.activeKeys.allSatisfy { run[$0]?.status == .queued }
    }
    try place.server.start()
    try Self.wait(fixture, id, "the run ends") { run, _ in run.status == .succeeded }
    try waitUntil("the database has the end of the run") {
      try place.server.query("SELECT status FROM pipeline_runs") == ["succeeded"]
    }
    let attempts = try place.server.query("SELECT step, attempt, status FROM pipeline_attempts ORDER BY fence")
    #expect(attempts == ["slow|1|succeeded", "after|1|succeeded"], "\(attempts)")
    #expect(try place.server.query("SELECT output->>'n' FROM pipeline_outputs WHERE step = 'slow'") == ["7"])
    let metrics = String(decoding: try fixture.request(.get, "/metrics").body, as: UTF8.self)
    #expect(metrics.contains("kilt_pipeline_store_up{cluster=\"devcluster\"} 1"))
    #expect(metrics.contains("kilt_pipeline_runs{cluster=\"devcluster\",role=\"\(SchedulerFixture.user)\""))
  }

  @Test("A second scheduler takes a run over, and the stray first one ends its attempts and writes nothing")
  func takeover() throws {
    let place = try Place()
    let first = try SchedulerFixture(place.options)
    let id = try Self.start(
      first,
      [
        PipelineStep(name: "done", command: #"echo '{"n": 7}' >"$KILT_OUTPUT""#),
        PipelineStep(
          name: "long", after: ["done"],
          command: #"test "$KILT_ATTEMPT" -gt 1 || sleep 600; cp "$KILT_INPUT" "$KILT_OUTPUT""#),
      ])
    try Self.wait(first, id, "the second step runs") { run, _ in
      run.steps[1].partitions?.first?.attempt?.status == .running
    }
    // It hears and says nothing any more, as behind a broken switch; its attempt runs on.
    kill(first.pid, SIGSTOP)
    defer { kill(first.pid, SIGCONT) }
    let second = try SchedulerFixture(place.options)
    try waitUntil("the second scheduler has the run") { try second.request(.get, "/api/pipelines/\(id)").status == 200 }
    try Self.wait(second, id, "the run ends there") { run, _ in run.status == .succeeded }
    try waitUntil("the database has the end of the run") {
      try place.server.query("SELECT status FROM pipeline_runs") == ["succeeded"]
    }
    kill(first.pid, SIGCONT)
    try waitUntil("the first scheduler ends its attempt") {
      try first.request(.get, "/api/pipelines/\(id)").status == 404 && first.executors().isEmpty
    }
    let attempts = try place.server.query("SELECT step, attempt, status FROM pipeline_attempts ORDER BY fence")
    #expect(attempts == ["done|1|succeeded", "long|1|lost", "long|2|succeeded"], "\(attempts)")
    let holder = try place.server.query("SELECT holder FROM pipeline_leases")
    #expect(holder.first?.hasSuffix(second.state.string) == true, "\(holder)")
    let output = try place.server.query(
      "SELECT output->'inputs'->'done'->0->'output'->>'n' FROM pipeline_outputs WHERE step = 'long'")
    #expect(output == ["7"])
  }

  @Test("Settings of the store are checked, and its password is not shown") func settings() throws {
    let directory = try FileSystem.makeTemporaryDirectory(prefix: "runs")
    defer { do { try FileSystem.removeTree(directory) } catch { Issue.record("\(error)") } }
    for (text, message) in [
      ("store = \"mysql://x\"", "begins with postgresql://"), ("", "begins with postgresql://"),
      ("store = \"postgresql://x\"\nlease = 3", "unknown key \"lease\""),
      ("store = \"postgresql://x\"\nlease_secs = 0", "from 2 to 600"),
    ] {
      try FileSystem.write(text: "[pipelines]\n\(text)\n", to: directory.appending("config.toml"))
      let outcome = try Subprocess(
        try SchedulerFixture.program("kilt-scheduler").string,
        [
          "--state-directory", directory.appending("state").string, "--listen", "127.0.0.1:0", "--config",
          directory.appending("config.toml").string,
        ]
      ).run()
      #expect(outcome.termination == .exited(2) && outcome.errorText.contains(message), "\(outcome.errorText)")
    }
    let port = try LoopbackPorts.free()
    try FileSystem.write(
      text: "[pipelines]\nstore = \"postgresql://ann:secret@127.0.0.1:\(port)/kilt\"\n",
      to: directory.appending("config.toml"))
    let fixture = try SchedulerFixture(["--config", directory.appending("config.toml").string])
    let log = fixture.scratch.appending("scheduler.log")
    try waitUntil("the scheduler says that its store is away") {
      try FileSystem.readText(log).contains("pipeline runs wait for postgresql://ann:***@127.0.0.1:\(port)/kilt")
    }
    #expect(try !FileSystem.readText(log).contains("secret"))
  }
}
