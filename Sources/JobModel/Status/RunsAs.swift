/// The user of the host that the tasks of a job run as, by the host's user database and the scheduler's options.
public enum RunsAs: Sendable, Hashable {
  /// The user that the job names.
  case user(String)
  /// Another user, because the host does not have the one that the job names or cannot become that user.
  case other(String, insteadOf: String)
  /// The host does not run the job's tasks.
  case impossible(problem: String)

  /// A phrase for people.
  public var text: String {
    switch self {
    case .user(let name): name
    case .other(let name, let wanted): "\(name), instead of \"\(wanted)\""
    case .impossible(let problem): "no user: \(problem)"
    }
  }
}
