internal import JSON

/// A machine of a swarm, as its managers know it.
public struct SwarmNode: Sendable, Hashable {
  public enum Availability: String, Sendable, Hashable {
    case active, pause, drain
  }

  public var id: String
  public var hostname: String
  /// Where other machines reach it.
  public var address: String
  public var availability: Availability
  /// Whether managers hear from it.
  public var isReady: Bool
  /// Processor cores in billionths, and bytes.
  public var nanoCPUs: Int
  public var memory: Int
  /// Such as `x86_64`.
  public var architecture: String
  public var labels: [String: String]
  /// The number of its description's version; an update must name it.
  var version: Int64

  /// The label that `kilt cluster drain` sets.
  public static let drainLabel = "kilt.drain"
  /// The prefix of labels that say what tasks may use: `kilt.disk=500GiB`.
  public static let diskLabel = "kilt.disk"

  public var isDrainedByKilt: Bool { labels[Self.drainLabel] != nil }

  /// Reads one element of the answer to `GET /nodes`; nil for one that is not whole yet: a machine that joins.
  init?(_ json: JSONValue) {
    guard let id = json["ID"]?.string, let description = json["Description"],
      let hostname = description["Hostname"]?.string, !hostname.isEmpty
    else { return nil }
    self.id = id
    self.hostname = hostname
    let leader = json["ManagerStatus"]?["Addr"]?.string.map { String($0.prefix { $0 != ":" }) }
    let address = json["Status"]?["Addr"]?.string ?? ""
    // A manager may know itself under the address 0.0.0.0 or loopback.
    self.address = ["", "0.0.0.0", "127.0.0.1"].contains(address) ? leader ?? hostname : address
    availability = json["Spec"]?["Availability"]?.string.flatMap { Availability(rawValue: $0) } ?? .active
    isReady = json["Status"]?["State"]?.string == "ready"
    nanoCPUs = Int(clamping: description["Resources"]?["NanoCPUs"]?.int ?? 0)
    memory = Int(clamping: description["Resources"]?["MemoryBytes"]?.int ?? 0)
    architecture = description["Platform"]?["Architecture"]?.string ?? ""
    var labels: [String: String] = [:]
    for (name, value) in json["Spec"]?["Labels"]?.object ?? JSONObject() { labels[name] = value.string }
    self.labels = labels
    version = json["Version"]?["Index"]?.int ?? 0
  }
}
