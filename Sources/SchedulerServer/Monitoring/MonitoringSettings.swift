internal import Diagnostics
internal import JSON
internal import SystemSupport
internal import TOML

/// Where the scheduler sends what it sees: the tables of its configuration besides `[policy]`.
///
/// ```
/// [metrics]
/// opentsdb = "telnet://tsdb.example.com:4242"   # or http://…, https://…
/// interval_secs = 10
///
/// [[webhooks]]                                   # see WebhookSettings
/// name = "oncall"
/// url = "https://hooks.example.com/x"
///
/// [logs]
/// archive = "s3://logs/kilt"   # or a directory
/// interval_secs = 10
///
/// [pipelines]                  # see PipelineSettings
/// store = "postgresql://kilt@db.example.com/kilt"
/// ```
struct MonitoringSettings: Sendable {
  /// The tables that are read here.
  static let tables = ["metrics", "webhooks", "logs", "pipelines"]

  /// The receivers of metrics in OpenTSDB's form.
  var openTSDB: OpenTSDBAddress?
  var interval = Duration.seconds(10)
  /// The interval of reading the tasks' own metrics for the pages.
  var ownInterval = Duration.seconds(30)
  /// The receivers of notices.
  var webhooks: [WebhookSettings] = []
  /// The archive of logs; nil for none.
  var logs: LogSettings?
  /// The PostgreSQL with the runs of pipelines; nil for none.
  var pipelines: PipelineSettings?

  init() {}

  /// Reads the tables of a configuration file.
  ///
  /// - Throws: `Diagnostic` for a file that cannot be read or understood.
  init(reading path: FilePath) throws {
    let document: TOMLDocument
    do {
      document = try TOMLDocument(parsing: try FileSystem.read(path, limit: 1 << 20))
    } catch let error as SystemCallError {
      throw Diagnostic(.environment, "cannot read the configuration \"\(path)\": \(error.errno)")
    } catch let error as TOMLDocument.Failure {
      throw Diagnostic(
        .input, "cannot read the configuration: \(error.message)",
        at: SourceLocation(path: path.string, line: error.line))
    }
    let reader = SettingsReader(path: path)
    if let metrics = document.root["metrics"] { try readMetrics(try reader.table(metrics, "metrics"), reader) }
    if let table = document.root["logs"] { logs = try LogSettings(try reader.table(table, "logs"), reader) }
    if let table = document.root["pipelines"] {
      pipelines = try PipelineSettings(try reader.table(table, "pipelines"), reader)
    }
    if let entries = document.root["webhooks"] {
      guard let list = entries.array else {
        throw reader.fault("\"webhooks\" is not a list of tables", remedy: "write [[webhooks]]")
      }
      webhooks = try list.map { try WebhookSettings(try reader.table($0, "webhooks"), reader) }
      guard Set(webhooks.map(\.name)).count == webhooks.count else {
        throw reader.fault("two webhooks have the same name")
      }
    }
  }

  private mutating func readMetrics(_ table: JSONObject, _ reader: SettingsReader) throws {
    for (name, value) in table {
      switch name {
      case "opentsdb":
        let text = try reader.text(value, name)
        guard let address = OpenTSDBAddress(text) else {
          throw reader.fault(
            "invalid address \"\(text)\" in \"opentsdb\"",
            remedy: "write telnet://HOST:PORT, or the http:// or https:// address of an OpenTSDB")
        }
        openTSDB = address
      case "interval_secs", "own_interval_secs":
        guard let seconds = value.double, (1...3600).contains(seconds) else {
          throw reader.fault("\"\(name)\" is not a number of seconds from 1 to 3600")
        }
        let duration = Duration.milliseconds(Int64(seconds * 1000))
        if name == "interval_secs" { interval = duration } else { ownInterval = duration }
      default:
        throw reader.fault(
          "unknown key \"\(name)\" in [metrics]",
          remedy: "keys of [metrics]: opentsdb, interval_secs, own_interval_secs")
      }
    }
  }
}

/// Reads values of a configuration file, and says where one is wrong.
struct SettingsReader {
  let path: FilePath

  func fault(_ summary: String, remedy: String? = nil) -> Diagnostic {
    Diagnostic(
      .input, summary, at: SourceLocation(path: path.string, line: 1), remedies: remedy.map { [$0] } ?? [])
  }

  func table(_ value: JSONValue, _ name: String) throws -> JSONObject {
    guard let object = value.object else { throw fault("\"\(name)\" is not a table") }
    return object
  }

  func text(_ value: JSONValue, _ name: String) throws -> String {
    guard let text = value.string, !text.isEmpty else { throw fault("\"\(name)\" is not a text") }
    return text
  }

  func texts(_ value: JSONValue, _ name: String) throws -> [String] {
    guard let texts = value.strings else { throw fault("\"\(name)\" is not a list of texts") }
    return texts
  }
}

/// The address of an OpenTSDB, or of another database with its protocol.
enum OpenTSDBAddress: Sendable, Hashable {
  case telnet(host: String, port: String)
  /// The beginning of URLs, without a slash at the end.
  case http(String)

  init?(_ text: String) {
    if text.hasPrefix("http://") || text.hasPrefix("https://") {
      var base = text[...]
      while base.last == "/" { base = base.dropLast() }
      guard base.count > 8 else { return nil }
      self = .http(String(base))
      return
    }
    guard text.hasPrefix("telnet://") else { return nil }
    var rest = text.dropFirst("telnet://".count)
    if rest.last == "/" { rest = rest.dropLast() }
    guard let colon = rest.lastIndex(of: ":") else { return nil }
    var host = rest[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    let port = rest[rest.index(after: colon)...]
    guard !host.isEmpty, let number = Int(port), (1...65535).contains(number) else { return nil }
    self = .telnet(host: String(host), port: String(port))
  }

  var text: String {
    switch self {
    case .telnet(let host, let port): "telnet://\(host):\(port)"
    case .http(let base): base
    }
  }
}

/// The archive of logs: the table `[logs]`.
struct LogSettings: Sendable {
  /// An absolute path, or `s3://BUCKET/PREFIX`.
  var archive: String
  var interval = Duration.seconds(10)

  init(_ table: JSONObject, _ reader: SettingsReader) throws {
    guard let archive = table["archive"]?.string,
      archive.hasPrefix("/") || archive.hasPrefix("file:") || archive.hasPrefix("s3://")
    else {
      throw reader.fault(
        "[logs] has no \"archive\" that is an absolute path or begins with s3://",
        remedy: "write archive = \"s3://BUCKET/PREFIX\"")
    }
    self.archive = archive
    for (name, value) in table where name != "archive" {
      guard name == "interval_secs" else {
        throw reader.fault(
          "unknown key \"\(name)\" in [logs]", remedy: "keys of [logs]: archive, interval_secs")
      }
      guard let seconds = value.double, (0.1...3600).contains(seconds) else {
        throw reader.fault("\"interval_secs\" is not a number of seconds up to 3600")
      }
      interval = .milliseconds(Int64(seconds * 1000))
    }
  }
}
