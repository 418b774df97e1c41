internal import JSON
internal import JobModel

/// All that the API and the pages say about one job.
struct JobDetail: Sendable {
  var configuration: JobConfiguration
  var summary: JobSummary
  var instances: [InstanceStatus]
  var events: [JobEvent]
  /// The tasks that have ended and are remembered, the newest first.
  var earlier: [InstanceStatus] = []

  /// True when the job was killed and only its history is left.
  var isGone = false
  /// How the last task of each instance that has ended came to its end.
  var endings: [TaskEnding] = []
  /// How well it is served; nil for a job that was killed.
  var sla: SlaFigures?
  /// The user that tasks started now run as.
  var runsAs: RunsAs?
  /// Why tasks of this host can take ports of other tasks; nil when they cannot, and where nobody has asked.
  var openPorts: String?

  var key: JobKey { configuration.key }

  /// Whether there is, or was, such an instance.
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
