// ZooKeeper: announces tasks as ServerSets in ZooKeeper, and reads those of others, in Aurora's layout. The program
// `kilt-zookeeper` is this module; no other process loads the C client.

internal import Crypto
internal import Diagnostics
public import JSON
public import SystemSupport

/// The addresses of ZooKeeper and the form of nodes: the file that a scheduler writes for its executors.
///
/// It is read again when it changes, so a running task follows a changed list of hosts.
public struct ZooKeeperSettings: Sendable, Hashable {
  /// `host:port,…`.
  public var hosts: String
  /// The node above all ServerSets.
  public var root: String
  /// A file in the form of Aurora's `--announcer-zookeeper-auth-config`.
  public var authentication: String?
  /// The time for which ZooKeeper keeps the nodes of a silent client, in milliseconds.
  public var timeout: Int

  public init(hosts: String, root: String = "/aurora", authentication: String? = nil, timeout: Int = 10_000) {
    self.hosts = hosts
    self.root = root
    self.authentication = authentication
    self.timeout = timeout
  }

  public init(reading path: FilePath) throws {
    let json = try JSONValue(parsing: FileSystem.read(path, limit: 1 << 20))
    guard let hosts = json["hosts"]?.string, let root = json["root"]?.string else {
      throw Diagnostic(.input, "\"\(path)\" has no \"hosts\" or no \"root\"")
    }
    self.init(hosts: hosts, root: root, authentication: json["authentication"]?.string)
    if let timeout = json["timeout"]?.int.flatMap(Int.init(exactly:)) { self.timeout = timeout }
  }

  public var json: JSONValue {
    var object = JSONObject([
      ("hosts", .string(hosts)), ("root", .string(root)), ("timeout", .int(Int64(timeout))),
    ])
    if let authentication { object["authentication"] = .string(authentication) }
    return .object(object)
  }
}

/// How a client proves who it is, and who may do what with its nodes: Aurora's file.
///
/// ```
/// {"auth": [{"scheme": "digest", "credential": "user:password"}],
///  "acl": [{"scheme": "digest", "credential": "user:password", "permissions": {"all": true}},
///          {"scheme": "world", "credential": "anyone", "permissions": {"read": true}}]}
/// ```
public struct ZooKeeperAuthentication: Sendable, Hashable {
  public struct Credential: Sendable, Hashable {
    public var scheme: String
    public var credential: String
  }

  public struct Rule: Sendable, Hashable {
    public var scheme: String
    /// In the form that ZooKeeper stores: for a digest, the name and the hash.
    public var id: String
    /// The sum of ZooKeeper's bits: 1 read, 2 write, 4 create, 8 delete, 16 administer.
    public var permissions: Int32
  }

  public var credentials: [Credential] = []
  /// Never empty.
  public var rules: [Rule]

  /// Everybody can do everything, which is Aurora's default.
  public init() { rules = [Rule(scheme: "world", id: "anyone", permissions: 31)] }

  public init(reading path: FilePath) throws {
    do {
      let status = try FileSystem.status(of: path)
      if status.permissions & 0o077 != 0 {
        throw Diagnostic(
          .input, "other users can read \"\(path)\", which has a password", remedies: ["run `chmod 600 \(path)`"])
      }
      try self.init(JSONValue(parsing: FileSystem.read(path, limit: 1 << 20)))
    } catch let error as Diagnostic {
      throw error
    } catch {
      throw Diagnostic(.input, "cannot read the ZooKeeper credentials \"\(path)\": \(error)")
    }
  }

  init(_ json: JSONValue) throws {
    for name in json.object?.names ?? [] where name != "auth" && name != "acl" {
      throw Diagnostic(.input, "unknown key \"\(name)\" in the ZooKeeper credentials", notes: ["known keys: auth, acl"])
    }
    guard json.object != nil else { throw Diagnostic(.input, "the ZooKeeper credentials must be a JSON object") }
    func text(_ entry: JSONValue, _ key: String) throws -> String {
      guard let text = entry[key]?.string, !text.isEmpty else {
        throw Diagnostic(.input, "an entry of the ZooKeeper credentials has no \"\(key)\"")
      }
      return text
    }
    credentials = try (json["auth"]?.array ?? []).map {
      Credential(scheme: try text($0, "scheme"), credential: try text($0, "credential"))
    }
    rules = try (json["acl"]?.array ?? []).map { entry in
      let scheme = try text(entry, "scheme"), credential = try text(entry, "credential")
      var permissions: Int32 = 0
      for (name, value) in entry["permissions"]?.object ?? JSONObject() {
        guard let bit = Self.bits[name], let isGiven = value.bool else {
          throw Diagnostic(
            .input, "unknown permission \"\(name)\" in the ZooKeeper credentials",
            notes: ["permissions: \(Self.bits.keys.sorted().joined(separator: ", "))"])
        }
        if isGiven { permissions |= bit }
      }
      return Rule(
        scheme: scheme, id: scheme == "digest" ? Self.digest(credential) : credential, permissions: permissions)
    }
    guard rules.isEmpty else { return }
    // Without rules: the owner of the credentials can do everything, everybody else can read.
    let own = credentials.filter { $0.scheme == "digest" }
    rules = own.map { Rule(scheme: "digest", id: Self.digest($0.credential), permissions: 31) }
    rules.append(Rule(scheme: "world", id: "anyone", permissions: rules.isEmpty ? 31 : 1))
  }

  private static let bits: [String: Int32] = [
    "read": 1, "write": 2, "create": 4, "delete": 8, "admin": 16, "all": 31,
  ]

  /// `NAME:HASH` of `NAME:PASSWORD`, as ZooKeeper's DigestAuthenticationProvider has it.
  static func digest(_ credential: String) -> String {
    let name = credential.prefix { $0 != ":" }
    return "\(name):" + base64(Array(Insecure.SHA1.hash(data: Array(credential.utf8))))
  }

  private static func base64(_ bytes: [UInt8]) -> String {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      let value = group.reduce(0) { $0 << 8 | UInt32($1) } << UInt32((3 - group.count) * 8)
      for index in 0..<4 {
        text.append(index <= group.count ? digits[Int(value >> UInt32(18 - index * 6) & 63)] : UInt8(ascii: "="))
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
