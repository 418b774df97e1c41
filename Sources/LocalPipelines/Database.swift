internal import CSQLiteShims
internal import Diagnostics
internal import Pipelines

/// An SQLite database: statements with values, in transactions.
final class Database {
  typealias Value = PipelineTables.Value
  typealias Row = PipelineTables.Row

  private let path: String
  private let handle: OpaquePointer
  private var statements: [String: OpaquePointer] = [:]

  init(_ path: String) throws(Diagnostic) {
    if let reason = kilt_sqlite_load() {
      throw Diagnostic(
        .environment, "cannot load SQLite: \(String(cString: reason))",
        remedies: ["install the package libsqlite3-0"])
    }
    var handle: OpaquePointer?
    let result = kilt_sqlite_open(path, &handle)
    guard let handle else { throw Diagnostic(.environment, "cannot open \"\(path)\": SQLite has no memory") }
    self.path = path
    self.handle = handle
    guard result == KILT_SQLITE_OK.code else { throw failure() }
    _ = kilt_sqlite_busy_timeout(handle, 10_000)
  }

  deinit {
    for statement in statements.values { _ = kilt_sqlite_finalize(statement) }
    _ = kilt_sqlite_close(handle)
  }

  private func failure() -> Diagnostic {
    let text = String(cString: kilt_sqlite_error(handle))
    let code = kilt_sqlite_error_code(handle)
    let remedies =
      code == KILT_SQLITE_FULL.code
      ? ["free some space on its disk"]
      : code == KILT_SQLITE_BUSY.code ? ["wait until the other program is done with it"] : []
    return Diagnostic(.environment, "cannot use the database \"\(path)\": \(text)", remedies: remedies)
  }

  /// Runs statements without values.
  func execute(_ sql: String) throws(Diagnostic) {
    guard kilt_sqlite_execute(handle, sql) == KILT_SQLITE_OK.code else { throw failure() }
  }

  /// Runs one statement, and returns its rows.
  @discardableResult
  func run(_ sql: String, _ values: [Value] = []) throws(Diagnostic) -> [Row] {
    let statement = try prepared(sql)
    defer { _ = kilt_sqlite_reset(statement) }
    for (index, value) in values.enumerated() {
      let position = Int32(index + 1)
      let result =
        switch value {
        case .null: kilt_sqlite_bind_null(statement, position)
        case .integer(let number): kilt_sqlite_bind_integer(statement, position, number)
        case .text(let text): kilt_sqlite_bind_text(statement, position, text, Int32(text.utf8.count))
        }
      guard result == KILT_SQLITE_OK.code else { throw failure() }
    }
    var rows: [Row] = []
    while true {
      switch kilt_sqlite_step(statement) {
      case KILT_SQLITE_DONE.code: return rows
      case KILT_SQLITE_ROW.code: rows.append(row(of: statement))
      default: throw failure()
      }
    }
  }

  /// The number in the first row.
  func number(_ sql: String) throws(Diagnostic) -> Int64 {
    let statement = try prepared(sql)
    defer { _ = kilt_sqlite_reset(statement) }
    guard kilt_sqlite_step(statement) == KILT_SQLITE_ROW.code else { throw failure() }
    return kilt_sqlite_column_integer(statement, 0)
  }

  /// Runs a body whose statements are written together or not at all.
  func transaction(_ body: () throws(Diagnostic) -> Void) throws(Diagnostic) {
    try execute("BEGIN IMMEDIATE")
    do {
      try body()
      try execute("COMMIT")
    } catch {
      // A failed statement may have ended the transaction already.
      _ = kilt_sqlite_execute(handle, "ROLLBACK")
      throw error
    }
  }

  private func prepared(_ sql: String) throws(Diagnostic) -> OpaquePointer {
    if let known = statements[sql] { return known }
    var statement: OpaquePointer?
    guard kilt_sqlite_prepare(handle, sql, &statement) == KILT_SQLITE_OK.code, let statement else { throw failure() }
    statements[sql] = statement
    return statement
  }

  private func row(of statement: OpaquePointer) -> Row {
    let values = (0..<kilt_sqlite_column_count(statement)).map { column -> Value in
      switch kilt_sqlite_column_type(statement, column) {
      case KILT_SQLITE_NULL.code: return .null
      case KILT_SQLITE_INTEGER.code: return .integer(kilt_sqlite_column_integer(statement, column))
      default:
        guard let start = kilt_sqlite_column_text(statement, column) else { return .null }
        let bytes = UnsafeBufferPointer(start: start, count: Int(kilt_sqlite_column_bytes(statement, column)))
        return .text(String(decoding: bytes, as: UTF8.self))
      }
    }
    return Row(values)
  }
}

extension Int {
  /// A constant of the C header, in the type of the calls' results.
  fileprivate var code: Int32 { Int32(self) }
}
