import JSON
import SystemSupport
import Testing

/// `kilt pipeline` on the pipeline of the example repository.
@Suite struct PipelineTests {
  @Test("A failing step of the example's pipeline is marked, and retry runs only what did not succeed")
  func pageviews() throws {
    let example = try Example()
    let data = example.scratch.appending("data")
    let logs = data.appending("logs")
    try FileSystem.createDirectories(logs)
    for (name, hour) in [("a.log", "12"), ("b.log", "13"), ("c.log", "14")] {
      let lines = (0..<10).map { "2024-02-29T\(hour):0\($0):00Z GET /\($0 % 2) 200\n" }
      try FileSystem.write(text: lines.joined(), to: logs.appending(name))
    }
    try FileSystem.write(text: "path,title\n/0,Home\n", to: data.appending("pages.csv"))
    let whole = try FileSystem.readText(logs.appending("b.log"))
    try FileSystem.write(text: whole + "torn\n", to: logs.appending("b.log"))

    let file = "pipelines/pageviews/pageviews.yaml"
    try example.kilt("pipeline", "lint", file)
    #expect(
      try example.kilt("pipeline", "show", file).text
        == "find-logs\n  rollup  [a partition for each of find-logs.files]  after find-logs\n    join  after rollup")
    let failed = try example.kilt([
      "pipeline", "run-local", file, "--param", "logs=\(logs)", "--param", "pages=\(data.appending("pages.csv"))",
      "--param", "database=\(data.appending("views.sqlite3"))",
    ])
    #expect(failed.termination == .exited(1))
    #expect(failed.errorText.contains("b.log:11: not a log line: 'torn'"), "\(failed.errorText)")

    let history = try JSONValue(parsing: example.kilt("pipeline", "history", "--local", "--format", "json").text)
    let run = try #require(history.array?.first?["run"]?.string)
    #expect(history.array?.first?["status"]?.string == "failed")
    func rollups() throws -> [String: Int64] {
      let status = try JSONValue(parsing: example.kilt("pipeline", "status", run, "--format", "json").text)
      let partitions = status["steps"]?.array?[1]["partitions"]?.array ?? []
      return Dictionary(
        uniqueKeysWithValues: partitions.map { ($0["partition"]?.string ?? "", $0["attempts"]?.int ?? 0) })
    }
    #expect(try rollups() == ["a.log": 1, "b.log": 3, "c.log": 1])
    #expect(
      try example.kilt("pipeline", "status", run).text.contains("rollup[b.log]  failed, 3 attempts: exit code 1"))

    try FileSystem.write(text: whole, to: logs.appending("b.log"))
    let retried = try example.kilt("pipeline", "retry", run)
    #expect(retried.text.hasSuffix("run \(run) succeeded"))
    #expect(try rollups() == ["a.log": 1, "b.log": 4, "c.log": 1])
    let sum =
      "import sqlite3,sys; print(sqlite3.connect(sys.argv[1]).execute('select sum(views) from pageviews').fetchone()[0])"
    #expect(try example.execute("python3", ["-c", sum, data.appending("views.sqlite3").string]) == "30")
    #expect(try example.kilt("pipeline", "retry", run).text.contains("nothing to retry"))
  }

  @Test("A failing step of a run is marked and retried, and a backfill runs each day once, on a scheduler")
  func onScheduler() throws {
    let running = try RunningExample(firstPort: 26640)
    let example = running.example
    let data = example.scratch.appending("shared")
    try FileSystem.createDirectories(data)
    for path in [example.scratch, data] { try FileSystem.setPermissions(0o755, of: path) }
    try FileSystem.setPermissions(0o777, of: data)
    try example.append(
      "daily.yaml",
      """
      pipeline: daily
      role: nobody
      concurrency: 1
      parameters:
        day: {type: date}
        broken: {type: string, default: none}
      steps:
        list:
          command: printf '{"parts":["a","b"]}' >"$KILT_OUTPUT"
          resources: {cpu: 0.1, ram: 32MB, disk: 4MB}
        part:
          partitions: {from: list, key: parts}
          on_failure: continue
          command: |
            echo "$KILT_PARAM_DAY $KILT_PARTITION $KILT_ATTEMPT"
            test "$KILT_PARTITION" != "$KILT_PARAM_BROKEN" || test "$KILT_ATTEMPT" -gt 1
          resources: {cpu: 0.1, ram: 32MB, disk: 4MB}
        sum:
          after: part
          command: "true"
          resources: {cpu: 0.1, ram: 32MB, disk: 4MB}

      """)
    let failed = try running.run(
      "pipeline", "run", "daily.yaml", "--stage", "devel", "--param", "day=2024-02-28", "--param", "broken=b", code: 1)
    #expect(failed.contains("· part "), "\(failed)")
    let run = try #require(try running.json("pipeline", "history", "--format", "json").array?.first?["run"]?.string)
    #expect(failed.contains("error: run \(run) failed: step \"part\""), "\(failed)")
    let status = try running.run("pipeline", "status", run)
    #expect(status.contains("part[b]  failed, 1 attempt") && status.contains("sum"), "\(status)")
    #expect(try running.run("pipeline", "logs", run, "--step", "part").contains("2024-02-28 b 1"))
    let retried = try running.run("pipeline", "retry", run)
    #expect(retried.contains("run \(run) succeeded"), "\(retried)")
    let partitions = try running.json("pipeline", "status", run, "--format", "json")["steps"]?.array?[1]["partitions"]
    #expect(partitions?.array?.map { $0["attempts"]?.int } == [1, 2], "\(String(describing: partitions))")
    #expect(try running.run("pipeline", "retry", run, code: 2).contains("has ended: succeeded"))

    let backfill = [
      "pipeline", "backfill", "daily.yaml", "--stage", "devel", "--from", "2024-02-28", "--to", "2024-03-01",
    ]
    // The parameters of the run above differ: its day is not done.
    #expect(try running.run(backfill + ["--parallel", "2"]).contains("3 days are done"))
    let again = try running.run(backfill)
    #expect(again.contains("2024-02-29 skipped: it has a run") && again.contains("3 days are done"), "\(again)")
    let runs = try running.json("pipeline", "history", "daily", "--format", "json").array ?? []
    #expect(runs.count == 4 && runs.allSatisfy { $0["status"]?.string == "succeeded" })
    #expect(
      try running.run("pipeline", "run", "daily.yaml", "--stage", "devel", code: 2).contains("parameter \"day\""))
    #expect(
      try running.run("pipeline", "schedule", "daily.yaml", "--stage", "devel", code: 2).contains("has no schedule"))
    try example.append("daily.yaml", "schedule: {schedule: \"0 4 * * *\", timezone: \"+02:00\"}\n")
    let scheduled = try running.run("pipeline", "schedule", "daily.yaml", "--stage", "devel")
    #expect(scheduled.contains("nobody/devel/daily  0 4 * * *  +02:00  next ") && scheduled.contains("T02:00:00"))
    #expect(try running.run("pipeline", "schedules") == scheduled)
    try running.run("pipeline", "deschedule", "nobody/devel/daily")
    #expect(try running.run("pipeline", "deschedule", "nobody/devel/daily", code: 2).contains("is not scheduled"))
    #expect(try running.run("pipeline", "status", "none", code: 2).contains("pipeline run \"none\" does not exist"))
  }

  @Test("A cycle is refused with its place, and a missing parameter before anything is built") func refused() throws {
    let example = try Example()
    try example.append(
      "loop.yaml", "pipeline: loop\nrole: me\nsteps:\n  a: {command: x, after: b}\n  b: {command: x, after: a}\n")
    try expectFailure(
      example, try example.kilt(["pipeline", "show", "loop.yaml"]), code: 2,
      """
      error: the steps form a cycle: "a" needs "b" needs "a"
        --> loop.yaml:4:26
         |
       4 |   a: {command: x, after: b}
         |                          ^
        help: remove one of these dependencies
      """)
    let lint = try example.kilt(["pipeline", "lint", "loop.yaml"])
    #expect(lint.termination == .exited(2) && lint.text.contains("loop.yaml:4:26"))
    let missing = try example.kilt(["pipeline", "run-local", "pipelines/pageviews/pageviews.yaml"])
    #expect(missing.termination == .exited(2) && missing.errorText.contains("parameter \"logs\""))
    #expect(!FileSystem.exists(example.root.appending("dist")))
  }
}
