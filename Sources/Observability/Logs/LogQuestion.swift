public import JSON
public import JobModel

/// A request for logs of a job, with its start.
public struct LogQuestion: Sendable, Hashable {
  /// Nil for all.
  public var instances: Set<Int>?
  /// Nil for all.
  public var processes: Set<String>?
  public var streams: [String]
  /// Whether new lines are sent as they are written.
  public var follows: Bool
  /// Only the last bytes of each log.
  public var tail: Int64?
  /// Only lines that can have been written at this time or later, also of ended tasks and runs.
  public var since: Timestamp?
  /// Only one task.
  public var task: TaskID?
  /// All remembered tasks and runs, not only the last ones.
  public var isWhole: Bool
  /// The position at which an interrupted reader continues.
  public var positions: [Position]

  /// The position of a reader in one log.
  public struct Position: Sendable, Hashable {
    public var source: LogSource
    public var position: Int64

    public init(_ source: LogSource, _ position: Int64) {
      self.source = source
      self.position = position
    }
  }

  public init(
    instances: Set<Int>? = nil, processes: Set<String>? = nil, streams: [String] = LogSource.streams,
    follows: Bool = false, tail: Int64? = nil, since: Timestamp? = nil, task: TaskID? = nil, isWhole: Bool = false,
    positions: [Position] = []
  ) {
    self.instances = instances
    self.processes = processes
    self.streams = streams
    self.follows = follows
    self.tail = tail
    self.since = since
    self.task = task
    self.isWhole = isWhole
    self.positions = positions
  }
}

/// One stream of one run of a process of a task.
public struct LogSource: Sendable, Hashable {
  public var instance: Int
  public var task: TaskID
  public var process: String
  public var run: Int
  /// `stdout` or `stderr`.
  public var stream: String

  public static let streams = ["stdout", "stderr"]

  public init(instance: Int, task: TaskID, process: String, run: Int, stream: String) {
    self.instance = instance
    self.task = task
    self.process = process
    self.run = run
    self.stream = stream
  }
}

/// A piece of a log as it is sent: a line of JSON, and `length` bytes of the log after it.
public struct LogFrame: Sendable, Hashable {
  public enum Kind: Sendable, Hashable {
    /// Bytes of a log from a position on, and when they had been written at the latest.
    case bytes(LogSource, position: Int64, time: Timestamp, length: Int)
    /// Nothing was written for a while.
    case alive
    /// No more lines follow: all tasks have ended.
    case end
  }

  public var kind: Kind

  public init(_ kind: Kind) { self.kind = kind }
}

extension LogSource: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(
      instance: try fields.integer("instance"), task: TaskID(try fields.string("task")),
      process: try fields.string("process"), run: try fields.integer("run"), stream: try fields.string("stream"))
  }

  public var json: JSONValue { .object(members) }

  fileprivate var members: JSONObject {
    JSONObject([
      ("instance", .integer(instance)), ("task", .string(task.rawValue)), ("process", .string(process)),
      ("run", .integer(run)), ("stream", .string(stream)),
    ])
  }
}

extension LogQuestion.Position: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(try LogSource(json: json), try fields.integer("position"))
  }

  public var json: JSONValue {
    var members = source.members
    members["position"] = .int(position)
    return .object(members)
  }
}

extension LogQuestion: JSONCodable {
  public static let fields: Set<String> = [
    "instances", "processes", "streams", "follow", "tail", "since", "task", "all", "positions",
  ]

  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(follows: try fields.optionalBool("follow") ?? false)
    if let list = json["instances"]?.array {
      instances = Set(list.compactMap { $0.int.flatMap { Int(exactly: $0) } })
      guard instances?.count == list.count else {
        throw ModelError(path: "instances", problem: .wrongType(expected: "numbers of instances, each once"))
      }
    }
    if json["processes"] != nil { processes = Set(try fields.strings("processes")) }
    if json["streams"] != nil { streams = try fields.strings("streams") }
    guard !streams.isEmpty, streams.allSatisfy({ LogSource.streams.contains($0) }) else {
      throw ModelError(path: "streams", problem: .wrongType(expected: "stdout, stderr or both"))
    }
    tail = try fields.optionalInteger("tail")
    since = try fields.optionalTimestamp("since")
    task = try fields.optionalString("task").map { TaskID($0) }
    isWhole = try fields.optionalBool("all") ?? false
    positions = try fields.list("positions")
  }

  public var json: JSONValue {
    .fields([
      "instances": instances.map { .array($0.sorted().map { .integer($0) }) },
      "processes": processes.map { .strings($0.sorted()) }, "streams": .strings(streams), "follow": .bool(follows),
      "tail": .integer(tail), "since": since.map { .time($0) }, "task": .text(task?.rawValue), "all": .bool(isWhole),
      "positions": .list(positions),
    ])
  }
}

extension LogFrame {
  public init(json: JSONValue) throws(ModelError) {
    if json["end"] != nil {
      kind = .end
    } else if json["alive"] != nil {
      kind = .alive
    } else {
      let fields = try FieldReader(json)
      kind = .bytes(
        try LogSource(json: json), position: try fields.integer("position"), time: try fields.timestamp("time"),
        length: try fields.integer("length"))
    }
  }

  /// The line, with its line break.
  public var header: [UInt8] {
    let json: JSONValue
    switch kind {
    case .end: json = ["end": true]
    case .alive: json = ["alive": true]
    case .bytes(let source, let position, let time, let length):
      var members = source.members
      members["position"] = .int(position)
      members["time"] = .int(time.milliseconds)
      members["length"] = .integer(length)
      json = .object(members)
    }
    return json.bytes(.compact) + [0x0A]
  }
}
