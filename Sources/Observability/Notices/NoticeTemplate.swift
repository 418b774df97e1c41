public import JSON
internal import JobModel

/// The format of a receiver's notices.
public enum NoticeTemplate: String, Sendable, Hashable, CaseIterable {
  /// The notice as it is.
  case json
  /// An incoming webhook of Slack, Mattermost or Rocket.Chat.
  case slack
  /// PagerDuty's Events API, version 2.
  case pagerduty
  /// Alertmanager's API, `/api/v2/alerts`.
  case alertmanager
  /// A mark on Grafana's dashboards, `/api/annotations`.
  case grafana

  /// The body of a request. `key` is PagerDuty's integration key.
  public func body(of notice: Notice, key: String? = nil) -> JSONValue {
    switch self {
    case .json: notice.json
    case .slack: Self.slack(notice)
    case .pagerduty: Self.pagerDuty(notice, key: key)
    case .alertmanager: Self.alertmanager(notice)
    case .grafana: Self.grafana(notice)
    }
  }

  /// The command that says more.
  private static func command(_ notice: Notice) -> String? {
    guard let key = notice.key else { return nil }
    switch notice.kind {
    case .taskFailed, .taskLost, .taskFlapping:
      return "kilt job why \(key)" + (notice.instance.map { " --instance \($0)" } ?? "")
    case .quotaRefused: return "kilt quota get \(key.role)"
    case .jobKilled: return "kilt job history \(key)"
    default: return "kilt update status \(key)"
    }
  }

  private static func slack(_ notice: Notice) -> JSONValue {
    // The three characters that mean something in Slack's text.
    func plain(_ text: String) -> String {
      text.flatMap { character -> [Character] in
        switch character {
        case "&": Array("&amp;")
        case "<": Array("&lt;")
        case ">": Array("&gt;")
        default: [character]
        }
      }.reduce(into: "") { $0.append($1) }
    }
    var text = "*\(plain(notice.title))*"
    if let message = notice.message { text += "\n\(plain(message))" }
    var context = [notice.time.description]
    if let user = notice.user { context.append("by \(plain(user))") }
    if let commit = notice.commit { context.append("commit \(MetricLabels.short(commit))") }
    if let command = command(notice) { context.append("`\(command)`") }
    return .members([
      "text": .string(plain(notice.summary)),
      "blocks": [
        .members(["type": "section", "text": .members(["type": "mrkdwn", "text": .string(text)])]),
        .members([
          "type": "context",
          "elements": [.members(["type": "mrkdwn", "text": .string(context.joined(separator: " · "))])],
        ]),
      ],
    ])
  }

  private static func pagerDuty(_ notice: Notice, key: String?) -> JSONValue {
    // One incident an instance and kind, however often it happens; room on the disk ends the incident of the disk.
    let kind = notice.kind == .diskFreed ? Notice.Kind.diskLow : notice.kind
    return .members([
      "routing_key": .string(key ?? ""), "event_action": notice.kind == .diskFreed ? "resolve" : "trigger",
      "dedup_key": .string("kilt/\(notice.subject)/\(kind.rawValue)"), "client": "kilt",
      "payload": .fields([
        "summary": .string(String(notice.summary.prefix(1024))), "source": .string(notice.host),
        "severity": .string(notice.severity.rawValue), "timestamp": .string(notice.time.description),
        "component": .text(notice.key?.name), "group": .text(notice.key.map { "\($0.role)/\($0.stage)" }),
        "class": .string(notice.kind.rawValue), "custom_details": notice.json,
      ]),
    ])
  }

  private static func alertmanager(_ notice: Notice) -> JSONValue {
    let kind = notice.kind == .diskFreed ? Notice.Kind.diskLow : notice.kind
    let name = "Kilt" + kind.rawValue.split(separator: "_").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    let alert = JSONValue.fields([
      "labels": .fields([
        "alertname": .string(name), "severity": .string(notice.severity.rawValue), "cluster": .string(notice.cluster),
        "role": .text(notice.key?.role), "stage": .text(notice.key?.stage), "job": .text(notice.key?.name),
        "instance": notice.instance.map { .string("\($0)") },
      ]),
      "annotations": .fields([
        "summary": .string(notice.title), "description": .text(notice.message), "command": .text(command(notice)),
      ]),
      "startsAt": .string(notice.time.description),
      "endsAt": notice.kind == .diskFreed ? .string(notice.time.description) : nil,
    ])
    return [alert]
  }

  private static func grafana(_ notice: Notice) -> JSONValue {
    let tags =
      ["kilt", notice.kind.rawValue, notice.cluster]
      + [notice.key?.role, notice.key?.stage, notice.key?.name].compactMap(\.self)
    let commit = notice.commit.map { " (commit \(MetricLabels.short($0)))" } ?? ""
    return .members([
      "time": .time(notice.time), "tags": .strings(tags), "text": .string(notice.summary + commit),
    ])
  }
}
