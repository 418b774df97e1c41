public import JSON
public import JobModel

/// A member of a ServerSet: the content of a node `ROOT/ROLE/STAGE/NAME/member_N` in ZooKeeper, as Aurora's announcer
/// writes it and Finagle and Synapse read it.
///
/// ```
/// {"additionalEndpoints": {"http": {"host": "h1", "port": 31000}}, "serviceEndpoint": {"host": "h1", "port": 31000},
///  "shard": 0, "status": "ALIVE"}
/// ```
public struct ServerSetMember: Sendable, Hashable, JSONCodable {
  public var announcement: Announcement
  /// Nil where another client left it out.
  public var shard: Int?
  /// `ALIVE` for a member that can be called.
  public var status: String

  public init(_ announcement: Announcement, shard: Int?, status: String = "ALIVE") {
    self.announcement = announcement
    self.shard = shard
    self.status = status
  }

  /// The node of a job below the root.
  public static func path(of key: JobKey) -> String { "/\(key.role)/\(key.stage)/\(key.name)" }

  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    guard let service = json["serviceEndpoint"] else { throw ModelError(path: "serviceEndpoint", problem: .missing) }
    let (host, port) = try Self.endpoint(service, "serviceEndpoint")
    var endpoints: [String: Int] = [:]
    for (name, value) in json["additionalEndpoints"]?.object ?? JSONObject() {
      // An endpoint on another host is not this announcement's to tell.
      let (other, port) = try Self.endpoint(value, "additionalEndpoints.\(name)")
      if other == host { endpoints[name] = port }
    }
    announcement = Announcement(host: host, port: port, endpoints: endpoints)
    shard = try fields.optionalInteger("shard")
    status = try fields.optionalString("status") ?? "ALIVE"
  }

  private static func endpoint(_ json: JSONValue, _ path: String) throws(ModelError) -> (String, Int) {
    do {
      let fields = try FieldReader(json)
      return (try fields.string("host"), try fields.integer("port"))
    } catch {
      throw error.under(path)
    }
  }

  public var json: JSONValue {
    func endpoint(_ port: Int) -> JSONValue { .members(["host": .string(announcement.host), "port": .integer(port)]) }
    return .fields([
      "additionalEndpoints": .dictionary(announcement.endpoints) { endpoint($0) },
      "serviceEndpoint": endpoint(announcement.port), "shard": .integer(shard), "status": .string(status),
    ])
  }
}
