// PipelineDatabase: runs of pipelines in a PostgreSQL, where other programs can read them. One scheduler of a cluster
// writes at a time: it has a lease, whose number rises with each scheduler that takes it.

public import JSON
public import Pipelines

/// Why a PostgreSQL did not do what was asked.
public enum DatabaseProblem: Error, Sendable, Hashable {
  /// It cannot be reached, or has no room or time now: try again.
  case away(String)
  /// It answered, and does not allow it: a role, a table, a value.
  case refused(String)
  /// Another scheduler has the lease.
  case taken(String)
  /// What was read is not what Kilt writes.
  case damaged(String)

  public var text: String {
    switch self {
    case .away(let text), .refused(let text), .taken(let text), .damaged(let text): text
    }
  }
}

/// How far a run is, as far as two stores of it can be compared.
public struct RunSummary: Sendable, Hashable {
  public var status: String
  public var fence: Int

  public init(status: String, fence: Int) {
    self.status = status
    self.fence = fence
  }
}

/// A run with the scheduler's own data about it.
public struct StoredRun: Sendable {
  public var run: PipelineRun
  public var body: JSONValue
}

/// What one run needs written.
public struct RunWriting: Sendable {
  public var id: String
  public var statements: [PipelineTables.Statement]
  /// The scheduler's own data about a run that is written whole; nil for a run that is there.
  public var body: JSONValue?

  public init(id: String, statements: [PipelineTables.Statement], body: JSONValue? = nil) {
    self.id = id
    self.statements = statements
    self.body = body
  }
}

/// The right of one scheduler to write the runs of a cluster.
public struct PipelineLease: Sendable, Hashable {
  /// Rises each time that a scheduler takes the lease.
  public var fence: Int64
  /// The number before this one; 0 when there was no lease.
  public var former: Int64

  public init(fence: Int64, former: Int64) {
    self.fence = fence
    self.former = former
  }
}

/// The tables of one cluster in a PostgreSQL. It belongs to one thread at a time, and calls block.
public final class PipelineDatabase {
  private let url: String
  private let cluster: String
  private let duration: Int
  private var open: PostgresConnection?

  /// - Parameters:
  ///   - url: `postgresql://…`
  ///   - cluster: whose runs it holds; several clusters can share a database.
  ///   - duration: the seconds after which another scheduler can take a lease that was not renewed.
  public init(url: String, cluster: String, duration: Int) {
    self.url = url
    self.cluster = cluster
    self.duration = duration
  }

  /// The URL without its password, for messages.
  public static func shown(_ url: String) -> String {
    let parts = url.split(separator: "/", omittingEmptySubsequences: false)
    // postgresql: / / USER:PASSWORD@HOST / …; a password can have slashes only when they are encoded.
    guard parts.count > 2, let at = parts[2].lastIndex(of: "@"), let colon = parts[2][..<at].firstIndex(of: ":") else {
      return url
    }
    return parts[..<2].joined(separator: "/") + "/" + parts[2][..<colon] + ":***" + parts[2][at...]
      + parts[3...].map { "/" + $0 }.joined()
  }

  /// Forgets the connection: the next call makes another.
  public func disconnect() { open = nil }

  private func connection() throws(DatabaseProblem) -> PostgresConnection {
    if let open { return open }
    let connection = try PostgresConnection(url)
    try prepare(connection)
    open = connection
    return connection
  }

  /// Runs a body with the connection; one that failed is not used again.
  private func with<Result>(
    _ body: (PostgresConnection) throws(DatabaseProblem) -> Result
  ) throws(DatabaseProblem) -> Result {
    do throws(DatabaseProblem) {
      return try body(try connection())
    } catch {
      if case .taken = error {} else { open = nil }
      throw error
    }
  }

  // MARK: Tables

  static let version: Int64 = 1

  private func prepare(_ connection: PostgresConnection) throws(DatabaseProblem) {
    let known = try connection.run("SELECT to_regclass('pipeline_schema')::text")
    if known.first?.text(0) == nil {
      try connection.transaction { () throws(DatabaseProblem) in
        // Two schedulers that start together: the second waits here.
        try connection.run("SELECT pg_advisory_xact_lock(6570190215)")
        guard try connection.run("SELECT to_regclass('pipeline_schema')::text").first?.text(0) == nil else { return }
        for statement in Self.schema.split(separator: ";") where statement.contains(where: { !$0.isWhitespace }) {
          try connection.run(String(statement))
        }
        try connection.run("INSERT INTO pipeline_schema (version) VALUES (?)", [.integer(Self.version)])
      }
    }
    let version = try connection.run("SELECT max(version) FROM pipeline_schema").first?.integer(0) ?? 0
    guard version <= Self.version else {
      throw .refused("a newer version of Kilt made its tables (version \(version))")
    }
  }

  /// The tables of docs/pipelines.md, and those of the scheduler.
  static let schema =
    PipelineTables.schema.replacing(" STRICT, WITHOUT ROWID", with: "").replacing(" STRICT", with: "")
    .replacing("INTEGER", with: "BIGINT").replacing("parameters TEXT", with: "parameters JSON")
    .replacing("definition TEXT", with: "definition JSON").replacing("output TEXT", with: "output JSON") + """
      CREATE TABLE pipeline_jobs (
        run TEXT PRIMARY KEY REFERENCES pipeline_runs (id) ON DELETE CASCADE, cluster TEXT NOT NULL, body JSON NOT NULL
      );
      CREATE INDEX pipeline_jobs_by_cluster ON pipeline_jobs (cluster);
      CREATE TABLE pipeline_leases (
        cluster TEXT PRIMARY KEY, holder TEXT NOT NULL, fence BIGINT NOT NULL, expires_at TIMESTAMPTZ NOT NULL
      );
      CREATE TABLE pipeline_schema (version BIGINT NOT NULL)
      """

  // MARK: Lease

  /// Takes the lease: when nobody has it, when it has expired, or with `isRestart` when the same holder has it.
  ///
  /// - Parameters:
  ///   - holder: names this scheduler for people, and for itself after a restart.
  ///   - isRestart: whether an earlier process of the same holder is known to be gone.
  /// - Throws: `taken` while another scheduler has it.
  public func acquire(holder: String, isRestart: Bool) throws(DatabaseProblem) -> PipelineLease {
    try with { connection throws(DatabaseProblem) in
      try connection.transaction { () throws(DatabaseProblem) in
        try connection.run(
          """
          INSERT INTO pipeline_leases (cluster, holder, fence, expires_at) VALUES (?, '', 0, '-infinity')
          ON CONFLICT (cluster) DO NOTHING
          """, [.text(cluster)])
        let rows = try connection.run(
          """
          SELECT fence, holder, CASE WHEN expires_at > clock_timestamp()
            THEN ceil(extract(epoch FROM expires_at - clock_timestamp()))::bigint ELSE 0 END
          FROM pipeline_leases WHERE cluster = ? FOR UPDATE
          """, [.text(cluster)])
        guard let row = rows.first, let former = row.integer(0), let left = row.integer(2) else {
          throw .damaged("pipeline_leases has no row for the cluster \"\(cluster)\"")
        }
        let other = row.text(1) ?? ""
        if left > 0, !(isRestart && other == holder) {
          throw .taken("the scheduler \"\(other)\" has the lease of its runs for another \(left) s")
        }
        try connection.run(
          """
          UPDATE pipeline_leases SET holder = ?, fence = ?, expires_at = clock_timestamp() + ? * interval '1 second'
          WHERE cluster = ?
          """, [.text(holder), .integer(former + 1), .integer(Int64(duration)), .text(cluster)])
        return PipelineLease(fence: former + 1, former: former)
      }
    }
  }

  /// Writes runs, and renews the lease, in one transaction.
  ///
  /// - Throws: `taken` when another scheduler has taken the lease; nothing is written then.
  public func write(_ runs: [RunWriting], _ lease: PipelineLease) throws(DatabaseProblem) {
    try with { connection throws(DatabaseProblem) in
      try connection.transaction { () throws(DatabaseProblem) in
        try renew(lease, connection)
        for run in runs {
          for statement in run.statements { try connection.run(statement.sql, statement.values) }
          guard let body = run.body else { continue }
          try connection.run(
            """
            INSERT INTO pipeline_jobs (run, cluster, body) VALUES (?, ?, ?)
            ON CONFLICT (run) DO UPDATE SET body = excluded.body
            """, [.text(run.id), .text(cluster), .text(body.text(.compact))])
        }
      }
    }
  }

  private func renew(_ lease: PipelineLease, _ connection: PostgresConnection) throws(DatabaseProblem) {
    let rows = try connection.run(
      """
      UPDATE pipeline_leases SET expires_at = clock_timestamp() + ? * interval '1 second'
      WHERE cluster = ? AND fence = ? RETURNING fence
      """, [.integer(Int64(duration)), .text(cluster), .integer(lease.fence)])
    guard rows.isEmpty else { return }
    let holder = try connection.run("SELECT holder FROM pipeline_leases WHERE cluster = ?", [.text(cluster)])
    throw .taken("the scheduler \"\(holder.first?.text(0) ?? "")\" has taken the lease of its runs")
  }

  /// Lets the next scheduler take the lease at once.
  public func release(_ lease: PipelineLease) throws(DatabaseProblem) {
    try with { connection throws(DatabaseProblem) in
      _ = try connection.run(
        "UPDATE pipeline_leases SET expires_at = '-infinity' WHERE cluster = ? AND fence = ?",
        [.text(cluster), .integer(lease.fence)])
    }
  }

  // MARK: Reading

  /// The runs of the cluster in short.
  public func summaries() throws(DatabaseProblem) -> [String: RunSummary] {
    try with { connection throws(DatabaseProblem) in
      let rows = try connection.run(
        """
        SELECT r.id, r.status, r.fence FROM pipeline_runs AS r JOIN pipeline_jobs AS j ON j.run = r.id
        WHERE j.cluster = ?
        """, [.text(cluster)])
      return Dictionary(
        rows.map { ($0.text(0) ?? "", RunSummary(status: $0.text(1) ?? "", fence: Int($0.integer(2) ?? 0))) },
        uniquingKeysWith: { first, _ in first })
    }
  }

  /// Runs of the cluster; those that do not exist are left out.
  public func runs(_ ids: [String]) throws(DatabaseProblem) -> [StoredRun] {
    try with { connection throws(DatabaseProblem) in
      // One snapshot of all tables.
      try connection.transaction { () throws(DatabaseProblem) in
        try connection.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        var result: [StoredRun] = []
        for name in ids {
          let id: [PipelineTables.Value] = [.text(name)]
          guard let main = try connection.run(PipelineTables.selectRuns("WHERE id = ?"), id).first,
            let row = try connection.run("SELECT body FROM pipeline_jobs WHERE run = ?", id).first
          else { continue }
          let steps = try connection.run(PipelineTables.selectSteps, id)
          let partitions = try connection.run(PipelineTables.selectPartitions, id)
          do {
            result.append(
              StoredRun(
                run: try PipelineTables.run(main, steps: steps, partitions: partitions),
                body: try JSONValue(parsing: row.text(0) ?? "")))
          } catch {
            throw DatabaseProblem.damaged("run \(name): \(error)")
          }
        }
        return result
      }
    }
  }
}
