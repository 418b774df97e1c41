internal import Artifacts
internal import Diagnostics
internal import Digests
internal import JobModel
internal import SystemSupport

/// The scheduler's own look at a submitted job's artifacts, whatever the client says it has checked: each is in the
/// repository, for this platform, with the digest that the job names.
struct ArtifactCheck {
  private let options: SchedulerOptions

  init(_ options: SchedulerOptions) { self.options = options }

  func check(_ configuration: JobConfiguration) throws {
    for artifact in configuration.task.artifacts where artifact.hashType == .git { try check(artifact) }
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
