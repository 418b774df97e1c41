public import JSON
public import JobModel

/// A dashboard of Grafana: of a job, of a role or of a cluster.
public struct Dashboard: Sendable {
  public var title: String
  /// Grafana's identifier: the same subject has the same one, so an import replaces the last.
  public var identity: String
  public var panels: [Panel]
  /// The query of the marks: its value is a time in milliseconds.
  public var marks: String
  public var tags: [String]

  /// The dashboard of a job. A port `metrics` adds panels of requests; a port `jmx` or a process that starts Java adds
  /// panels of the JVM.
  public init(of configuration: JobConfiguration) {
    let key = configuration.key
    let jobs = MetricSelector(key)
    title = "\(key.name) \(key.stage) (\(key.cluster)/\(key.role))"
    identity = Self.identity(of: "job \(key)")
    panels = Panels.job(jobs)
    let ports = configuration.requiredPorts
    if ports.contains("metrics") { panels += Panels.requests(jobs) }
    if Self.isJVM(configuration) { panels += Panels.jvm(jobs) }
    marks = "\(MetricName.releaseTime)\(jobs) * 1000"
    tags = ["kilt", key.cluster, key.role, key.stage]
  }

  /// The dashboard of a role: all of its jobs.
  public init(cluster: String, role: String) {
    let selector = MetricSelector([("cluster", cluster), ("role", role)])
    title = "\(role) (\(cluster))"
    identity = Self.identity(of: "role \(cluster)/\(role)")
    panels = Panels.jobs(selector) + Panels.quota(selector)
    marks = "\(MetricName.releaseTime)\(selector) * 1000"
    tags = ["kilt", cluster, role]
  }

  /// The dashboard of a cluster: its host, its scheduler and all jobs.
  public init(cluster: String) {
    let selector = MetricSelector([("cluster", cluster)])
    title = "cluster \(cluster)"
    identity = Self.identity(of: "cluster \(cluster)")
    panels = Panels.host(selector) + Panels.jobs(selector) + Panels.scheduler()
    marks = "\(MetricName.releaseTime)\(selector) * 1000"
    tags = ["kilt", cluster]
  }

  static func isJVM(_ configuration: JobConfiguration) -> Bool {
    if configuration.requiredPorts.contains("jmx") { return true }
    return configuration.task.processes.contains { process in
      process.cmdline.split { " \t\n;&|'\"".contains($0) }.contains { $0 == "java" || $0.hasSuffix("/java") }
    }
  }

  /// FNV-1a of the subject, in hexadecimal.
  private static func identity(of subject: String) -> String {
    let hash = subject.utf8.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    let digits = String(hash, radix: 16)
    return "kilt-" + String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// All queries.
  public var queries: [String] { panels.flatMap { $0.queries.map(\.expression) } + [marks] }
}

extension Dashboard {
  private static let source: JSONValue = .members(["type": "prometheus", "uid": "${datasource}"])

  /// The dashboard as Grafana imports it.
  public var json: JSONValue {
    .members([
      "uid": .string(identity), "title": .string(title), "tags": .strings(tags), "schemaVersion": 39, "version": 1,
      "editable": true, "graphTooltip": 1, "refresh": "30s", "timezone": "utc",
      "time": .members(["from": "now-3h", "to": "now"]),
      "templating": .members([
        "list": [
          .members([
            "name": "datasource", "type": "datasource", "query": "prometheus", "label": "Prometheus", "hide": 0,
            "current": .object(JSONObject()), "options": [], "refresh": 1, "regex": "",
          ])
        ]
      ]),
      "annotations": .members([
        "list": [
          .members([
            "name": "Releases", "datasource": Self.source, "enable": true, "iconColor": "purple",
            "expr": .string(marks),
            "useValueForTime": true, "step": "60s", "titleFormat": "{{job}} release {{release}}",
            "textFormat": "commit {{commit}}", "tagKeys": "stage",
          ])
        ]
      ]),
      "panels": .array(panels.enumerated().map { Self.json($1, at: $0) }),
    ])
  }

  private static func json(_ panel: Panel, at index: Int) -> JSONValue {
    let targets = panel.queries.enumerated().map { number, query -> JSONValue in
      .members([
        "refId": .string(String(UnicodeScalar(UInt8(65 + number)))), "datasource": source,
        "expr": .string(query.expression), "legendFormat": .string(query.legend), "range": true, "editorMode": "code",
      ])
    }
    let limits = panel.queries.filter(\.isLimit).map { query -> JSONValue in
      .members([
        "matcher": .members(["id": "byName", "options": .string(query.legend)]),
        "properties": [
          .members([
            "id": "custom.lineStyle", "value": .members(["fill": "dash", "dash": [8, 6]]),
          ]), .members(["id": "color", "value": .members(["mode": "fixed", "fixedColor": "red"])]),
          .members(["id": "custom.fillOpacity", "value": 0]),
        ],
      ])
    }
    return .members([
      "id": .int(Int64(index + 1)), "type": "timeseries", "title": .string(panel.title),
      "description": .string(panel.description), "datasource": source,
      "gridPos": .members([
        "x": .int(Int64(index % 2 * 12)), "y": .int(Int64(index / 2 * 8)), "w": 12, "h": 8,
      ]),
      "fieldConfig": .members([
        "defaults": .members([
          "unit": .string(panel.unit.rawValue), "min": 0,
          "custom": .members(["drawStyle": "line", "fillOpacity": 8, "lineWidth": 1, "showPoints": "never"]),
        ]), "overrides": .array(limits),
      ]),
      "options": .members([
        "legend": .members(["displayMode": "list", "placement": "bottom", "showLegend": true]),
        "tooltip": .members(["mode": "multi", "sort": "desc"]),
      ]), "targets": .array(targets),
    ])
  }
}
