internal import Diagnostics
internal import JSON
internal import JobModel
internal import SchedulerCore
internal import SystemSupport
internal import TOML

extension ClusterPolicy {
  /// Reads `[policy]` of a scheduler's configuration file.
  ///
  /// ```
  /// [policy]
  /// production_stages = ["prod", "prod-*"]
  /// stages = ["devel", "test", "staging*", "prod"]
  /// main_branch = "main"
  /// artifacts = "production"          # where a job must run an artifact: never, production, always
  /// main_only = "production"          # where its commit must have been on the main branch
  /// trust = "/etc/kilt/trust.toml"    # who must have signed artifacts; see docs/artifacts.md
  /// committed_files = "production"    # where the job must be what its committed files describe; needs git
  /// git = "/srv/git/acme.git"
  /// secrets = "/etc/kilt/secrets"     # a directory of root alone
  /// secrets_command = ["/usr/local/bin/secret"]   # or a command that prints the secret of a reference
  /// overridable = ["off-main"]        # codes of refusals that a recorded reason overrides
  ///
  /// [policy.quotas]                   # of a role, or of one stage of it
  /// "www-data" = {cpu = 16, ram = "64GB", disk = "500GB"}
  ///
  /// [policy.roles]                    # the first pattern that matches the stage counts
  /// "prod*" = ["www-data"]
  /// "*" = ["*"]
  ///
  /// [policy.volumes."/var/lib/igor"]
  /// roles = ["www-data"]
  /// mode = "rw"
  ///
  /// [policy.attributes]
  /// rack = "r1"
  ///
  /// [discovery]
  /// file_sd = "/run/kilt/targets.json"   # the file for Prometheus' file_sd_configs
  /// file_sd_port = "metrics"             # the name of the port in it; without it, the primary port
  /// zookeeper = "zk1:2181,zk2:2181"      # where executors announce their tasks as ServerSets
  /// zookeeper_root = "/aurora"
  /// zookeeper_auth = "/etc/kilt/zookeeper.json"   # in the form of Aurora's --announcer-zookeeper-auth-config
  /// ```
  /// - Throws: `Diagnostic` for a file that cannot be read or understood, never the defaults: a mistyped rule must not be
  ///   a missing one.
  init(reading path: FilePath) throws {
    let bytes: [UInt8]
    do throws(SystemCallError) {
      bytes = try FileSystem.read(path, limit: 1 << 20)
    } catch {
      throw Diagnostic(.environment, "cannot read the configuration \"\(path)\": \(error.errno)")
    }
    let document: TOMLDocument
    do throws(TOMLDocument.Failure) {
      document = try TOMLDocument(parsing: bytes)
    } catch {
      throw Diagnostic(
        .input, "cannot read the configuration: \(error.message)",
        at: SourceLocation(path: path.string, line: error.line))
    }
    var reader = Reader(path: path)
    self.init()
    let tables = ["policy", "discovery"] + MonitoringSettings.tables
    for (name, value) in document.root {
      guard tables.contains(name) else {
        throw reader.fault(
          "unknown table \"\(name)\"",
          remedy: "tables of a scheduler's configuration: \(tables.map { "[\($0)]" }.joined(separator: ", "))")
      }
      guard ["policy", "discovery"].contains(name) else { continue }
      guard let table = value.object else { throw reader.fault("\"\(name)\" is not a table") }
      if name == "policy" { try read(policy: table, &reader) } else { try read(discovery: table, reader) }
    }
  }

  private mutating func read(discovery table: JSONObject, _ reader: Reader) throws {
    for (name, value) in table {
      switch name {
      case "file_sd": discovery.file = try reader.path(value, name)
      case "file_sd_port": discovery.filePort = try reader.text(value, name)
      case "zookeeper": discovery.zooKeeper = try reader.text(value, name)
      case "zookeeper_root":
        discovery.zooKeeperRoot = try reader.path(value, name).string
      case "zookeeper_auth": discovery.zooKeeperAuthentication = try reader.path(value, name)
      default:
        throw reader.fault("unknown key \"\(name)\" in [discovery]", remedy: "docs/routing.md lists the keys")
      }
    }
    if discovery.zooKeeper == nil, let key = ["zookeeper_root", "zookeeper_auth"].first(where: { table[$0] != nil }) {
      throw reader.fault("\"\(key)\" needs \"zookeeper\"", remedy: "add zookeeper = \"HOST:2181\"")
    }
    if discovery.filePort != nil, discovery.file == nil {
      throw reader.fault("\"file_sd_port\" needs \"file_sd\"", remedy: "add file_sd = \"/run/kilt/targets.json\"")
    }
  }

  private mutating func read(policy: JSONObject, _ reader: inout Reader) throws {
    for (name, value) in policy {
      switch name {
      case "quotas":
        for (key, resources) in try reader.table(value, name) {
          let (quota, limit) = try reader.quota(key, resources)
          quotas[quota] = limit
        }
      case "production_stages": productionStages = try reader.texts(value, name)
      case "stages": stages = try reader.texts(value, name)
      case "main_branch": mainBranch = try reader.text(value, name)
      case "artifacts": artifacts = try reader.scope(value, name)
      case "main_only": mainOnly = try reader.scope(value, name)
      case "committed_files": committedFiles = try reader.scope(value, name)
      case "trust": trust = try reader.path(value, name)
      case "git": git = try reader.path(value, name)
      case "secrets": secrets = try reader.path(value, name)
      case "secrets_command": secretsCommand = try reader.texts(value, name)
      case "overridable":
        overridable = Set(try reader.texts(value, name))
        for code in overridable where RefusalCode(rawValue: code)?.isOverridable != true {
          throw reader.fault(
            "\"\(code)\" of overridable cannot be overridden",
            remedy: "codes that can: "
              + RefusalCode.allCases.filter(\.isOverridable).map(\.rawValue).joined(separator: ", "))
        }
      case "roles":
        for (stages, names) in try reader.table(value, name) { roles.append((stages, try reader.texts(names, name))) }
      case "attributes":
        for (attribute, text) in try reader.table(value, name) {
          attributes[attribute] = try reader.text(text, attribute)
        }
      case "volumes":
        for (path, rule) in try reader.table(value, name) { volumes.append(try reader.volume(path, rule)) }
      default:
        throw reader.fault("unknown key \"\(name)\" in [policy]", remedy: "docs/operations.md lists the keys")
      }
    }
    if committedFiles != .never, git == nil {
      throw reader.fault("\"committed_files\" needs \"git\"", remedy: "add git = \"/srv/git/NAME.git\", a mirror")
    }
  }

  private struct Reader {
    let path: FilePath

    func fault(_ summary: String, remedy: String? = nil) -> Diagnostic {
      Diagnostic(
        .input, summary, at: SourceLocation(path: path.string, line: 1), remedies: remedy.map { [$0] } ?? [])
    }

    func text(_ value: JSONValue, _ name: String) throws -> String {
      guard let text = value.string, !text.isEmpty else { throw fault("\"\(name)\" is not a text") }
      return text
    }

    func texts(_ value: JSONValue, _ name: String) throws -> [String] {
      guard let texts = value.strings else { throw fault("\"\(name)\" is not a list of texts") }
      return texts
    }

    func path(_ value: JSONValue, _ name: String) throws -> FilePath {
      let path = FilePath(try text(value, name))
      guard path.isAbsolute else { throw fault("\"\(name)\" is not an absolute path") }
      return path
    }

    func scope(_ value: JSONValue, _ name: String) throws -> Scope {
      guard let scope = value.string.flatMap(Scope.init(rawValue:)) else {
        throw fault("\"\(name)\" is one of: \(Scope.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      return scope
    }

    func section(_ value: JSONValue, _ name: String) throws -> JSONObject {
      guard let object = value.object else { throw fault("\"\(name)\" is not a table") }
      return object
    }

    func table(_ value: JSONValue, _ name: String) throws -> [(String, JSONValue)] {
      try section(value, name).map { ($0, $1) }
    }

    /// `"www-data/prod" = {cpu = 16, ram = "64GB", disk = "500GB"}`.
    func quota(_ key: String, _ value: JSONValue) throws -> (QuotaKey, Resources) {
      guard let quota = QuotaKey(key) else {
        throw fault("the quota \"\(key)\" is not of ROLE or ROLE/STAGE")
      }
      var limit = Resources.zero
      var missing: Set = ["cpu", "ram", "disk"]
      for (name, value) in try table(value, key) {
        guard missing.remove(name) != nil else { throw fault("unknown key \"\(name)\" of the quota \"\(key)\"") }
        if name == "cpu" {
          guard let number = value.double, (0...1e6).contains(number) else {
            throw fault("\"cpu\" of the quota \"\(key)\" is not a number of cores")
          }
          limit.milliCPU = Int((number * 1000).rounded())
        } else {
          guard let bytes = value.string.flatMap({ ByteSize.parse($0) }), bytes >= 0 else {
            throw fault("\"\(name)\" of the quota \"\(key)\" is not a size such as \"64GB\"")
          }
          if name == "ram" { limit.ram = bytes } else { limit.disk = bytes }
        }
      }
      guard missing.isEmpty else {
        throw fault("the quota \"\(key)\" has no \(missing.sorted().joined(separator: ", "))")
      }
      return (quota, limit)
    }

    func volume(_ path: String, _ value: JSONValue) throws -> VolumeRule {
      guard path.hasPrefix("/"), !path.split(separator: "/").contains("..") else {
        throw fault("the path \"\(path)\" of volumes is not absolute, or has \"..\"")
      }
      var rule = VolumeRule(path: path, roles: [], mode: .readOnly)
      for (name, value) in try table(value, path) {
        switch name {
        case "roles": rule.roles = try texts(value, name)
        case "mode":
          guard let mode = value.string.flatMap(Volume.Mode.init(rawValue:)) else {
            throw fault("\"mode\" of the volume \"\(path)\" is ro or rw")
          }
          rule.mode = mode
        default: throw fault("unknown key \"\(name)\" of the volume \"\(path)\"")
        }
      }
      return rule
    }
  }
}
