internal import Diagnostics
internal import JSON
internal import JobFiles
internal import JobModel
internal import SystemSupport

/// Evaluates a job's files again, as they are in a commit of the scheduler's own mirror of the git repository, and compares
/// the job that they describe with the one that was submitted.
///
/// A client can send any digest of any file; here the file itself decides. Blocks while git answers.
struct CommittedFilesCheck: Sendable {
  let git: FilePath
  let mainBranch: String
  let cluster: String
  let platform: String
  /// Whether the commit must be on the main branch.
  let requiresMain: Bool

  func refusals(of job: JobConfiguration) throws -> [SubmissionRefusal] {
    guard let source = job.source, let commit = source.commit, Self.isCommit(commit) else {
      return [
        SubmissionRefusal(
          .filesNotCommitted, "the job does not say from which commit its files are",
          remedy: "commit the job file and its template, and submit from that clone")
      ]
    }
    guard try succeeds(["cat-file", "-e", commit + "^{commit}"]) else {
      return [
        SubmissionRefusal(
          .filesNotCommitted, "the commit \(commit.prefix(12)) of the job's files is not in \(git)",
          remedy: "push the commit, and wait until the mirror has it")
      ]
    }
    if requiresMain, try !succeeds(["merge-base", "--is-ancestor", commit, "refs/heads/\(mainBranch)"]) {
      return [
        SubmissionRefusal(
          .filesNotCommitted,
          "the commit \(commit.prefix(12)) of the job's files is not on the branch \"\(mainBranch)\"",
          remedy: "merge the files into \"\(mainBranch)\", push, and submit from a clone of it")
      ]
    }
    do {
      let described = try configuration(job, source, at: commit)
      let differences = Self.differences(described, job)
      if differences.isEmpty { return [] }
      return [
        SubmissionRefusal(
          .filesDiffer, "the job is not what \"\(source.path)\" describes at commit \(commit.prefix(12))",
          notes: ["fields that differ: \(differences.joined(separator: ", "))"],
          remedy: "commit all changes of the job file and its template, and submit again")
      ]
    } catch let error as SystemCallError {
      throw error
    } catch {
      return [
        SubmissionRefusal(
          .filesDiffer, "\"\(source.path)\" does not describe a job at commit \(commit.prefix(12))",
          notes: [Self.summary(of: error)], remedy: "commit the job file and its template, and submit again")
      ]
    }
  }

  private func configuration(
    _ job: JobConfiguration, _ source: JobSource, at commit: String
  ) throws -> JobConfiguration {
    var loader = JobLoader(cluster: cluster, platform: platform) { path in try show(path, at: commit) }
    loader.owner = job.owner
    let bindings = source.bindings.sorted { $0.key < $1.key }.map { TemplateBinding(name: $0.key, value: $0.value) }
    if JobLoader.isAurora(source.path) {
      return try loader.loadAurora(
        source.path, job: "\(job.key)", bindings: bindings, artifacts: SubmittedArtifacts(job))
    }
    return try loader.load(source.path, stage: job.key.stage, artifacts: SubmittedArtifacts(job))
  }

  /// Artifacts are checked on their own; here they are those of the job, as far as the file names the same.
  private struct SubmittedArtifacts: ArtifactLookup {
    let job: JobConfiguration

    init(_ job: JobConfiguration) { self.job = job }

    func artifact(for request: ArtifactRequest) throws -> ArtifactReference {
      for var artifact in job.task.artifacts
      where artifact.name == request.name && artifact.hashType == request.hashType {
        guard artifact.version.hasPrefix(request.version) else { continue }
        // The policy's own check decides about the main branch.
        artifact.isOnMainBranch = true
        return artifact
      }
      throw Diagnostic(.input, "the file names \(request.name)@\(request.version), and the job another artifact")
    }
  }

  /// The top-level members of the JSON that differ, without those that say who submitted and from where.
  private static func differences(_ described: JobConfiguration, _ submitted: JobConfiguration) -> [String] {
    func plain(_ job: JobConfiguration) -> JSONObject {
      var job = job
      job.owner = nil
      job.source = nil
      for index in job.task.artifacts.indices {
        job.task.artifacts[index].isOnMainBranch = nil
        job.task.artifacts[index].branch = nil
      }
      return job.json.object ?? JSONObject()
    }
    let (left, right) = (plain(described), plain(submitted))
    return Set(left.names).union(right.names).filter { left[$0] != right[$0] }.sorted()
  }

  // MARK: git

  private func show(_ path: String, at commit: String) throws -> [UInt8] {
    guard !path.split(separator: "/").contains("..") else {
      throw SystemCallError("open", FilePath(path), .noSuchFileOrDirectory)
    }
    let outcome = try run(["show", "\(commit):\(path)"])
    guard outcome.termination.isSuccess else {
      throw SystemCallError("open", FilePath(path), .noSuchFileOrDirectory)
    }
    return outcome.output
  }

  private func succeeds(_ arguments: [String]) throws -> Bool { try run(arguments).termination.isSuccess }

  private func run(_ arguments: [String]) throws -> Subprocess.Outcome {
    // Nothing of the mirror's own configuration is a program to run.
    try Subprocess(
      "/usr/bin/git",
      ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "--git-dir", git.string] + arguments,
      environment: ["PATH=/usr/bin:/bin", "LC_ALL=C", "GIT_CONFIG_NOSYSTEM=1", "HOME=/nonexistent"]
    ).run()
  }

  static func isCommit(_ text: String) -> Bool {
    [40, 64].contains(text.utf8.count)
      && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
  }

  private static func summary(of error: any Error) -> String {
    switch error {
    case let list as DiagnosticList: list.diagnostics.first?.summary ?? "it has problems"
    case let error as any DiagnosableError: error.diagnostic.summary
    default: "\(error)"
    }
  }
}
