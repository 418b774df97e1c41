public import Diagnostics
public import JobModel

/// Why a request was refused. The state is as it was before.
public enum SchedulerError: DiagnosableError, Hashable {
  case invalid(JobKey, [ConfigurationProblem])
  case jobExists(JobKey)
  case noSuchJob(JobKey)
  case noSuchInstances(JobKey, [Int])
  case jobIsEnding(JobKey)
  case unchanged(JobKey)
  case notAService(JobKey)
  case notACronJob(JobKey)
  case updateInProgress(JobKey, UpdateID)
  case noUpdate(JobKey)
  case updateCannot(UpdateID, from: UpdateStatus, to: UpdateStatus)
  case tooManyInstances(JobKey, Int, limit: Int)
  case overQuota(role: String, what: String)

  public var diagnostic: Diagnostic {
    switch self {
    case .invalid(let key, let problems):
      Diagnostic(
        .input, "job \(key) is refused: \(problems.map(\.summary).joined(separator: "; "))",
        remedies: problems.compactMap(\.remedy))
    case .jobExists(let key):
      Diagnostic(
        .input, "job \(key) exists already",
        remedies: ["end it first with `kilt job kill`"])
    case .noSuchJob(let key):
      Diagnostic(.input, "there is no job \(key)", remedies: ["`kilt job list` shows all jobs"])
    case .noSuchInstances(let key, let instances):
      Diagnostic(
        .input, "job \(key) has no instance \(instances.map { String($0) }.joined(separator: ", "))")
    case .jobIsEnding(let key):
      Diagnostic(
        .input, "job \(key) is being killed", remedies: ["wait until its last task has ended"])
    case .unchanged(let key):
      Diagnostic(.input, "job \(key) is unchanged by the proposed update")
    case .notAService(let key):
      Diagnostic(.input, "job \(key) is no service; only services are updated")
    case .notACronJob(let key): Diagnostic(.input, "job \(key) has no cron schedule")
    case .updateInProgress(let key, let id):
      Diagnostic(
        .input, "job \(key) is being updated (\(id))",
        remedies: ["wait for it"])
    case .noUpdate(let key): Diagnostic(.input, "job \(key) is not being updated")
    case .updateCannot(let id, let from, let to):
      Diagnostic(.input, "update \(id) is \(from.rawValue) and cannot become \(to.rawValue)")
    case .tooManyInstances(let key, let count, let limit):
      Diagnostic(.input, "job \(key) would have \(count) instances; at most \(limit) are allowed")
    case .overQuota(let role, let what):
      Diagnostic(
        .input, "role \(role) would exceed its quota: \(what)",
        remedies: ["ask for fewer or smaller instances"])
    }
  }
}
