public import JSON
public import JobModel

/// A request of a scheduler to the executor of a task on another machine.
public struct RemoteRequest: Sendable, Hashable {
  public enum Kind: Sendable, Hashable {
    /// End the task gracefully; asked again, it is the same request. With `hastens`, go on to the next step of the end.
    case stop(hastens: Bool)
    /// Run a command beside the task. The executor calls back for the session.
    case exec(session: String, command: [String], columns: Int?, rows: Int?)
    /// Answer with a part of a file of the sandbox, or with the entries of a directory.
    case file(path: String, offset: Int64)
    /// Check the task's health now, instead of when it is due.
    case checkHealth
  }

  /// From 1, one more each request of a task.
  public var number: Int
  public var kind: Kind

  public init(number: Int, kind: Kind) {
    self.number = number
    self.kind = kind
  }
}

extension RemoteRequest: JSONCodable {
  private enum Name: String, CaseIterable {
    case stop, exec, file, health
  }

  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    number = try fields.integer("number")
    switch try fields.enumeration("kind", Name.self) {
    case .stop: kind = .stop(hastens: try fields.optionalBool("hastens") ?? false)
    case .exec:
      kind = .exec(
        session: try fields.string("session"), command: try fields.strings("command"),
        columns: try fields.optionalInteger("columns"), rows: try fields.optionalInteger("rows"))
    case .file: kind = .file(path: try fields.string("path"), offset: try fields.integer("offset"))
    case .health: kind = .checkHealth
    }
  }

  public var json: JSONValue {
    let number = JSONValue.integer(number)
    switch kind {
    case .stop(let hastens):
      return .fields(["number": number, "kind": .raw(Name.stop), "hastens": .bool(hastens)])
    case .exec(let session, let command, let columns, let rows):
      return .fields([
        "number": number, "kind": .raw(Name.exec), "session": .string(session), "command": .strings(command),
        "columns": .integer(columns), "rows": .integer(rows),
      ])
    case .file(let path, let offset):
      return .fields([
        "number": number, "kind": .raw(Name.file), "path": .string(path), "offset": .integer(offset),
      ])
    case .checkHealth: return .fields(["number": number, "kind": .raw(Name.health)])
    }
  }
}
