import JSON
public import SystemSupport
import TOML

extension TrustPolicy {
  /// The policy of this host. It always applies, whatever variables say.
  public static let hostFile: FilePath = "/etc/kilt/policy.toml"

  /// Reads a policy file; nil if it does not exist. A file that cannot be read or understood is an error, never the
  /// absence of a policy.
  public init?(reading path: FilePath) throws(ArtifactError) {
    let bytes: [UInt8]
    do throws(SystemCallError) {
      bytes = try FileSystem.read(path, limit: 4 << 20)
    } catch {
      if error.isMissing { return nil }
      throw .file(error)
    }
    try self.init(parsing: bytes, path: path.string)
  }

  /// Parses a policy in TOML:
  /// ```
  /// [keys.ci-main-2026]
  /// public = "ed25519:…"                    # or the text of a PEM file
  /// role = "ci-main"                        # ci-main, ci-branch or person
  /// not_before = "2026-01-01T00:00:00Z"
  /// not_after = "2027-01-31T00:00:00Z"
  /// revoked = false
  ///
  /// [rules.production]
  /// artifacts = ["*"]
  /// stages = ["prod"]
  /// branches = ["main"]
  /// roles = ["ci-main"]
  /// keys = []
  /// threshold = 1
  /// minimum_age = "10m"
  /// main = true
  /// ```
  /// Rules are asked in the order of their names' appearance. An unknown member is an error: a mistyped condition must
  /// not be a missing one.
  public init(parsing bytes: [UInt8], path: String) throws(ArtifactError) {
    let document: TOMLDocument
    do throws(TOMLDocument.Failure) {
      document = try TOMLDocument(parsing: bytes)
    } catch {
      throw .badPolicy(path, line: error.line, reason: error.message)
    }
    var reader = PolicyReader(path: path)
    for (name, _) in document.root where name != "keys" && name != "rules" { throw reader.fault("unknown \"\(name)\"") }
    var keys: [Key] = []
    for (name, value) in document.root["keys"]?.object ?? JSONObject() {
      let key = try reader.key(name, value)
      // Counted under two names, one signature would be two; revoked under one, a key would live on under the other.
      if let same = keys.first(where: { $0.key == key.key }) { throw reader.fault("it is the key of \(same.name)") }
      keys.append(key)
    }
    var rules: [Rule] = []
    for (name, value) in document.root["rules"]?.object ?? JSONObject() {
      rules.append(try reader.rule(name, value, keys: keys))
    }
    guard !rules.isEmpty else { throw reader.fault("the policy has no rules") }
    self.init(path: path, keys: keys, rules: rules)
  }
}

/// Reads the tables of a policy file.
private struct PolicyReader {
  let path: String
  private var table = ""

  init(path: String) { self.path = path }

  func fault(_ reason: String) -> ArtifactError {
    .badPolicy(path, line: nil, reason: table.isEmpty ? reason : "[\(table)]: \(reason)")
  }

  mutating func key(_ name: String, _ value: JSONValue) throws(ArtifactError) -> TrustPolicy.Key {
    table = "keys.\(name)"
    let object = try object(value, ["public", "role", "not_before", "not_after", "revoked"])
    guard let text = object["public"]?.string, let key = PublicKey(parsing: text) else {
      throw fault("\"public\" is not an ed25519 key: write ed25519:BASE64, or the text of a PEM file")
    }
    guard let role = object["role"]?.string.flatMap({ TrustPolicy.Role(rawValue: $0) }) else {
      throw fault("\"role\" must be one of: " + TrustPolicy.Role.allCases.map(\.rawValue).joined(separator: ", "))
    }
    let start = try time("not_before", object) ?? 0
    let end = try time("not_after", object) ?? .max
    guard start <= end else { throw fault("\"not_after\" is before \"not_before\"") }
    return TrustPolicy.Key(
      name: name, key: key, role: role, validity: start...end, isRevoked: try bool("revoked", object))
  }

  mutating func rule(
    _ name: String, _ value: JSONValue, keys: [TrustPolicy.Key]
  ) throws(ArtifactError) -> TrustPolicy.Rule {
    table = "rules.\(name)"
    let object = try object(
      value, ["artifacts", "branches", "stages", "roles", "keys", "threshold", "minimum_age", "main"])
    var roles: Set<TrustPolicy.Role> = []
    for text in try strings("roles", object) {
      guard let role = TrustPolicy.Role(rawValue: text) else { throw fault("unknown role \"\(text)\"") }
      roles.insert(role)
    }
    let names = try strings("keys", object)
    for name in names where !keys.contains(where: { $0.name == name }) { throw fault("unknown key \"\(name)\"") }
    var threshold = 1
    if let value = object["threshold"] {
      guard let number = value.int, (1...100).contains(number) else { throw fault("\"threshold\" must be 1 to 100") }
      threshold = Int(number)
    }
    let artifacts = try strings("artifacts", object)
    return TrustPolicy.Rule(
      name: name, artifacts: object["artifacts"] == nil ? ["*"] : artifacts, branches: try strings("branches", object),
      stages: try strings("stages", object), roles: roles, keys: names, threshold: threshold,
      minimumAge: try duration("minimum_age", object), requiresMain: try bool("main", object))
  }

  private func object(_ value: JSONValue, _ known: [String]) throws(ArtifactError) -> JSONObject {
    guard let object = value.object else { throw fault("it is not a table") }
    for name in object.names where !known.contains(name) {
      throw fault("unknown \"\(name)\"; known: " + known.joined(separator: ", "))
    }
    return object
  }

  private func strings(_ name: String, _ object: JSONObject) throws(ArtifactError) -> [String] {
    guard let value = object[name] else { return [] }
    guard let strings = value.strings else { throw fault("\"\(name)\" must be a list of texts") }
    return strings
  }

  private func bool(_ name: String, _ object: JSONObject) throws(ArtifactError) -> Bool {
    guard let value = object[name] else { return false }
    guard let flag = value.bool else { throw fault("\"\(name)\" must be true or false") }
    return flag
  }

  private func time(_ name: String, _ object: JSONObject) throws(ArtifactError) -> Int64? {
    guard let value = object[name] else { return nil }
    guard let seconds = value.string.flatMap({ RFC3339.seconds($0) }) else {
      throw fault("\"\(name)\" must be a time such as 2026-01-31T00:00:00Z")
    }
    return seconds
  }

  private func duration(_ name: String, _ object: JSONObject) throws(ArtifactError) -> Int64 {
    guard let value = object[name] else { return 0 }
    guard let seconds = value.string.flatMap({ DurationText.seconds($0) }) else {
      throw fault("\"\(name)\" must be a duration such as \"90s\", \"10m\", \"1h\" or \"7d\"")
    }
    return seconds
  }
}

/// Durations as configuration files write them.
public enum DurationText {
  /// The seconds of `90s`, `10m`, `1h` or `7d`; nil for any other text.
  public static func seconds(_ text: String) -> Int64? {
    let factors: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86400]
    guard let unit = text.last, let factor = factors[unit], let number = Int64(text.dropLast()), number >= 0 else {
      return nil
    }
    let (seconds, overflow) = number.multipliedReportingOverflow(by: factor)
    return overflow ? nil : seconds
  }
}
