internal import JSON
public import JobModel

/// An archived line of a log: a JSON object on one line.
///
/// `position` is the number of its first byte in the output of its run, and `bytes` its length there, with its line
/// break: the last line of an object determines where the next object begins.
public struct ArchivedLine: Sendable, Hashable {
  public var source: LogSource
  public var time: Timestamp
  public var release: Int?
  public var commit: String?
  public var host: String
  public var position: Int64
  public var bytes: Int
  public var line: String
  public var level: LogLevel?

  public init(
    source: LogSource, time: Timestamp, release: Int?, commit: String?, host: String, position: Int64, bytes: Int,
    line: String, level: LogLevel?
  ) {
    self.source = source
    self.time = time
    self.release = release
    self.commit = commit
    self.host = host
    self.position = position
    self.bytes = bytes
    self.line = line
    self.level = level
  }

  /// With its line break.
  public var text: [UInt8] {
    let json = JSONValue.fields([
      "time": .string(time.description), "instance": .integer(source.instance), "task": .string(source.task.rawValue),
      "release": .integer(release), "commit": .text(commit), "host": .string(host),
      "process": .string(source.process), "run": .integer(source.run), "stream": .string(source.stream),
      "position": .int(position), "bytes": .integer(bytes), "level": .text(level?.name), "line": .string(line),
    ])
    return json.bytes(.compact) + [0x0A]
  }

  /// The position after the last line of an object's content; nil if there is none.
  public static func end(of content: [UInt8]) -> Int64? {
    guard let last = content.split(separator: 0x0A).last else { return nil }
    do {
      let json = try JSONValue(parsing: Array(last))
      guard let position = json["position"]?.int, let bytes = json["bytes"]?.int else { return nil }
      return position + bytes
    } catch {
      return nil
    }
  }

  /// The columns besides the partition's, with their types in DuckDB and in Athena.
  public static let columns: [(name: String, duckDB: String, athena: String)] = [
    ("time", "TIMESTAMP", "string"), ("instance", "INTEGER", "int"), ("task", "VARCHAR", "string"),
    ("release", "INTEGER", "int"), ("commit", "VARCHAR", "string"), ("host", "VARCHAR", "string"),
    ("process", "VARCHAR", "string"), ("run", "INTEGER", "int"), ("stream", "VARCHAR", "string"),
    ("position", "BIGINT", "bigint"), ("bytes", "BIGINT", "bigint"), ("level", "VARCHAR", "string"),
    ("line", "VARCHAR", "string"),
  ]
}

extension LogSource {
  /// The name of the object whose first line is at a position. The same lines have the same name, whoever ships them.
  public func objectName(at position: Int64) -> String {
    let digits = "\(position)"
    let padded = String(repeating: "0", count: max(0, 16 - digits.count)) + digits
    return "\(task)-\(process)-\(run)-\(stream)-\(padded).jsonl.gz"
  }
}
