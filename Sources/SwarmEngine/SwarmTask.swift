internal import JSON
public import JobModel

/// One run of a service's container, as Swarm knows it.
public struct SwarmTask: Sendable, Hashable {
  /// https://docs.docker.com/engine/swarm/how-swarm-mode-works/swarm-task-states/, in the order in which they come.
  public enum State: String, Sendable, Hashable {
    case new, allocated, pending, assigned, accepted, preparing, ready, starting, running
    case complete, shutdown, failed, rejected, remove, orphaned

    /// Whether nothing of the task runs, and nothing will.
    public var isOver: Bool {
      switch self {
      case .complete, .shutdown, .failed, .rejected, .remove, .orphaned: true
      default: false
      }
    }
  }

  public var id: String
  /// The task of a scheduler whose service it runs.
  public var task: TaskID
  /// Empty before it has a place.
  public var node: String
  public var state: State
  /// What Swarm says about its end.
  public var message: String?
  public var createdAt: String
  public var exitCode: Int?

  /// Reads one element of the answer to `GET /tasks`; nil for a state that this version does not know.
  init?(_ json: JSONValue) {
    // The labels of the container stay when the service has been removed.
    let labels = json["Spec"]?["ContainerSpec"]?["Labels"]
    guard let id = json["ID"]?.string,
      let state = json["Status"]?["State"]?.string.flatMap({ State(rawValue: $0) })
    else { return nil }
    self.id = id
    task = TaskID(labels?[TaskService.Label.task]?.string ?? "")
    self.state = state
    node = json["NodeID"]?.string ?? ""
    message = json["Status"]?["Err"]?.string
    createdAt = json["CreatedAt"]?.string ?? ""
    exitCode = json["Status"]?["ContainerStatus"]?["ExitCode"]?.int.map { Int(clamping: $0) }
  }
}
