internal import Artifacts
internal import Diagnostics
internal import Digests
internal import Executor
internal import Glibc
internal import JobModel
internal import SystemSupport

/// The scheduler's own look at a submitted job, whatever the client says it has checked: that it is for this cluster,
/// that this host has its user, and that its artifacts are in the repository, for this platform, with the digests that
/// the job names. Blocks while the repository answers.
struct SubmissionCheck: Sendable {
  private let options: SchedulerOptions

  init(_ options: SchedulerOptions) { self.options = options }

  func check(_ configuration: JobConfiguration) throws {
    guard configuration.key.cluster == options.cluster else {
      throw Diagnostic(
        .input, "job \(configuration.key) is for another cluster; this one is \"\(options.cluster)\"")
    }
    try LaunchCheck.check(configuration, readOnly: options.readOnly)
    try check(user: configuration.task.user ?? configuration.key.role)
    for artifact in configuration.task.artifacts where artifact.hashType == .git { try check(artifact) }
  }

  /// A task that its host cannot run as its user would only fail again and again.
  private func check(user: String) throws {
    let known = Self.userID(user)
    if known == 0, getuid() == 0, !options.allowedRoots.contains(user) { throw ExecutorError.rootRefused(user: user) }
    if options.allowsMissingUser { return }
    guard let id = known else {
      throw Diagnostic(
        .input, "there is no user \"\(user)\" on the scheduler's machine to run the job as",
        remedies: [
          "create it there (useradd --system \(user)), or name another as \"user\" in the job file; "
            + "a scheduler with --allow-missing-user runs such jobs as nobody"
        ])
    }
    if getuid() != 0, id != getuid() {
      throw Diagnostic(
        .input, "the scheduler does not run as root, and so can not run the job as \"\(user)\"",
        remedies: ["start the scheduler as root, or with --allow-missing-user, which runs all jobs as its own user"])
    }
  }

  /// The id of a user of this host (getpwnam_r(3)); nil when there is none.
  private static func userID(_ name: String) -> uid_t? {
    var entry = passwd()
    var found: UnsafeMutablePointer<passwd>?
    var buffer = [CChar](repeating: 0, count: 16384)
    getpwnam_r(name, &entry, &buffer, buffer.count, &found)
    return found == nil ? nil : entry.pw_uid
  }

  private func check(_ artifact: JobModel.ArtifactReference) throws {
    guard let location = options.repository else {
      throw Diagnostic(
        .input, "the scheduler has no repository to take \"\(artifact.name)\" from",
        remedies: ["start it with --repository URL"])
    }
    let platform = HostPlatform.current
    let repository = try Repository(opening: location)
    guard let commit = Commit(artifact.version) else {
      throw Diagnostic(.input, "\"\(artifact.version)\" of artifact \"\(artifact.name)\" is not a full commit")
    }
    let key = ManifestKey(name: try ArtifactName(validating: artifact.name), commit: commit, platform: platform)
    guard let manifest = try repository.manifest(key) else {
      throw Diagnostic(
        .input, "artifact \(artifact.name)@\(commit.abbreviated) is not in the repository for \(platform)",
        remedies: ["kilt publish it from that commit, on this platform"])
    }
    if artifact.digest != manifest.digest.hex {
      throw Diagnostic(
        .input, "artifact \(artifact.name)@\(commit.abbreviated) has digest \(manifest.digest.hex), not the job's")
    }
  }
}
