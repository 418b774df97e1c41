import JSON
import JobModel
import PipelineDatabase
import Pipelines
import TestServers
import Testing

/// Runs in a real PostgreSQL.
@Suite struct LeaseTests {
  private static func database(_ server: PostgresServer, cluster: String = "aa", duration: Int = 600)
    -> PipelineDatabase
  {
    PipelineDatabase(url: server.url, cluster: cluster, duration: duration)
  }

  private static func run(_ id: String = "demo-1") -> PipelineRun {
    let steps = [
      PipelineStep(name: "a", command: "a", partitions: .count(3), retries: 1, onFailure: .continue),
      PipelineStep(name: "b", after: ["a"], command: "b"),
    ]
    return PipelineRun(
      id: id, definition: PipelineDefinition(name: "demo", role: "cbe", steps: steps), stage: "devel",
      parameters: JSONObject([("n", .int(1)), ("a", .string("\u{1F980} \"?\""))]), user: "ann",
      createdAt: Timestamp(milliseconds: 1_700_000_000_000), queues: true)
  }

  private static func key(_ index: Int, _ number: Int = 1) -> AttemptKey {
    AttemptKey(PartitionKey(step: 0, partition: index), number: number)
  }

  @Test("A run is read back as it was written, and its tables can be queried") func readBack() throws {
    let server = try PostgresServer()
    let database = Self.database(server)
    let lease = try database.acquire(holder: "one", isRestart: false)
    var run = Self.run()
    let now = run.createdAt
    let begun = run.begin(at: now)
    try database.write(
      [RunWriting(id: run.id, statements: PipelineTables.insert(run), body: ["cluster": "aa"])], lease)
    var outcome = begun
    for input: PipelineInput in [
      .started(Self.key(0)), .ended(Self.key(0), .succeeded(JSONObject([("z", .int(7)), ("b", .string("x"))]))),
      .ended(Self.key(1), .failed(exitCode: 3, message: "exit code 3\u{0}")),
    ] { outcome.formUnion(run.apply(input, at: now + .seconds(1))) }
    try database.write([RunWriting(id: run.id, statements: PipelineTables.update(run, outcome))], lease)
    let stored = try #require(try database.runs([run.id, "none"]).first)
    #expect(stored.body == ["cluster": "aa"])
    // PostgreSQL has no character U+0000.
    #expect(stored.run.steps[0].partitions?[1].attempt?.number == 2)
    #expect(stored.run.parameters == run.parameters && stored.run.definition == run.definition)
    #expect(stored.run.steps.map(\.status) == run.steps.map(\.status))
    #expect(stored.run.steps[0].partitions?.map(\.status) == [.succeeded, .running, .running])
    #expect(stored.run.steps[0].partitions?[0].output == run.steps[0].partitions?[0].output)
    #expect(try database.summaries() == [run.id: RunSummary(status: "running", fence: run.fence)])
    #expect(try server.query("SELECT output->>'z' FROM pipeline_outputs") == ["7"])
    #expect(
      try server.query("SELECT status, exit_code, message FROM pipeline_attempts WHERE status = 'failed'")
        == ["failed|3|exit code 3\u{FFFD}"])
    // What another scheduler has begun is another cluster's, and stays.
    let other = Self.database(server, cluster: "bb")
    #expect(try other.acquire(holder: "one", isRestart: false) == PipelineLease(fence: 1, former: 0))
    #expect(try other.summaries().isEmpty)
    try database.write([RunWriting(id: run.id, statements: PipelineTables.delete(run.id))], lease)
    #expect(try database.runs([run.id]).isEmpty)
  }

  @Test("Only the holder of the lease writes, and a stray old one learns who has taken it") func lease() throws {
    let server = try PostgresServer()
    let old = Self.database(server, duration: 2)
    let first = try old.acquire(holder: "old", isRestart: true)
    #expect(first == PipelineLease(fence: 1, former: 0))
    let new = Self.database(server, duration: 600)
    func taken(_ body: () throws -> Void) -> String? {
      do {
        try body()
        return nil
      } catch let DatabaseProblem.taken(text) {
        return text
      } catch {
        return "\(error)"
      }
    }
    let refusal = taken { _ = try new.acquire(holder: "new", isRestart: true) }
    #expect(refusal?.hasPrefix("the scheduler \"old\" has the lease of its runs for another") == true)
    // A new process of the same scheduler does not wait for the lease of the process before it.
    let second = try old.acquire(holder: "old", isRestart: true)
    #expect(second == PipelineLease(fence: 2, former: 1))
    #expect(taken { try old.write([], first) } == "the scheduler \"old\" has taken the lease of its runs")
    try old.write([], second)
    // Not renewed, it expires by the server's clock.
    try waitUntil("the lease expires") {
      try server.query("SELECT expires_at < clock_timestamp() FROM pipeline_leases") == ["t"]
    }
    // Still its own, as long as nobody has taken it: its database may have been away.
    try old.write([], second)
    try old.release(second)
    let third = try new.acquire(holder: "new", isRestart: false)
    #expect(third == PipelineLease(fence: 3, former: 2))
    let run = Self.run()
    let writing = RunWriting(id: run.id, statements: PipelineTables.insert(run), body: [:])
    #expect(taken { try old.write([writing], second) } == "the scheduler \"new\" has taken the lease of its runs")
    #expect(try new.summaries().isEmpty, "nothing of a refused transaction is written")
    #expect(taken { _ = try old.acquire(holder: "old", isRestart: false) } != nil)
  }

  @Test("A server that is away is told from one that refuses, and is used again when it is back") func away() throws {
    let server = try PostgresServer()
    let database = Self.database(server)
    let lease = try database.acquire(holder: "one", isRestart: true)
    try server.stop()
    for _ in 0..<2 {
      #expect {
        try database.write([], lease)
      } throws: { error in
        if case .away? = error as? DatabaseProblem { true } else { false }
      }
    }
    try server.start()
    try database.write([], lease)
    let missing = PipelineDatabase(url: server.url + "_none", cluster: "aa", duration: 600)
    #expect(throws: DatabaseProblem.self) { try missing.summaries() }
    #expect(
      PipelineDatabase.shown("postgresql://ann:se:c@ret@db.example.com:5433/kilt")
        == "postgresql://ann:***@db.example.com:5433/kilt")
    #expect(PipelineDatabase.shown("postgresql://db.example.com/kilt") == "postgresql://db.example.com/kilt")
    try server.query("INSERT INTO pipeline_schema VALUES (99)").forEach { _ in }
    let newer = Self.database(server)
    #expect(throws: DatabaseProblem.refused("a newer version of Kilt made its tables (version 99)")) {
      try newer.summaries()
    }
  }
}
