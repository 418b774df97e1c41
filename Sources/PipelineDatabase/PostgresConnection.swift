internal import CPostgresShims
internal import Diagnostics
internal import Pipelines

/// One connection to a PostgreSQL. It belongs to one thread at a time.
final class PostgresConnection {
  typealias Value = PipelineTables.Value
  typealias Row = PipelineTables.Row

  private let handle: OpaquePointer

  /// Connects. Every call gives up after some seconds: a server that does not answer is away.
  ///
  /// - Parameter url: `postgresql://…`, or `KEY=VALUE …` as libpq accepts it.
  init(_ url: String) throws(DatabaseProblem) {
    if let reason = kilt_pg_load() {
      throw .away("cannot load libpq: \(String(cString: reason)); install the package libpq5")
    }
    // What the URL says wins over these.
    let settings = [
      ("connect_timeout", "5"), ("tcp_user_timeout", "15000"), ("keepalives_idle", "5"),
      ("application_name", "kilt-scheduler"),
      (
        "options",
        "-c statement_timeout=15000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=15000 "
          + "-c client_min_messages=warning"
      ), ("client_encoding", "UTF8"), ("dbname", url),
    ]
    let handle = Self.withStrings(settings.map(\.0)) { keywords in
      Self.withStrings(settings.map(\.1)) { values in kilt_pg_connect(keywords, values) }
    }
    guard let handle else { throw .away("libpq has no memory") }
    self.handle = handle
    guard kilt_pg_is_connected(handle) == 1 else { throw .away(Self.line(kilt_pg_error(handle))) }
  }

  deinit { kilt_pg_finish(handle) }

  /// Runs one statement whose values are question marks, and returns its rows.
  @discardableResult
  func run(_ sql: String, _ values: [Value] = []) throws(DatabaseProblem) -> [Row] {
    let texts = values.map { value -> String? in
      switch value {
      case .null: nil
      case .integer(let number): String(number)
      // PostgreSQL has no character U+0000.
      case .text(let text):
        text.utf8.contains(0) ? String(text.unicodeScalars.map { $0.value == 0 ? "\u{FFFD}" : Character($0) }) : text
      }
    }
    let result = Self.withStrings(texts) { kilt_pg_execute(handle, Self.numbered(sql), Int32(texts.count), $0) }
    guard let result else { throw .away("libpq has no memory") }
    defer { kilt_pg_clear(result) }
    switch kilt_pg_result_status(result) {
    case Int32(KILT_PG_COMMAND_OK): return []
    case Int32(KILT_PG_TUPLES_OK): return rows(of: result)
    default: throw problem(result)
    }
  }

  /// Runs a body whose statements are written together or not at all.
  func transaction<Result>(_ body: () throws(DatabaseProblem) -> Result) throws(DatabaseProblem) -> Result {
    try run("BEGIN")
    do throws(DatabaseProblem) {
      let result = try body()
      try run("COMMIT")
      return result
    } catch {
      // A connection that is lost has no transaction any more.
      do throws(DatabaseProblem) { try run("ROLLBACK") } catch {}
      throw error
    }
  }

  private func problem(_ result: OpaquePointer) -> DatabaseProblem {
    let text = Self.line(kilt_pg_error(handle))
    guard kilt_pg_is_connected(handle) == 1, let code = kilt_pg_result_code(result).map({ String(cString: $0) }) else {
      return .away(text)
    }
    // PostgreSQL, appendix A: connections, resources, interventions by operators, system errors, and transactions that
    // can be tried again.
    let classes = ["08", "53", "57", "58", "40", "25", "55"]
    return classes.contains(String(code.prefix(2))) ? .away(text) : .refused(text)
  }

  private func rows(of result: OpaquePointer) -> [Row] {
    let columns = kilt_pg_column_count(result)
    let isInteger = (0..<columns).map { kilt_pg_column_type(result, $0) == UInt32(KILT_PG_INT8) }
    return (0..<kilt_pg_row_count(result)).map { row in
      Row(
        (0..<columns).map { column in
          guard let start = kilt_pg_value(result, row, column) else { return .null }
          let text = String(cString: start)
          return isInteger[Int(column)] ? Int64(text).map { .integer($0) } ?? .null : .text(text)
        })
    }
  }

  /// `?` as PostgreSQL writes it: `$1`, `$2`. No statement has a question mark in a text.
  private static func numbered(_ sql: String) -> String {
    var number = 0
    var result = ""
    for character in sql {
      if character == "?" {
        number += 1
        result += "$\(number)"
      } else {
        result.append(character)
      }
    }
    return result
  }

  /// Passes texts as a list of C strings that ends with NULL; nil stays NULL in its place.
  private static func withStrings<Result>(
    _ texts: [String?], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Result
  ) -> Result {
    var bytes: [CChar] = []
    var offsets: [Int?] = []
    for text in texts {
      offsets.append(text == nil ? nil : bytes.count)
      if let text { bytes += text.utf8CString }
    }
    bytes.append(0)
    return bytes.withUnsafeBufferPointer { buffer in
      let pointers = offsets.map { offset in offset.flatMap { buffer.baseAddress?.advanced(by: $0) } } + [nil]
      return pointers.withUnsafeBufferPointer { body($0.baseAddress) }
    }
  }

  private static func line(_ text: UnsafePointer<CChar>?) -> String {
    guard let text else { return "unknown error" }
    return String(cString: text).split(separator: "\n").map { String($0) }.joined(separator: " ")
  }
}
