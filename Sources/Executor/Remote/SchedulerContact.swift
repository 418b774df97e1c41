public import JSON
public import JobModel

/// How the executor of a task on another machine reaches its scheduler: the content of the task's secret.
public struct SchedulerContact: Sendable, Hashable {
  /// `http://HOST:PORT` or `https://HOST:PORT`, without a slash at the end.
  public var address: String
  public var task: TaskID
  /// The secret that proves to the scheduler which executor asks.
  public var token: String
  /// The key that the scheduler's TLS certificate must have (`sha256//BASE64`); nil for plain HTTP, and for a certificate
  /// that the machine trusts.
  public var key: String?

  public init(address: String, task: TaskID, token: String, key: String?) {
    self.address = address
    self.task = task
    self.token = token
    self.key = key
  }
}

extension SchedulerContact: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(
      address: try fields.string("address"), task: TaskID(try fields.string("task")),
      token: try fields.string("token"), key: try fields.optionalString("key"))
  }

  public var json: JSONValue {
    .fields([
      "address": .string(address), "task": .string(task.rawValue), "token": .string(token), "key": .text(key),
    ])
  }
}
