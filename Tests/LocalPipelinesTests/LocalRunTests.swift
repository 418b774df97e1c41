import Diagnostics
import Glibc
import JSON
import JobModel
import LocalPipelines
import PipelineFiles
import Pipelines
import SystemSupport
import Testing

/// Whole runs with real processes and a real database.
@Suite struct LocalRunTests {
  private final class Fixture {
    let directory: FilePath
    let store: PipelineStore
    var state: FilePath { directory.appending("state") }

    init() throws {
      directory = try FileSystem.canonicalPath(FileSystem.makeTemporaryDirectory(prefix: "kilt-pipeline"))
      store = try PipelineStore(directory: directory.appending("state"))
    }

    deinit {
      do { try FileSystem.removeTree(directory) } catch { Issue.record("the directory stays: \(error)") }
    }

    func create(_ steps: String, id: String = "demo-1") throws -> PipelineRun {
      let text =
        "pipeline: demo\nrole: www-data\nparameters: {base: {type: string, default: \(directory)}}\nsteps:\n" + steps
      let definition = try PipelineFile(parsing: Array(text.utf8), path: "demo.yaml").definition(stage: nil)
      let run = PipelineRun(
        id: id, definition: definition, parameters: try definition.parameterValues([]),
        createdAt: Timestamp(milliseconds: wallClockNanoseconds() / 1_000_000), limit: 4)
      try store.insert(run)
      return run
    }

    func finish(_ run: PipelineRun) throws -> PipelineRun {
      let runner = try LocalRunner(run, store: store, state: state, artifact: nil, show: { _, _ in })
      try runner.runToEnd()
      #expect(try store.run(run.id).map { $0.status } == runner.run.status)
      return runner.run
    }

    func lines(_ name: String) throws -> [String] {
      let path = directory.appending(name)
      return FileSystem.exists(path)
        ? try FileSystem.readText(path).split(separator: "\n").map(String.init).sorted() : []
    }
  }

  @Test("A failing partition is marked, and retry runs only it and what follows") func retry() throws {
    let fixture = try Fixture()
    let run = try fixture.create(
      """
        list:
          command: echo '{"names":["x","y z","w"]}' >$KILT_OUTPUT
        each:
          command: |
            echo "$KILT_PARTITION" >>$KILT_PARAM_BASE/ran
            if [ "$KILT_PARTITION" = "y z" ] && [ ! -e $KILT_PARAM_BASE/mended ]; then echo broken; exit 7; fi
            printf '{"length": %d}' ${#KILT_PARTITION} >$KILT_OUTPUT
          partitions: {from: list, key: names}
          on_failure: continue
        sum:
          after: each
          command: cp $KILT_INPUT $KILT_PARAM_BASE/sum.json
      """)
    let failed = try fixture.finish(run)
    #expect(failed.status == .failed && failed.steps.map(\.status) == [.succeeded, .failed, .skipped])
    #expect(failed.steps[1].partitions?[1].attempt?.exitCode == 7)
    #expect(try fixture.lines("ran") == ["w", "x", "y z"])
    let log = LocalRunner.directory(
      state: fixture.state, failed, AttemptKey(PartitionKey(step: 1, partition: 1), number: 1)
    ).appending("log")
    #expect(try FileSystem.readText(log) == "broken\n")
    try FileSystem.write(text: "", to: fixture.directory.appending("mended"))
    let stored = try #require(try fixture.store.run(run.id))
    #expect(stored.steps == failed.steps, "what is stored is what was")
    let done = try fixture.finish(stored)
    #expect(done.status == .succeeded)
    #expect(try fixture.lines("ran") == ["w", "x", "y z", "y z"])
    let input = try JSONValue(parsing: try FileSystem.readText(fixture.directory.appending("sum.json")))
    #expect(
      input["inputs"]?["each"]?.array?.map { $0["output"]?["length"]?.int } == [1, 3, 1], "\(input.text(.pretty))")
  }

  @Test("An attempt gets the contract's variables, and retries keep its idempotency key") func contract() throws {
    let fixture = try Fixture()
    let run = try fixture.create(
      """
        a:
          command: |
            echo "$KILT_ATTEMPT $KILT_FENCE $KILT_IDEMPOTENCY_KEY $KILT_RUN $LEVEL" >>$KILT_PARAM_BASE/seen
            test $KILT_ATTEMPT = 3
          retries: {count: 2, delay: 1ms}
          env: {LEVEL: high}
      """)
    #expect(try fixture.finish(run).status == .succeeded)
    #expect(
      try fixture.lines("seen") == (1...3).map { "\($0) \($0) demo-1/a/ demo-1 high" })
  }

  @Test("An attempt that exceeds its timeout is ended with all its processes") func timeout() throws {
    let fixture = try Fixture()
    let run = try fixture.create(
      """
        a:
          command: sleep 1000 & echo $! >$KILT_PARAM_BASE/child; sleep 1000
          timeout: 300ms
      """)
    let done = try fixture.finish(run)
    #expect(done.steps[0].partitions?[0].attempt?.message == "timed out after 300 ms")
    if let pid = try fixture.lines("child").first.flatMap({ pid_t($0) }) {
      // Killed by the end of the session; init reaps it.
      var isGone = false
      for _ in 0..<500 where !isGone {
        isGone = kill(pid, 0) != 0 || (try? FileSystem.readText(FilePath("/proc/\(pid)/stat")).contains(") Z")) == true
        if !isGone { pauseMilliseconds(10) }
      }
      #expect(isGone)
    }
  }

  @Test("An output that breaks the contract fails the attempt") func badOutput() throws {
    let fixture = try Fixture()
    let run = try fixture.create(
      """
        a: {command: "echo '[]' >$KILT_OUTPUT", on_failure: continue}
        b: {command: "head -c 70000 /dev/zero >$KILT_OUTPUT", on_failure: continue}
        c: {command: "ln -s /etc/passwd $KILT_OUTPUT", on_failure: continue}
      """)
    let done = try fixture.finish(run)
    #expect(
      done.steps.map { $0.partitions?[0].attempt?.message } == [
        "the output file does not hold a JSON object", "the output file has 70000 bytes; at most 65536 are allowed",
        "the output is not a regular file",
      ])
  }

  @Test("A run whose command was killed continues: finished attempts count, others are repeated") func resume() throws {
    let fixture = try Fixture()
    var run = try fixture.create(
      """
        a:
          command: echo $KILT_PARTITION-$KILT_ATTEMPT >>$KILT_PARAM_BASE/ran
          partitions: 2
      """)
    // As a killed command leaves it: both attempts are stored as running, and one has ended.
    let begun = run.begin(at: run.createdAt)
    try fixture.store.write(run, begun)
    let ended = LocalRunner.directory(
      state: fixture.state, run, AttemptKey(PartitionKey(step: 0, partition: 0), number: 1))
    try FileSystem.createDirectories(ended)
    try FileSystem.write(text: "0\n", to: ended.appending("exit"))
    try FileSystem.write(text: #"{"n": 1}"#, to: ended.appending("output.json"))
    let done = try fixture.finish(try #require(try fixture.store.run(run.id)))
    #expect(done.status == .succeeded)
    #expect(try fixture.lines("ran") == ["1-2"])
    #expect(done.steps[0].partitions?[0].output == JSONObject([("n", .int(1))]))
  }

  @Test("A continued run ends the processes of its own attempts, and none of a run with the same name elsewhere")
  func namesakes() throws {
    let (fixture, other) = (try Fixture(), try Fixture())
    var run = try fixture.create("  a: {command: 'true'}")
    let begun = run.begin(at: run.createdAt)
    try fixture.store.write(run, begun)
    let key = AttemptKey(PartitionKey(step: 0, partition: 0), number: 1)
    let sleepers = try [fixture, other].map { fixture in
      let input = LocalRunner.directory(state: fixture.state, run, key).appending("input.json")
      return try spawnDetached(
        "/bin/sleep", ["1000"], environment: ["KILT_RUN=\(run.id)", "KILT_FENCE=1", "KILT_INPUT=\(input)"],
        output: .standardError)
    }
    defer {
      for pid in sleepers {
        kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
      }
    }
    // The first becomes a zombie, which has no environment any more.
    #expect(try fixture.finish(try #require(try fixture.store.run(run.id))).status == .succeeded)
    let states = try sleepers.map { try FileSystem.readText(FilePath("/proc/\($0)/stat")).contains(") Z") }
    #expect(states == [true, false])
  }

  @Test("Two processes cannot run the same run") func locked() throws {
    let fixture = try Fixture()
    let run = try fixture.create("  a: {command: 'true'}")
    let first = try LocalRunner(run, store: fixture.store, state: fixture.state, artifact: nil, show: { _, _ in })
    #expect(throws: Diagnostic.self) {
      try LocalRunner(run, store: fixture.store, state: fixture.state, artifact: nil, show: { _, _ in })
    }
    try first.runToEnd()
  }
}
