internal import Diagnostics
internal import Executor
internal import JobModel
internal import SchedulerCore
internal import SystemSupport

/// Checks a submitted job against the policy of the cluster. A client's claims about itself count for nothing here:
/// stage and role come from the key, and the scheduler has seen everything else.
struct PolicyCheck: Sendable {
  let policy: ClusterPolicy
  /// Attributes of this host, for placement constraints; nil where there are several, whose attributes change.
  let attributes: [String: String]?

  init(_ policy: ClusterPolicy, hostname: String?) {
    self.policy = policy
    attributes = hostname.map { policy.attributes.merging(["host": $0]) { $1 } }
  }

  /// Everything that the policy forbids, apart from artifacts and committed files.
  func refusals(of job: JobConfiguration) -> [SubmissionRefusal] {
    stage(job) + role(job) + required(job) + volumes(job) + secrets(job) + constraints(job)
  }

  private func stage(_ job: JobConfiguration) -> [SubmissionRefusal] {
    let stage = job.key.stage
    if policy.stages.isEmpty || policy.stages.contains(where: { Glob.matches($0, stage) }) { return [] }
    return [
      SubmissionRefusal(
        .stageNotAllowed, "the cluster has no stage \"\(stage)\"",
        notes: ["allowed stages: \(policy.stages.joined(separator: ", "))"], remedy: "use one of these stages")
    ]
  }

  private func role(_ job: JobConfiguration) -> [SubmissionRefusal] {
    let key = job.key
    guard let rule = policy.roles.first(where: { Glob.matches($0.stages.lowercased(), key.stage.lowercased()) }),
      !rule.roles.contains(where: { Glob.matches($0, key.role) })
    else { return [] }
    return [
      SubmissionRefusal(
        .roleNotAllowed, "the role \"\(key.role)\" is not allowed in the stage \"\(key.stage)\"",
        notes: ["roles allowed there: \(rule.roles.joined(separator: ", "))"],
        remedy: "name one of these roles as \"user\" in the job file")
    ]
  }

  private func required(_ job: JobConfiguration) -> [SubmissionRefusal] {
    guard policy.holds(policy.artifacts, in: job.key.stage), job.task.artifacts.isEmpty else { return [] }
    return [
      SubmissionRefusal(
        .artifactRequired, "jobs of the stage \"\(job.key.stage)\" must run an artifact, and this job has none",
        remedy: "publish its program with `kilt publish`, and name it as \"buildname\" in the job file")
    ]
  }

  private func volumes(_ job: JobConfiguration) -> [SubmissionRefusal] {
    job.task.volumes.compactMap { volume in
      // The path itself, never one below it: a role can fill a writable directory with links to anywhere.
      let matching = policy.volumes.filter { $0.path == volume.hostPath }
      let allowed = matching.contains { rule in
        rule.roles.contains { Glob.matches($0, job.key.role) } && (volume.mode == .readOnly || rule.mode == .readWrite)
      }
      if allowed { return nil }
      let what = volume.mode == .readWrite ? "write to" : "read"
      return SubmissionRefusal(
        .volumeNotAllowed, "the role \"\(job.key.role)\" cannot \(what) \"\(volume.hostPath)\" of the host",
        notes: policy.volumes.map {
          "allowed: \($0.path) (\($0.mode.rawValue)) for \($0.roles.joined(separator: ", "))"
        },
        remedy:
          "remove the volume, or have [policy.volumes.\"\(volume.hostPath)\"] added to the scheduler's configuration")
    }
  }

  private func secrets(_ job: JobConfiguration) -> [SubmissionRefusal] {
    guard !job.task.secrets.isEmpty, policy.secrets == nil, policy.secretsCommand.isEmpty else { return [] }
    return [
      SubmissionRefusal(
        .secretsNotOffered, "the scheduler has no secrets to give",
        remedy: "have secrets = \"/etc/kilt/secrets\" added to [policy] of the scheduler's configuration")
    ]
  }

  private func constraints(_ job: JobConfiguration) -> [SubmissionRefusal] {
    guard let attributes else { return [] }
    return job.constraints.filter { !$0.isMet(on: attributes, instances: job.instances) }.map { constraint in
      SubmissionRefusal(
        .constraintNotMet,
        "the constraint \"\(constraint.attribute)\": \"\(constraint.text)\" cannot be met by any host",
        notes: [
          "attributes of this host: "
            + attributes.sorted { $0.key < $1.key }.map { "\($0)=\($1)" }.joined(separator: ", ")
        ],
        remedy: "change \"constraints\" of the job")
    }
  }
}
