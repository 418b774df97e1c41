public import Diagnostics

/// Why the Docker engine did not do what it was asked for.
public struct DockerError: DiagnosableError, Hashable {
  /// The status of the answer; nil when nobody answered.
  public var status: Int?
  /// What was to be done.
  public var action: String
  /// The engine's words.
  public var message: String

  public init(status: Int?, action: String, message: String) {
    self.status = status
    self.action = action
    self.message = message
  }

  /// Whether the same call may succeed later: nobody answered, or no manager leads the swarm now.
  public var isTransient: Bool { status == nil || status == 503 || (status == 500 && !message.contains("sequence")) }

  public var diagnostic: Diagnostic {
    var remedies: [String] = []
    switch status {
    case nil: remedies = ["start the Docker engine, or name another one with `--docker`"]
    case 406, 503:
      remedies = ["run `docker swarm init` on this engine, or name the engine of a manager with `--docker`"]
    default: break
    }
    return Diagnostic(.environment, "cannot \(action)", notes: [message], remedies: remedies)
  }
}
