internal import Diagnostics
internal import JSON
internal import JobModel
internal import Observability
internal import SystemSupport

/// A receiver of notices: an entry of `[[webhooks]]`.
///
/// ```
/// [[webhooks]]
/// name = "oncall"
/// url = "https://hooks.example.com/services/T0/B0/x"
/// template = "slack"                     # json (default), slack, pagerduty, alertmanager, grafana
/// events = ["task_lost", "update_failed"] # default: all but *_started, *_finished and run_succeeded
/// keys = ["*/*/prod/*"]                  # default: all jobs, and the host
/// secret_file = "/etc/kilt/webhook.key"  # signs bodies
/// token_file = "/etc/kilt/grafana.token" # Authorization: Bearer …
/// routing_key_file = "/etc/kilt/pagerduty.key"
/// give_up_hours = 24
/// ```
struct WebhookSettings: Sendable {
  var name: String
  var url: String
  var template = NoticeTemplate.json
  var events = Set(Notice.Kind.allCases).subtracting([.updateStarted, .updateFinished, .runSucceeded])
  /// Empty for all.
  var keys: [String] = []
  var secret: [UInt8]?
  var token: String?
  var routingKey: String?
  /// The time for which a notice is tried.
  var patience = Duration.seconds(24 * 3600)

  /// Whether the receiver wants a notice.
  func wants(_ notice: Notice) -> Bool {
    guard events.contains(notice.kind) else { return false }
    guard let key = notice.key, !keys.isEmpty else { return true }
    return keys.contains { KeyPattern($0).matches(key) }
  }

  init(_ table: JSONObject, _ reader: SettingsReader) throws {
    guard let name = table["name"]?.string, JobKey.isIdentifier(name) else {
      throw reader.fault(
        "an entry of webhooks has no \"name\" of letters, digits, \"_\", \".\" and \"-\"",
        remedy: "write name = \"oncall\"")
    }
    guard let url = table["url"]?.string, url.hasPrefix("http://") || url.hasPrefix("https://") else {
      throw reader.fault("the webhook \"\(name)\" has no \"url\" that begins with http:// or https://")
    }
    self.name = name
    self.url = url
    for (field, value) in table {
      switch field {
      case "name", "url": break
      case "template":
        guard let template = value.string.flatMap(NoticeTemplate.init(rawValue:)) else {
          throw reader.fault(
            "unknown template of the webhook \"\(name)\"",
            remedy: "write one of: \(NoticeTemplate.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        self.template = template
      case "events":
        events = Set(
          try reader.texts(value, field).map { text in
            guard let kind = Notice.Kind(rawValue: text) else {
              let known = Notice.Kind.allCases.map(\.rawValue)
              throw reader.fault(
                "unknown event \"\(text)\" of the webhook \"\(name)\"",
                remedy: Suggestions.remedy(for: text, among: known)
                  ?? "events: \(known.joined(separator: ", "))")
            }
            return kind
          })
      case "keys": keys = try reader.texts(value, field)
      case "secret_file": secret = Array(try reader.secret(value, field).utf8)
      case "token_file": token = try reader.secret(value, field)
      case "routing_key_file": routingKey = try reader.secret(value, field)
      case "give_up_hours":
        guard let hours = value.double, (0.01...720).contains(hours) else {
          throw reader.fault("\"give_up_hours\" of the webhook \"\(name)\" is not a number of hours up to 720")
        }
        patience = .milliseconds(Int64(hours * 3_600_000))
      default:
        throw reader.fault(
          "unknown key \"\(field)\" of the webhook \"\(name)\"", remedy: "docs/observability.md lists the keys")
      }
    }
    if template == .pagerduty, routingKey == nil {
      throw reader.fault("the webhook \"\(name)\" needs \"routing_key_file\" for PagerDuty")
    }
  }
}

extension SettingsReader {
  /// The first line of a file that others cannot read.
  func secret(_ value: JSONValue, _ name: String) throws -> String {
    let path = FilePath(try text(value, name))
    let text: String
    do {
      let status = try FileSystem.status(of: path)
      guard status.permissions & 0o077 == 0 else {
        throw fault("others can read \"\(path)\" of \"\(name)\"", remedy: "run `chmod 600 \(path)`")
      }
      text = try FileSystem.readText(path)
    } catch let error as SystemCallError {
      throw Diagnostic(.environment, "cannot read \"\(path)\" of \"\(name)\": \(error.errno)")
    }
    guard let line = text.split(separator: "\n").first, !line.isEmpty else {
      throw fault("\"\(path)\" of \"\(name)\" is empty")
    }
    return String(line)
  }
}

/// A pattern of job keys: `cluster/role/stage/name` with `*` for any text without a slash.
struct KeyPattern {
  private let parts: [[Character]]

  init(_ text: String) { parts = text.split(separator: "/").map(Array.init) }

  func matches(_ key: JobKey) -> Bool {
    let names = [key.cluster, key.role, key.stage, key.name]
    guard parts.count <= names.count else { return false }
    // Fewer parts are those at the end: `prod/fiddler`, `fiddler`.
    return zip(parts, names.suffix(parts.count)).allSatisfy { Self.matches($0[...], Array($1)[...]) }
  }

  private static func matches(_ pattern: ArraySlice<Character>, _ text: ArraySlice<Character>) -> Bool {
    guard let first = pattern.first else { return text.isEmpty }
    if first == "*" {
      return matches(pattern.dropFirst(), text) || (!text.isEmpty && matches(pattern, text.dropFirst()))
    }
    guard let character = text.first, first == "?" || first == character else { return false }
    return matches(pattern.dropFirst(), text.dropFirst())
  }
}
