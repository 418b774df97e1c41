internal import JSON
internal import JobModel
internal import NIOCore
internal import SchedulerCore

/// An event, in the form for followers of the API's events.
struct SchedulerEvent: Sendable {
  /// A server-sent event (HTML standard, section 9.2). Made once, whoever follows.
  let frame: ByteBuffer

  init(_ event: RecordedEvent) {
    let name: String
    var object = JSONObject([
      ("time", .string(event.time.description)), ("job", .string(event.job.description)),
    ])
    switch event.subject {
    case .job: name = "job"
    case .task(let id, let instance, let status):
      name = "task"
      object["taskID"] = .string(id.rawValue)
      object["instance"] = .int(Int64(instance))
      object["status"] = .string(status.rawValue)
    case .update(let id, let status):
      name = "update"
      object["updateID"] = .string(id.rawValue)
      object["status"] = .string(status.rawValue)
    case .updateInstance(let id, let instance, let action):
      name = "update-instance"
      object["updateID"] = .string(id.rawValue)
      object["instance"] = .int(Int64(instance))
      object["action"] = .string(action.rawValue)
    }
    if let user = event.user { object["user"] = .string(user) }
    if let message = event.message { object["message"] = .string(message) }
    frame = ByteBuffer(string: "event: \(name)\ndata: \(JSONValue.object(object).text())\n\n")
  }
}
