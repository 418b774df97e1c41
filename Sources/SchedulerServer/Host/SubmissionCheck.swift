internal import Artifacts
internal import Diagnostics
internal import Executor
internal import Glibc
internal import JobModel
internal import SchedulerCore
internal import SystemSupport

/// The scheduler's own check of a submitted job, regardless of the client's checks: the job is for this cluster, this
/// host has its user, and its artifacts are in the artifact repository, for this platform, with the digests that the
/// job names. Blocks while the artifact repository answers.
struct SubmissionCheck: Sendable {
  private let options: SchedulerOptions

  init(_ options: SchedulerOptions) { self.options = options }

  /// - Parameter reason: the user's reason for overriding rules that the policy lets be overridden.
  /// - Returns: the configuration with the facts of the artifact repository in place of the client's claims.
  /// - Throws: all problems of the job, or that the artifact repository cannot be reached.
  func verified(_ configuration: JobConfiguration, reason: String? = nil) throws -> JobConfiguration {
    guard configuration.key.cluster == options.cluster else {
      throw SubmissionRefusal(
        .otherCluster, "job \(configuration.key) is for another cluster; this one is \"\(options.cluster)\"",
        remedy: "submit it to the scheduler of its cluster")
    }
    var configuration = configuration
    let policy = options.clusterPolicy
    var refusals = PolicyCheck(policy, hostname: options.ownHostname).refusals(of: configuration)
    refusals += try size(configuration)
    if !configuration.task.artifacts.isEmpty {
      let check = try ArtifactCheck(options, stage: configuration.key.stage)
      for index in configuration.task.artifacts.indices {
        let answer = try check.verified(configuration.task.artifacts[index])
        configuration.task.artifacts[index] = answer.artifact
        if let refusal = answer.refusal { refusals.append(refusal) }
      }
    }
    if policy.holds(policy.committedFiles, in: configuration.key.stage), let git = policy.git {
      let check = CommittedFilesCheck(
        git: git, mainBranch: policy.mainBranch, cluster: options.cluster, platform: ArtifactPlatform.current.text,
        requiresMain: policy.isProduction(configuration.key.stage))
      refusals += try check.refusals(of: configuration)
    }
    let isOverridden = reason.map { !$0.isEmpty } ?? false
    refusals.removeAll { isOverridden && $0.code.isOverridable && policy.overridable.contains($0.code.rawValue) }
    if refusals.isEmpty {
      do {
        try LaunchCheck.check(configuration, readOnly: options.readOnly)
      } catch {
        throw SubmissionRefusal(
          .cannotStart, error.diagnostic.summary, remedy: "correct it in the job file or its template")
      }
      _ = try runsAs(configuration)
      return configuration
    }
    throw SubmissionRefusals(refusals: refusals)
  }

  /// A task that is larger than the whole host would wait for ever.
  private func size(_ configuration: JobConfiguration) throws -> [SubmissionRefusal] {
    if options.swarm != nil { return Self.refusalsOfSwarm(configuration) }
    let host = try HostFacts.offer(options, usedPorts: [], diskOfTasks: 0)
    let wanted = configuration.task.resources
    var refusals: [SubmissionRefusal] = []
    let parts = [
      ("processors", wanted.cpu, host.resources.cpu, ""),
      ("memory", Double(wanted.ram >> 20), Double(host.resources.ram >> 20), " MiB"),
      ("disk", Double(wanted.disk >> 20), Double(host.resources.disk >> 20), " MiB"),
    ]
    for (what, asked, offered, unit) in parts where asked > offered {
      refusals.append(
        SubmissionRefusal(
          .tooLarge, "an instance asks for \(asked)\(unit) \(what), and no host has more than \(offered)\(unit)",
          remedy: "ask for less in \"config\" of the job file"))
    }
    let ports = configuration.requiredPorts.count
    if ports > options.portRange.count {
      refusals.append(
        SubmissionRefusal(
          .tooLarge, "an instance asks for \(ports) ports, and the host has \(options.portRange.count)",
          remedy: "use fewer ports"))
    }
    return refusals
  }

  /// What tasks in containers of a swarm cannot have.
  private static func refusalsOfSwarm(_ configuration: JobConfiguration) -> [SubmissionRefusal] {
    var refusals: [SubmissionRefusal] = []
    func refuse(_ isAskedFor: Bool, _ what: String, _ remedy: String) {
      if isAskedFor {
        refusals.append(
          SubmissionRefusal(.unsupported, "it \(what), which tasks in a swarm cannot have", remedy: remedy))
      }
    }
    let task = configuration.task
    refuse(!task.secrets.isEmpty, "names secrets", "run it on a scheduler without `--engine swarm`")
    refuse(!task.volumes.isEmpty, "mounts directories of its host", "name what it needs as artifacts")
    return refusals
  }

  /// The user that tasks of a job run as here.
  ///
  /// - Throws: why the host does not run them; an error of the environment when that cannot be found out now.
  func runsAs(_ configuration: JobConfiguration) throws -> RunsAs {
    let user = configuration.task.user ?? configuration.key.role
    do throws(ExecutorError) {
      if options.swarm != nil {
        _ = try TaskIdentity.numbers(
          user, allowsMissing: options.allowsMissingUser, allowedRoots: options.allowedRoots)
        return .user(user)
      }
      return try TaskIdentity.resolve(
        user, allowsMissing: options.allowsMissingUser, allowedRoots: options.allowedRoots)
    } catch {
      throw Self.refusal(error, user)
    }
  }

  /// The reason why a user cannot run a task, in the scheduler's words.
  private static func refusal(_ error: ExecutorError, _ user: String) -> any Error {
    switch error {
    case .missingUser(let missing) where missing == user:
      SubmissionRefusal(
        .unknownUser, "the user \"\(user)\" of the job does not exist on the scheduler's machine",
        remedy: "create it there (useradd --system \(user)), or name another as \"user\" in the job file; "
          + "a scheduler with --allow-missing-user runs such jobs as nobody")
    case .cannotBecome(_, let current):
      SubmissionRefusal(
        .cannotRunAs, "the scheduler runs as \"\(current)\" and cannot run the job as \"\(user)\"",
        remedy: "name \"\(current)\" as \"user\" in the job file, start the scheduler as root, or start it with "
          + "--allow-missing-user, which runs all jobs as \"\(current)\"")
    case .rootRefused:
      SubmissionRefusal(
        .cannotRunAs, "a task cannot run as \"\(user)\": the user ID is 0",
        remedy: "name another user in the job file; a scheduler with --allow-root \(user) allows such tasks")
    default: error
    }
  }
}
