// SchedulerStore: the scheduler's state in SQLite. An event's consequences are committed before any of its effects is
// returned, so that a restarted scheduler knows every action that was taken.

internal import GRDB
internal import JSON
public import JobModel
public import Pipelines
public import SchedulerCore
internal import Synchronization

/// The state machine with a memory. Safe from any thread; calls block while the disk works.
public final class SchedulerStore: Sendable {
  private let path: String
  private let database: DatabaseQueue
  private let machine: Mutex<Machine>

  private struct Machine {
    var stored: StoredScheduler
    var configurations: ConfigurationTable
  }

  /// Opens the database, creates it if there is none, migrates an older one, and reads the state.
  ///
  /// The database belongs to this process until it is closed: two schedulers cannot share one.
  public init(
    path: String, policy: SchedulerPolicy = SchedulerPolicy(), zones: TimeZones = .none
  ) throws(StoreError) {
    self.path = path
    let (database, state, configurations) = try StoreError.translating(path) {
      var options = Configuration()
      options.label = "kilt scheduler"
      // Exclusive: a second scheduler fails at once instead of sharing executors with the first.
      options.prepareDatabase { connection in
        try connection.execute(sql: "PRAGMA locking_mode = EXCLUSIVE")
        try connection.execute(sql: "PRAGMA journal_mode = WAL")
        try connection.execute(sql: "PRAGMA synchronous = FULL")
      }
      let database = try DatabaseQueue(path: path, configuration: options)
      let migrator = Schema.migrator
      guard try !database.read(migrator.hasBeenSuperseded) else { throw StoreError.newer(path: path) }
      try database.read { connection in
        let findings = try String.fetchAll(connection, sql: "PRAGMA quick_check(3)")
        guard findings == ["ok"] else { throw StoreError.damaged(path: path, detail: findings.joined(separator: "; ")) }
      }
      // Read alone, unless there is something to do: a full disk keeps no scheduler from starting.
      if try database.read({ try !migrator.hasCompletedMigrations($0) }) { try migrator.migrate(database) }
      do {
        try database.write(Schema.dropUnusedConfigurations)
      } catch let error as DatabaseError where error.resultCode == .SQLITE_FULL {
        // They stay until there is room.
      }
      let (state, configurations) = try database.read(StoredState.load)
      return (database, state, configurations)
    }
    self.database = database
    machine = Mutex(
      Machine(
        stored: StoredScheduler(Scheduler(state: state, policy: policy, zones: zones)), configurations: configurations))
  }

  /// Applies one event: the new state is on disk when this returns.
  ///
  /// - Returns: the effects to carry out now. A crash before that loses nothing: see `SchedulerInput.executorsFound`.
  /// - Throws: `SchedulerError` for a refused request, `StoreError` if the disk fails; the state is then as before, in
  ///   memory and on disk.
  @discardableResult
  public func apply(_ event: SchedulerInput, at time: Timestamp) throws -> [Effect] {
    guard let answer = try apply([event], at: time).answers.first else { return [] }
    return try answer.get()
  }

  /// The results of events that were applied together.
  public struct Transaction: Sendable {
    /// For each event the effects to carry out now, or the reason of its refusal.
    public var answers: [StoredScheduler.Answer]
    /// Whether the state on disk equals the state in memory. Nothing can be launched while it does not.
    public var isStored: Bool
    /// Whether anything was written: not for events without changes.
    public var isWritten: Bool
    /// The reason why nothing could be written.
    public var failure: StoreError?
    /// What was written of runs of pipelines.
    public var pipelines: [String: PipelineOutcome] = [:]
    public var newPipelines: Set<String> = []
  }

  /// Applies several events in one transaction: the state after all of them is on disk when this returns.
  ///
  /// - Parameter mayWait: see `StoredScheduler.apply`: with it, a failing disk does not throw; the state is then kept
  ///   in memory and written with the next transaction that succeeds.
  /// - Returns: their results; a refused event does not stop the others.
  /// - Throws: if the disk fails; none of the events was applied then.
  public func apply(
    _ events: [SchedulerInput], at time: Timestamp, mayWait: Bool = false
  ) throws(StoreError) -> Transaction {
    try machine.withLock { (machine) throws(StoreError) -> Transaction in
      var configurations = ConfigurationTable()
      swap(&configurations, &machine.configurations)
      defer { swap(&configurations, &machine.configurations) }
      var failure: StoreError?
      var isWritten = false
      var written = Scheduler.Changes()
      let (answers, isStored) = try machine.stored.apply(events, at: time, mayWait: mayWait) {
        (change: StateChange) throws(StoreError) -> Void in
        do throws(StoreError) {
          try self.commit(change, &configurations)
          isWritten = true
          written = change.changes
        } catch {
          failure = error
          throw error
        }
      }
      return Transaction(
        answers: answers, isStored: isStored, isWritten: isWritten, failure: failure, pipelines: written.pipelines,
        newPipelines: written.newPipelines)
    }
  }

  private func commit(_ change: StateChange, _ table: inout ConfigurationTable) throws(StoreError) {
    // The closure that writes cannot keep its changes when it throws.
    let rows = Mutex(table)
    table = ConfigurationTable()
    defer { table = rows.withLock { $0 } }
    do throws(StoreError) {
      try StoreError.translating(path) {
        try database.write { connection in
          try rows.withLock { rows in try StoredState.write(change, configurations: &rows, connection) }
        }
      }
    } catch {
      rows.withLock { $0.forgetNew() }
      throw error
    }
    rows.withLock { $0.keepNew(change.after) }
  }

  /// Asks the state machine something, without changing it.
  public func read<Value: Sendable, Failure: Error>(
    _ body: (borrowing Scheduler) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    try machine.withLock { (machine) throws(Failure) in try body(machine.stored.scheduler) }
  }

  /// Writes data that changes nothing, to check whether the disk accepts it.
  public func probe() throws(StoreError) {
    try StoreError.translating(path) {
      try database.write { connection in
        try connection.execute(
          sql: """
            INSERT INTO meta (name, value) VALUES ('probe', random()) ON CONFLICT DO UPDATE SET value = excluded.value
            """)
      }
    }
  }

  /// The statements that write every attempt of a run to another database.
  public func pipelineAttempts(of id: String) throws(StoreError) -> [PipelineTables.Statement] {
    try StoreError.translating(path) { try database.read { try StoredState.attempts(of: id, $0) } }
  }

  /// The number of the lease with which runs of pipelines were last written to a shared store; 0 for none. It is a part
  /// of the database, so that a backup which is restored knows how old it is.
  public func pipelineLease() throws(StoreError) -> Int64 {
    try StoreError.translating(path) {
      try database.read { connection in
        try Int64.fetchOne(connection, sql: "SELECT value FROM meta WHERE name = 'pipeline_lease'") ?? 0
      }
    }
  }

  public func setPipelineLease(_ number: Int64) throws(StoreError) {
    try StoreError.translating(path) {
      try database.write { connection in
        try connection.execute(
          sql: """
            INSERT INTO meta (name, value) VALUES ('pipeline_lease', ?)
            ON CONFLICT DO UPDATE SET value = excluded.value
            """, arguments: [number])
      }
    }
  }

  /// Whether the state in memory is ahead of the state on disk.
  public var isAhead: Bool { machine.withLock { $0.stored.isAhead } }

  /// The state as of the last event.
  public var state: SchedulerState { machine.withLock { $0.stored.scheduler.state } }

  /// The events of a job, or of all jobs: the newest `limit` events, oldest first.
  public func events(of job: JobKey? = nil, limit: Int = 100) throws(StoreError) -> [RecordedEvent] {
    try StoreError.translating(path) {
      try database.read { connection in
        let condition = job == nil ? "" : "WHERE job = ?"
        var arguments: [any DatabaseValueConvertible] = job.map { [$0.description] } ?? []
        arguments.append(limit)
        let rows = try Row.fetchAll(
          connection, sql: "SELECT * FROM events \(condition) ORDER BY id DESC LIMIT ?",
          arguments: StatementArguments(arguments))
        return try rows.reversed().map { try RecordedEvent(row: $0) }
      }
    }
  }

  /// The number of the newest event; 0 when there is none.
  public func newestEvent() throws(StoreError) -> Int64 {
    try StoreError.translating(path) {
      try database.read { try Int64.fetchOne($0, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'events'") ?? 0 }
    }
  }

  /// The events after one of them, by their numbers, which are never used twice.
  public func events(after number: Int64, limit: Int) throws(StoreError) -> [(id: Int64, event: RecordedEvent)] {
    try StoreError.translating(path) {
      try database.read { connection in
        try Row.fetchAll(
          connection, sql: "SELECT * FROM events WHERE id > ? ORDER BY id LIMIT ?", arguments: [number, limit]
        ).map { row -> (id: Int64, event: RecordedEvent) in
          let id: Int64 = row["id"]
          return (id, try RecordedEvent(row: row))
        }
      }
    }
  }

  /// Whether an event is the first recorded event of an update.
  public func isFirst(event number: Int64, of job: JobKey, update: UpdateID) throws(StoreError) -> Bool {
    try StoreError.translating(path) {
      try database.read { connection in
        let earlier = try Int.fetchOne(
          connection,
          sql: "SELECT count(*) FROM events WHERE job = ? AND subject = ? AND kind = 'update' AND id < ?",
          arguments: [job.description, update.rawValue, number])
        return earlier == 0
      }
    }
  }

  /// Copies the database into another; see `backup(to:)`.
  func copy(into target: DatabaseQueue) throws(StoreError) {
    try StoreError.translating(path) { try database.backup(to: target) }
  }

  /// Lets the database grow no further, or without a limit again. For tests of a full disk.
  package func limitPages(_ isLimited: Bool) throws(StoreError) {
    try StoreError.translating(path) {
      try database.writeWithoutTransaction { connection in
        let count = try Int.fetchOne(connection, sql: "PRAGMA page_count") ?? 0
        _ = try Int.fetchOne(connection, sql: "PRAGMA max_page_count = \(isLimited ? count : 1 << 30)")
      }
    }
  }

  /// Closes the database; no event can be applied afterward.
  public func close() throws(StoreError) {
    try StoreError.translating(path) { try database.close() }
  }
}
