internal import GRDB
internal import JSON
internal import JobModel
internal import SchedulerCore

/// The row of each configuration: many tasks share one.
struct ConfigurationTable {
  /// By the identity of the shared object, which is kept alive by standing here.
  private var ids: [ObjectIdentifier: (configuration: SharedConfiguration, id: Int64)] = [:]

  /// The maximum number before unused ones are forgotten.
  private var limit = 256
  /// Rows of the transaction under way.
  private var new: [ObjectIdentifier] = []

  init() {}

  mutating func note(_ configuration: SharedConfiguration, _ id: Int64) {
    ids[configuration.identity] = (configuration, id)
  }

  /// The row of a configuration; written if it is new.
  mutating func id(of configuration: SharedConfiguration, _ connection: Database) throws -> Int64 {
    if let known = ids[configuration.identity] { return known.id }
    let body = configuration.value.json.text(.canonical)
    let id: Int64
    if let stored = try Int64.fetchOne(
      connection, sql: "SELECT id FROM configurations WHERE body = ?", arguments: [body])
    {
      id = stored
    } else {
      try connection.execute(sql: "INSERT INTO configurations (body) VALUES (?)", arguments: [body])
      id = connection.lastInsertedRowID
    }
    note(configuration, id)
    new.append(configuration.identity)
    return id
  }

  /// The transaction has failed: its rows are not there.
  mutating func forgetNew() {
    for identity in new { ids[identity] = nil }
    new = []
  }

  /// The transaction is on disk. Forgets configurations that no task has any more, when there are many.
  mutating func keepNew(_ state: SchedulerState) {
    new = []
    guard ids.count > limit else { return }
    let used = Set(state.tasks.values.map(\.shared.identity))
    ids = ids.filter { used.contains($0.key) }
    limit = max(256, 2 * ids.count)
  }
}
