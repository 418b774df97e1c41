public import Diagnostics
internal import GRDB
internal import JobModel
internal import Pipelines

/// Why the state could not be read or written.
public enum StoreError: DiagnosableError, Hashable {
  /// The file is no database, or is one that was damaged.
  case damaged(path: String, detail: String)
  /// Another scheduler has it.
  case inUse(path: String)
  /// A newer scheduler wrote it.
  case newer(path: String)
  case diskFull(path: String)
  case failed(path: String, detail: String)

  public var diagnostic: Diagnostic {
    switch self {
    case .damaged(let path, let detail):
      Diagnostic(
        .environment, "the scheduler's database \"\(path)\" is damaged", notes: [detail],
        remedies: [
          "put a backup in its place",
          "or move it away with its -wal file: the scheduler then starts with no jobs and ends what still runs",
        ])
    case .inUse(let path):
      Diagnostic(
        .environment, "another scheduler uses \"\(path)\"",
        remedies: ["stop it first, or use another state directory for this one"])
    case .newer(let path):
      Diagnostic(
        .environment, "a newer version of Kilt wrote the scheduler's database \"\(path)\"",
        remedies: ["run that version, or restore a backup from before it"])
    case .diskFull(let path):
      Diagnostic(
        .environment, "no space left to write the scheduler's database \"\(path)\"",
        remedies: ["free some space on its disk; until then the scheduler refuses requests, and running tasks continue"]
      )
    case .failed(let path, let detail):
      Diagnostic(.environment, "cannot use the scheduler's database \"\(path)\"", notes: [detail])
    }
  }

  /// Runs database work, and explains its errors. A `SchedulerError` cannot arise in it.
  static func translating<Value>(_ path: String, _ body: () throws -> Value) throws(StoreError) -> Value {
    do {
      return try body()
    } catch let error as StoreError {
      throw error
    } catch let error as DatabaseError {
      switch error.resultCode {
      case .SQLITE_NOTADB, .SQLITE_CORRUPT: throw .damaged(path: path, detail: error.description)
      case .SQLITE_BUSY, .SQLITE_LOCKED: throw .inUse(path: path)
      case .SQLITE_FULL: throw .diskFull(path: path)
      default: throw .failed(path: path, detail: error.description)
      }
    } catch let error as PipelineTables.Damage {
      throw .damaged(path: path, detail: error.detail)
    } catch let error as ModelError {
      throw .damaged(path: path, detail: error.description)
    } catch {
      throw .failed(path: path, detail: "\(error)")
    }
  }
}
