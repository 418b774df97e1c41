internal import JSON
internal import JobModel

/// All facts about one job for the API and the pages.
struct JobDetail: Sendable {
  var configuration: JobConfiguration
  var summary: JobSummary
  var instances: [InstanceStatus]
  var events: [JobEvent]
  /// The tasks that have ended and are remembered, the newest first.
  var earlier: [InstanceStatus] = []

  /// True when the job was killed and only its history is left.
  var isGone = false
  /// The end of the last ended task of each instance.
  var endings: [TaskEnding] = []
  /// Its SLA figures; nil for a killed job.
  var sla: SlaFigures?
  /// The user that tasks started now run as.
  var runsAs: RunsAs?
  /// The reason why tasks of this host can bind ports of other tasks; nil if they cannot, or if this is unknown.
  var openPorts: String?
  /// The hostnames of the nodes of tasks, where a cluster has several.
  var hosts: [TaskID: String] = [:]

  var key: JobKey { configuration.key }

  /// Whether such an instance exists, or existed.
  func knows(instance: Int) -> Bool {
    instances.contains { $0.instance == instance } || events.contains { $0.instance == instance }
  }

  var json: JSONValue {
    .fields([
      "job": summary.json,
      "gone": .bool(isGone),
      "instances": .array(instances.sorted { $0.instance < $1.instance }.map(\.json)),
      "endings": .array(endings.map(\.json)),
      "sla": sla?.json,
      "events": .array(events.map(\.json)),
      "runs_as": runsAs?.json,
      "open_ports": openPorts.map { .string($0) },
      "hosts": hosts.isEmpty
        ? nil : .object(JSONObject(hosts.map { ($0.key.rawValue, .string($0.value)) }.sorted { $0.0 < $1.0 })),
      "configuration": configuration.json,
    ])
  }
}

/// A state change of one instance.
struct JobEvent: Sendable {
  var instance: Int
  var taskID: TaskID
  var event: TaskEvent

  var json: JSONValue {
    var object = event.json.object ?? JSONObject()
    object["instance"] = .int(Int64(instance))
    object["taskID"] = .string(taskID.rawValue)
    return .object(object)
  }
}
