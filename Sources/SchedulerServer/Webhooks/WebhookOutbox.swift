internal import JSON
internal import JobModel
internal import Observability
internal import SystemSupport

/// The waiting notices, in a file of the state directory: a restart loses none.
///
/// `cursor` is the last processed event. It is written together with the resulting notices, so each event is turned
/// into notices once.
struct WebhookOutbox: Sendable {
  struct Entry: Sendable, Hashable {
    var notice: Notice
    /// The time at which it was created.
    var since: Timestamp
    var attempts = 0
    /// When it is tried next.
    var due: Timestamp
  }

  /// Nil before the first look.
  var cursor: Int64?
  var queues: [String: [Entry]] = [:]

  /// Notices that one receiver can have waiting; the oldest go first.
  static let limit = 1000

  init() {}

  /// Adds a notice for a receiver. Returns how many were dropped to make room.
  mutating func add(_ notice: Notice, for receiver: String, now: Timestamp) -> Int {
    var queue = queues[receiver, default: []]
    queue.append(Entry(notice: notice, since: now, due: now))
    let surplus = max(0, queue.count - Self.limit)
    queue.removeFirst(surplus)
    queues[receiver] = queue
    return surplus
  }

  // MARK: The file

  /// Reads the file; an empty outbox when there is none.
  init(reading path: FilePath) throws {
    let bytes: [UInt8]
    do throws(SystemCallError) {
      bytes = try FileSystem.read(path, limit: 64 << 20)
    } catch {
      if error.isMissing { return }
      throw error
    }
    let json = try JSONValue(parsing: bytes)
    cursor = json["cursor"]?.int
    for (name, entries) in json["queues"]?.object ?? JSONObject() {
      queues[name] = try (entries.array ?? []).map { try Entry(json: $0) }
    }
  }

  func write(to path: FilePath) throws(SystemCallError) {
    let json = JSONValue.fields([
      "cursor": cursor.map { .int($0) },
      "queues": .dictionary(queues) { .array($0.map(\.json)) },
    ])
    let replacement = try FileReplacement(of: path, permissions: 0o600)
    try FileSystem.write(json.bytes(.compact), to: replacement.file)
    try replacement.commit(.durable)
  }
}

extension WebhookOutbox.Entry: JSONCodable {
  init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    notice = try fields.object("notice")
    since = try fields.timestamp("since")
    attempts = try fields.integer("attempts")
    due = try fields.timestamp("due")
  }

  var json: JSONValue {
    .members([
      "notice": notice.json, "since": .time(since), "attempts": .integer(attempts), "due": .time(due),
    ])
  }
}
