internal import Diagnostics
internal import JSON
internal import JobFiles
internal import JobModel
internal import SchedulerCore
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
          .filesNotCommitted, "the job does not name the commit of its files",
          remedy: "commit the job file and its template, and submit from that clone")
      ]
    }
    guard try object(commit + "^{commit}") != nil else {
      return [
        SubmissionRefusal(
          .filesNotCommitted, "the commit \(commit.prefix(12)) of the job's files is not in \(git)",
          remedy: "push the commit, and wait until the mirror has it")
      ]
    }
    if requiresMain, try !isOnMain(commit) {
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
          .filesDiffer, "the job differs from \"\(source.path)\" at commit \(commit.prefix(12))",
          notes: ["fields that differ: \(differences.joined(separator: ", "))"],
          remedy: "commit all changes of the job file and its template, and submit again")
      ]
    } catch let error as SystemCallError {
      throw error
    } catch let error as Diagnostic where error.blame == .environment {
      throw error
    } catch {
      return [
        SubmissionRefusal(
          .filesDiffer, "\"\(source.path)\" does not describe a job at commit \(commit.prefix(12))",
          notes: [Self.summary(of: error)],
          remedy: isAboutSubmodule(error)
            ? "move the file from the submodule into the repository itself, commit it, and submit again"
            : "commit the job file and its template, and submit again")
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

  /// Artifacts are checked separately; here they are the job's, if the file names the same ones.
  private struct SubmittedArtifacts: ArtifactLookup {
    let job: JobConfiguration

    init(_ job: JobConfiguration) { self.job = job }

    func artifact(for request: ArtifactRequest) throws -> TaskArtifact {
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
    let parts = path.split(separator: "/")
    guard !parts.contains("..") else { throw SystemCallError("open", FilePath(path), .noSuchFileOrDirectory) }
    if let bytes = try object("\(commit):\(path)") { return bytes }
    for count in parts.indices.dropFirst() {
      let directory = parts[..<count].joined(separator: "/")
      if try isSubmodule(directory, at: commit) {
        throw Diagnostic(
          .input, "\"\(path)\" is in the submodule \"\(directory)\", and the scheduler's mirror has no submodules",
          codes: [Self.submodule])
      }
    }
    throw SystemCallError("open", FilePath(path), .noSuchFileOrDirectory)
  }

  private static let submodule = "submodule"

  private func isAboutSubmodule(_ error: any Error) -> Bool {
    switch error {
    case let list as DiagnosticList: list.diagnostics.contains { $0.codes == [Self.submodule] }
    case let error as any DiagnosableError: error.diagnostic.codes == [Self.submodule]
    default: false
    }
  }

  private func isSubmodule(_ directory: String, at commit: String) throws -> Bool {
    let outcome = try run(["ls-tree", "-z", "--full-tree", commit, "--", ":(literal)" + directory])
    guard outcome.termination.isSuccess else { throw failure(outcome) }
    return outcome.text.hasPrefix("160000 ")
  }

  /// The contents of an object; nil if the mirror does not have it.
  ///
  /// - Throws: if git cannot say: a mirror that cannot be read is not one without the object.
  private func object(_ name: String) throws -> [UInt8]? {
    // One name on one line: text after a line's end cannot become a second question.
    guard !name.utf8.contains(where: { $0 < 0x20 }) else { return nil }
    let outcome = try run(["cat-file", "--batch"], input: name + "\n")
    let output = outcome.output
    guard outcome.termination.isSuccess, let end = output.firstIndex(of: UInt8(ascii: "\n")) else {
      throw failure(outcome)
    }
    let header = String(decoding: output[..<end], as: UTF8.self)
    if header.hasSuffix(" missing") { return nil }
    guard let size = header.split(separator: " ").last.flatMap({ Int($0) }), output.count >= end + 1 + size else {
      throw failure(outcome)
    }
    return Array(output[(end + 1)..<(end + 1 + size)])
  }

  private func isOnMain(_ commit: String) throws -> Bool {
    let outcome = try run(["merge-base", "--is-ancestor", commit, "refs/heads/\(mainBranch)"])
    switch outcome.termination {
    case .exited(0): return true
    case .exited(1): return false
    default: throw failure(outcome)
    }
  }

  private func failure(_ outcome: Subprocess.Outcome) -> Diagnostic {
    Diagnostic(
      .environment, "the mirror \"\(git)\" of the git repository does not answer",
      notes: outcome.errorText.isEmpty ? ["git: \(outcome.termination)"] : ["git: \(outcome.errorText)"],
      remedies: ["check \"git\" and \"main_branch\" in [policy] of the scheduler's configuration"])
  }

  private func run(_ arguments: [String], input: String = "") throws -> Subprocess.Outcome {
    // No program of the mirror's own configuration is run.
    try Subprocess(
      "/usr/bin/git",
      [
        "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "safe.directory=\(git)", "--git-dir",
        git.string,
      ] + arguments,
      environment: ["PATH=/usr/bin:/bin", "LC_ALL=C", "GIT_CONFIG_NOSYSTEM=1", "HOME=/nonexistent"],
      input: Array(input.utf8), deadlineMilliseconds: 60_000
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
