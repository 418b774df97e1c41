internal import GRDB
internal import JobModel
internal import SchedulerCore

extension RecordedEvent {
  private enum Kind: String {
    case job, task, update
    case updateInstance = "update_instance"
  }

  func insert(_ connection: Database) throws {
    var id: String?
    var instance: Int?
    var status: String?
    let kind: Kind
    switch subject {
    case .job: kind = .job
    case .task(let task, let number, let state):
      kind = .task
      (id, instance, status) = (task.rawValue, number, state.rawValue)
    case .update(let update, let state):
      kind = .update
      (id, status) = (update.rawValue, state.rawValue)
    case .updateInstance(let update, let number, let action):
      kind = .updateInstance
      (id, instance, status) = (update.rawValue, number, action.rawValue)
    }
    try connection.cachedStatement(
      sql: """
        INSERT INTO events (time, job, kind, subject, instance, status, user, message) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        """
    ).execute(
      arguments: [time.milliseconds, job.description, kind.rawValue, id, instance, status, user, message])
  }

  init(row: Row) throws {
    let id: String = row["subject"] ?? ""
    let instance: Int = row["instance"] ?? 0
    let status: String = row["status"] ?? ""
    let kind: String = row["kind"]
    func bad() -> ModelError { ModelError(path: "events.status", problem: .badValue("\(kind) \(status)", allowed: [])) }
    let subject: Subject
    switch Kind(rawValue: kind) {
    case .job: subject = .job
    case .task:
      guard let state = TaskStatus(rawValue: status) else { throw bad() }
      subject = .task(TaskID(id), instance: instance, state)
    case .update:
      guard let state = UpdateStatus(rawValue: status) else { throw bad() }
      subject = .update(UpdateID(id), state)
    case .updateInstance:
      guard let action = InstanceUpdateAction(rawValue: status) else { throw bad() }
      subject = .updateInstance(UpdateID(id), instance: instance, action)
    case nil: throw bad()
    }
    let key: String = row["job"]
    self.init(
      time: Timestamp(milliseconds: row["time"]), job: try JobKey(parsing: key), subject: subject, user: row["user"],
      message: row["message"])
  }
}
