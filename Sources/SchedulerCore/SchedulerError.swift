public import Diagnostics
public import JobModel
public import Pipelines

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
  case noSuchRelease(JobKey, Int?, known: [Int])
  case needsNoPulse(JobKey, UpdateID)
  case notDraining
  case updateCannot(UpdateID, from: UpdateStatus, to: UpdateStatus)
  case tooManyInstances(JobKey, Int, limit: Int)
  case overQuota(QuotaKey, what: String)
  case runExists(String)
  case noSuchRun(String)
  case runHasEnded(String, PipelineRun.Status)
  case runIsInProgress(String)
  case noSuchSchedule(String)

  public var diagnostic: Diagnostic {
    switch self {
    case .invalid(let key, let problems):
      Diagnostic(
        .input, "job \(key) is refused: \(problems.map(\.summary).joined(separator: "; "))",
        remedies: problems.map { $0.remedy ?? $0.code.remedy }, codes: problems.map(\.code.rawValue))
    case .jobExists(let key):
      Diagnostic(
        .input, "job \(key) exists already",
        remedies: ["run `kilt job update` to change it", "run `kilt job kill \(key)` to end it first"])
    case .noSuchJob(let key):
      Diagnostic(.input, "job \(key) does not exist", remedies: ["run `kilt job list` to list all jobs"])
    case .noSuchInstances(let key, let instances):
      Diagnostic(
        .input, "job \(key) has no instance \(instances.map { String($0) }.joined(separator: ", "))")
    case .jobIsEnding(let key):
      Diagnostic(
        .input, "job \(key) is being killed", remedies: ["wait until its last task has ended"])
    case .unchanged(let key):
      Diagnostic(.input, "job \(key) is unchanged by the proposed update")
    case .notAService(let key):
      Diagnostic(.input, "cannot update job \(key): only services can be updated")
    case .notACronJob(let key): Diagnostic(.input, "job \(key) has no cron schedule")
    case .updateInProgress(let key, let id):
      Diagnostic(
        .input, "job \(key) is being updated (\(id))",
        remedies: [
          "run `kilt update status \(key)` to follow the update", "run `kilt job abort \(key)` to end the update",
        ], codes: [RefusalCode.updateInProgress.rawValue])
    case .noSuchRelease(let key, let number, let known):
      Diagnostic(
        .input,
        number.map { "job \(key) has no release \($0)" } ?? "job \(key) has no earlier release to return to",
        notes: known.isEmpty ? [] : ["releases: \(known.suffix(20).map { String($0) }.joined(separator: ", "))"],
        remedies: ["list the releases with `kilt job history \(key)`"])
    case .needsNoPulse(let key, let id):
      Diagnostic(
        .input, "update \(id) of job \(key) does not wait for pulses",
        remedies: ["set `pulse_interval_secs` in the job's update settings for an update that does"])
    case .notDraining:
      Diagnostic(
        .input, "the host is not being drained",
        remedies: ["run `kilt scheduler drain --status` to see which tasks run"])
    case .noUpdate(let key):
      Diagnostic(
        .input, "job \(key) is not being updated",
        remedies: [
          "run `kilt update status \(key)` to see its last update",
          "run `kilt update list` to list the updates of all jobs",
        ])
    case .updateCannot(let id, let from, let to):
      Diagnostic(.input, "update \(id) is \(from.rawValue) and cannot become \(to.rawValue)")
    case .tooManyInstances(let key, let count, let limit):
      Diagnostic(.input, "job \(key) would have \(count) instances; at most \(limit) are allowed")
    case .runExists(let id): Diagnostic(.input, "pipeline run \(id) exists already")
    case .noSuchRun(let id):
      Diagnostic(
        .input, "pipeline run \"\(id)\" does not exist", remedies: ["run `kilt pipeline history` to list runs"])
    case .runHasEnded(let id, let status):
      Diagnostic(.input, "pipeline run \(id) has ended: \(status.rawValue)")
    case .runIsInProgress(let id):
      Diagnostic(
        .input, "pipeline run \(id) is in progress",
        remedies: ["run `kilt pipeline status \(id)` to follow it", "run `kilt pipeline cancel \(id)` to end it first"])
    case .noSuchSchedule(let key):
      Diagnostic(
        .input, "pipeline \"\(key)\" is not scheduled",
        remedies: ["run `kilt pipeline schedules` to list scheduled pipelines"])
    case .overQuota(let key, let what):
      Diagnostic(
        .input, "the quota of \(key) does not allow it: \(what)",
        remedies: ["ask for fewer or smaller instances", "raise the quota with `kilt quota set`"],
        codes: [RefusalCode.overQuota.rawValue])
    }
  }
}
