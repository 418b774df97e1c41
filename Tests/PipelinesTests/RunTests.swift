import JSON
import JobModel
import Pipelines
import Testing

@Suite struct RunTests {
  @Test("A step starts after every step that it needs has succeeded") func order() {
    var run = makeRun([
      PipelineStep(name: "c", after: ["a", "b"], command: "c"), PipelineStep(name: "a", command: "a"),
      PipelineStep(name: "b", command: "b"),
    ])
    #expect(run.begin(at: at(1)).launched == [key(1), key(2)])
    #expect(run.apply(.ended(key(1), success), at: at(2)).launched.isEmpty)
    #expect(run.apply(.ended(key(2), success), at: at(3)).launched == [key(0)])
    _ = run.apply(.ended(key(0), success), at: at(4))
    #expect(run.status == .succeeded && run.endedAt == at(4))
  }

  @Test("A failed attempt is repeated after its delay, which doubles, until its retries are used up") func retries() {
    var run = makeRun([PipelineStep(name: "a", command: "a", retries: 2, retryDelay: .seconds(10))])
    _ = run.begin(at: at(0))
    _ = run.apply(.ended(key(0), failure), at: at(1))
    #expect(run.nextDeadline == at(11))
    #expect(run.apply(.tick, at: at(10)).launched.isEmpty)
    #expect(run.apply(.tick, at: at(11)).launched == [key(0, 0, 2)])
    _ = run.apply(.ended(key(0, 0, 2), failure), at: at(12))
    #expect(run.nextDeadline == at(32))
    _ = run.apply(.tick, at: at(32))
    _ = run.apply(.ended(key(0, 0, 3), failure), at: at(33))
    #expect(run.status == .failed && run.steps[0].partitions?[0].attempts == 3)
  }

  @Test("Retry runs only what failed and what follows, and a partition succeeds once") func retry() {
    var run = makeRun([
      PipelineStep(name: "a", command: "a", partitions: .count(3)),
      PipelineStep(name: "b", after: ["a"], command: "b"),
    ])
    #expect(run.begin(at: at(0)).launched.count == 3)
    _ = run.apply(.ended(key(0, 0), success), at: at(1))
    _ = run.apply(.ended(key(0, 1), failure), at: at(2))
    _ = run.apply(.ended(key(0, 2), success), at: at(3))
    #expect(run.status == .failed && run.steps.map(\.status) == [.failed, .skipped])
    #expect(run.apply(.retry, at: at(4)).launched == [key(0, 1, 2)])
    // A late report of the former attempt, and one of a partition that is done, change nothing.
    let before = run
    _ = run.apply(.ended(key(0, 1, 1), success), at: at(5))
    _ = run.apply(.ended(key(0, 0, 1), failure), at: at(5))
    #expect(run == before)
    #expect(run.apply(.ended(key(0, 1, 2), success), at: at(6)).launched == [key(1)])
    _ = run.apply(.ended(key(1), success), at: at(7))
    #expect(run.status == .succeeded)
  }

  @Test("on_failure: stop starts nothing more, and continue runs what does not need the failed step") func policies() {
    func steps(_ policy: PipelineStep.FailurePolicy) -> [PipelineStep] {
      [
        PipelineStep(name: "bad", command: "x", partitions: .count(3), parallel: 1, onFailure: policy),
        PipelineStep(name: "next", after: ["bad"], command: "x"),
        PipelineStep(name: "other", command: "x"), PipelineStep(name: "last", after: ["other"], command: "x"),
      ]
    }
    var stopping = makeRun(steps(.stop))
    #expect(stopping.begin(at: at(0)).launched == [key(0), key(2)])
    #expect(stopping.apply(.ended(key(0), failure), at: at(1)).launched.isEmpty)
    #expect(stopping.status == .running, "an attempt still runs")
    #expect(stopping.apply(.ended(key(2), success), at: at(2)).launched.isEmpty)
    #expect(stopping.steps.map(\.status) == [.failed, .skipped, .succeeded, .skipped] && stopping.status == .failed)

    var going = makeRun(steps(.continue))
    _ = going.begin(at: at(0))
    #expect(going.apply(.ended(key(0), failure), at: at(1)).launched == [key(0, 1)])
    #expect(going.apply(.ended(key(2), success), at: at(2)).launched == [key(3)])
    _ = going.apply(.ended(key(0, 1), success), at: at(3))
    _ = going.apply(.ended(key(0, 2), success), at: at(4))
    _ = going.apply(.ended(key(3), success), at: at(5))
    #expect(going.steps.map(\.status) == [.failed, .skipped, .succeeded, .succeeded] && going.status == .failed)
  }

  @Test("An attempt is asked to end after its timeout, and its late success does not count") func timeout() {
    var run = makeRun([PipelineStep(name: "a", command: "a", retries: 1, timeout: .seconds(5))])
    _ = run.begin(at: at(0))
    #expect(run.nextDeadline == at(5))
    #expect(run.apply(.tick, at: at(5)).asked == [key(0)])
    #expect(run.apply(.tick, at: at(6)).effects.isEmpty, "it is asked once")
    #expect(run.apply(.ended(key(0), success), at: at(7)).launched == [key(0, 0, 2)])
    #expect(run.steps[0].partitions?[0].failures == 1)
  }

  @Test("An attempt without heartbeats is asked to end") func heartbeat() {
    var run = makeRun([PipelineStep(name: "a", command: "a", heartbeat: .seconds(5))])
    _ = run.begin(at: at(0))
    #expect(run.apply(.heartbeat(key(0), at: at(4)), at: at(4)).asked.isEmpty)
    #expect(run.apply(.tick, at: at(8)).asked.isEmpty && run.nextDeadline == at(9))
    #expect(run.apply(.tick, at: at(9)).asked == [key(0)])
  }

  @Test("Partitions come from the output of an earlier step, which fails without a proper list") func expansion() throws
  {
    func make() -> PipelineRun {
      var run = makeRun([
        PipelineStep(name: "list", command: "l"),
        PipelineStep(name: "each", command: "e", partitions: .output(step: "list", key: "files")),
      ])
      _ = run.begin(at: at(0))
      return run
    }
    for bad in [#"{}"#, #"{"files": "a"}"#, #"{"files": ["a", "a"]}"#, #"{"files": [1.5]}"#, #"{"files": [""]}"#] {
      var run = make()
      let output = try #require(try JSONValue(parsing: bad).object)
      _ = run.apply(.ended(key(0), .succeeded(output)), at: at(1))
      #expect(run.steps[0].partitions?[0].attempt?.message?.contains("\"files\"") == true, "\(bad)")
      #expect(run.steps[1].partitions == nil)
    }
    var run = make()
    let output = try #require(try JSONValue(parsing: #"{"files": ["b/1", 2]}"#).object)
    #expect(run.apply(.ended(key(0), .succeeded(output)), at: at(1)).launched == [key(1, 0), key(1, 1)])
    #expect(run.steps[1].partitions?.map(\.name) == ["b/1", "2"])
    var none = make()
    _ = none.apply(.ended(key(0), .succeeded(JSONObject([("files", .array([]))]))), at: at(1))
    #expect(none.status == .succeeded)
  }

  @Test("Cancelling ends attempts and the run; retry continues it") func cancel() {
    var run = makeRun([
      PipelineStep(name: "a", command: "a"), PipelineStep(name: "b", after: ["a"], command: "b"),
    ])
    _ = run.begin(at: at(0))
    #expect(run.apply(.cancel, at: at(1)).asked == [key(0)])
    _ = run.apply(.ended(key(0), .failed(exitCode: 143, message: "signal 15")), at: at(2))
    #expect(run.status == .cancelled && run.steps.map(\.status) == [.cancelled, .cancelled])
    #expect(run.apply(.retry, at: at(3)).launched == [key(0, 0, 2)])
  }

  @Test("A run of one step takes the other outputs from an earlier run with equal parameters") func selection() {
    let steps = [
      PipelineStep(name: "a", command: "a"), PipelineStep(name: "b", after: ["a"], command: "b"),
      PipelineStep(name: "c", after: ["b"], command: "c"), PipelineStep(name: "d", command: "d"),
    ]
    var former = makeRun(steps)
    _ = former.begin(at: at(0))
    let output = JSONObject([("rows", .int(7))])
    _ = former.apply(.ended(key(0), .succeeded(output)), at: at(1))
    var run = makeRun(steps)
    #expect(run.select(1, withFollowers: true, outputsFrom: []) == "a")
    run = makeRun(steps)
    #expect(run.select(1, withFollowers: true, outputsFrom: [former]) == nil)
    #expect(run.steps.map(\.status) == [.succeeded, .waiting, .waiting, .excluded])
    #expect(run.begin(at: at(2)).launched == [key(1)])
    let inputs = StepContract(run, key(1))?.input["inputs"]
    #expect(inputs?["a"]?.array?.first?["output"] == .object(output))
    _ = run.apply(.ended(key(1), success), at: at(3))
    _ = run.apply(.ended(key(2), success), at: at(4))
    #expect(run.status == .succeeded)
    var other = makeRun(steps)
    other.parameters["day"] = .string("2024-02-29")
    #expect(other.select(1, withFollowers: false, outputsFrom: [former]) == "a")
  }
}
