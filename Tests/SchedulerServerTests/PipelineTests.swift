import Glibc
import HTTPClient
import JSON
import JobModel
import Pipelines
import SchedulerClient
import SystemSupport
import TestServers
import Testing

/// Runs of pipelines under the built scheduler, with real executors.
@Suite(.serialized) struct PipelineTests {
  private static func definition(_ steps: [PipelineStep]) -> PipelineDefinition {
    PipelineDefinition(
      name: "demo", role: SchedulerFixture.user,
      parameters: [PipelineParameter(name: "word", kind: .string)],
      steps: steps.map { step in
        var step = step
        step.resources = Resources(milliCPU: 200, ram: 64 << 20, disk: 16 << 20, processes: 32)
        return step
      })
  }

  private static func start(_ fixture: SchedulerFixture, _ steps: [PipelineStep]) throws -> PipelineRun {
    let body: JSONValue = [
      "definition": definition(steps).json, "stage": "devel", "parameters": ["word": "hello"],
    ]
    return try PipelineRun(statusJSON: try fixture.client().startPipeline(body))
  }

  private static func wait(
    _ fixture: SchedulerFixture, _ id: String, _ what: String, _ condition: (PipelineRun) -> Bool
  ) throws -> PipelineRun {
    var last: PipelineRun?
    let client = try fixture.client()
    do {
      try waitUntil(what) {
        let run = try PipelineRun(statusJSON: try client.pipelineRun(id))
        last = run
        return condition(run)
      }
    } catch {
      Issue.record("the run: \(last.map { $0.statusJSON.text(.pretty) } ?? "none")")
      throw error
    }
    return try #require(last)
  }

  @Test("A failing partition is marked and retried; outputs pass on; a killed scheduler repeats nothing that is done")
  func wholeRun() throws {
    let fixture = try SchedulerFixture()
    let run = try Self.start(
      fixture,
      [
        PipelineStep(name: "list", command: #"echo '{"names": ["x", "y"]}' >"$KILT_OUTPUT""#),
        PipelineStep(
          name: "each",
          command:
            #"echo "$KILT_PARTITION $KILT_PARAM_WORD" >&2; test "$KILT_PARTITION-$KILT_ATTEMPT" != y-1 || exit 3; "#
            + #"printf '{"key": "%s"}' "$KILT_IDEMPOTENCY_KEY" >"$KILT_OUTPUT""#,
          partitions: .output(step: "list", key: "names"), onFailure: .continue),
        PipelineStep(name: "sum", after: ["each"], command: #"cp "$KILT_INPUT" "$KILT_OUTPUT""#),
      ])
    let failed = try Self.wait(fixture, run.id, "the run ends") { $0.status.isTerminal }
    #expect(failed.status == .failed && failed.steps.map(\.status) == [.succeeded, .failed, .skipped])
    #expect(failed.steps[1].partitions?.map(\.status) == [.succeeded, .failed])
    let log = try fixture.client().log(
      JobKey(cluster: "devcluster", role: SchedulerFixture.user, stage: "devel", name: "\(run.id).each"), instance: 1,
      task: try #require(failed.steps[1].partitions?[1].attempt?.task), process: "step", stream: "stderr")
    #expect(String(decoding: log, as: UTF8.self) == "y hello\n")
    let grid = try fixture.request(.get, "/pipelines")
    #expect(grid.status == 200 && String(decoding: grid.body, as: UTF8.self).contains(run.id))
    let page = try fixture.request(.get, "/pipelines/\(run.id)")
    #expect(page.status == 200 && String(decoding: page.body, as: UTF8.self).contains("each[y]"))
    #expect(try fixture.request(.get, "/pipelines/\(run.id)/graph.svg").status == 200)

    fixture.endScheduler(SIGKILL)
    try fixture.start()
    _ = try fixture.client().retryPipeline(run.id)
    let done = try Self.wait(fixture, run.id, "the retried run ends") { $0.status.isTerminal }
    #expect(done.status == .succeeded)
    #expect(done.steps[1].partitions?.map(\.attempts) == [1, 2])
    let inputs = done.steps[2].partitions?[0].output?["inputs"]?["each"]?.array
    #expect(
      inputs?.map { $0["output"]?["key"]?.string } == ["\(run.id)/each/x", "\(run.id)/each/y"], "\(inputs ?? [])")
  }

  @Test("A timeout and a cancellation end tasks, and outputs that are links are refused") func endings() throws {
    let fixture = try SchedulerFixture()
    let run = try Self.start(
      fixture,
      [
        PipelineStep(name: "slow", command: "sleep 600", timeout: .seconds(1), onFailure: .continue),
        PipelineStep(name: "link", command: #"ln -s /etc/passwd "$KILT_OUTPUT""#, onFailure: .continue),
        PipelineStep(name: "still", command: "sleep 600", heartbeat: .seconds(2), onFailure: .continue),
        PipelineStep(name: "long", command: "sleep 600"),
      ])
    let running = try Self.wait(fixture, run.id, "three steps have failed") { run in
      run.steps.prefix(3).allSatisfy { $0.status == .failed }
    }
    let messages = running.steps.prefix(3).map { $0.partitions?[0].attempt?.message ?? "" }
    #expect(
      messages == ["timed out after 1 s", "the output file does not hold a JSON object", "no heartbeat for 2 s"])
    #expect(running.steps[3].status == .running)
    _ = try fixture.client().cancelPipeline(run.id)
    let done = try Self.wait(fixture, run.id, "the run ends") { $0.status.isTerminal }
    #expect(done.status == .cancelled)
  }

  @Test("A definition that is not sound, and a caller without the right, are refused") func refusals() throws {
    let fixture = try SchedulerFixture()
    func status(_ steps: [PipelineStep], _ stage: String = "devel") throws -> Int {
      try fixture.request(
        .post, "/api/pipelines",
        ["definition": Self.definition(steps).json, "stage": .string(stage), "parameters": ["word": "x"]]
      ).status
    }
    #expect(try status([PipelineStep(name: "a", after: ["b"], command: "x")]) == 422)
    #expect(try status([PipelineStep(name: "a", after: ["a"], command: "x")]) == 422)
    #expect(try status([PipelineStep(name: "a", command: "x", environment: ["KILT_RUN": "1"])]) == 422)
    #expect(try status([PipelineStep(name: "a", command: "x")], "a/b") == 422)
    let missing = try fixture.request(.get, "/api/pipelines/none")
    #expect(missing.status == 404)
    let error = try JSONValue(parsing: missing.body)["error"]
    #expect(error?["remedy"]?.string == "run `kilt pipeline history` to list runs")
    #expect(try fixture.request(.post, "/api/pipelines/none/cancel", [:]).status == 404)
    #expect(try fixture.strangersRequest(.get, "/api/pipelines").status == 401)
    #expect(try fixture.strangersRequest(.post, "/api/pipelines", [:]).status == 401)
  }
}
