internal import ArgumentParser
internal import Artifacts
internal import Diagnostics
internal import Digests
internal import JSON
internal import JobFiles
internal import JobModel
internal import SchedulerAccess
internal import SchedulerClient
internal import Synchronization
internal import SystemSupport
internal import Workspace

/// How the job verbs name a job: a job file and a stage, or a key.
struct JobOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "A job file such as jobs/fiddler.yaml, or a key: cluster/role/stage/name.", valueName: "file"))
  var file: String

  @Option(help: "The stage of the job file. Always named: nothing happens in a stage by default.")
  var stage: String?

  @Option(help: ArgumentHelp("The cluster; by default the job file's, or the first of kilt.toml.", valueName: "name"))
  var cluster: String?

  @OptionGroup var selection: JobSelection
}

/// What the job verbs work with: the workspace, the cluster, its scheduler.
struct JobSession {
  let workspace: Workspace
  let cluster: WorkspaceConfiguration.Cluster
  private let connection = Connection()
  private let directory: FilePath

  init(_ global: GlobalOptions, cluster name: String? = nil) throws {
    directory = try global.workingDirectory
    workspace = try Workspace.find(from: directory)
    let clusters = workspace.configuration.clusters
    guard let cluster = name.map({ name in clusters.first { $0.name == name } }) ?? clusters.first else {
      throw Diagnostic(
        .input, name.map { "there is no cluster \"\($0)\"" } ?? "no cluster is configured",
        notes: clusters.isEmpty ? [] : ["there are " + clusters.map(\.name).joined(separator: ", ")],
        remedies: [
          "add to \(workspace.configuration.path):\n[clusters.devcluster]\nscheduler = \"http://127.0.0.1:8081\""
        ])
    }
    self.cluster = cluster
  }

  /// The scheduler of the cluster: that of `KILT_SCHEDULER`, else that of kilt.toml. Made when it is first needed.
  var client: SchedulerClient {
    get throws {
      try connection.client.withLock { client in
        if let client { return client }
        var made: SchedulerClient
        if let address = environmentVariable("KILT_SCHEDULER"), !address.isEmpty {
          made = try SchedulerClient(address: address, origin: .user)
        } else {
          made = try SchedulerClient(address: cluster.scheduler, origin: .workspace)
        }
        made.reason = connection.reason.withLock { $0 }
        client = made
        return made
      }
    }
  }

  /// Says why changes are asked for; before the first of them.
  func explain(_ reason: String?) { connection.reason.withLock { $0 = reason } }

  private final class Connection: Sendable {
    let client = Mutex<SchedulerClient?>(nil)
    let reason = Mutex<String?>(nil)
  }

  // MARK: Jobs

  /// The configuration that a job file gives, with its artifact looked up unless `offline`.
  func configuration(_ options: JobOptions, commit: String? = nil, offline: Bool) throws -> JobConfiguration {
    var loader = JobLoader(
      root: workspace.root, cluster: cluster.name,
      policy: JobLoader.Policy(mainBranch: workspace.configuration.mainBranch), owner: JobOwner.current)
    let path = try workspacePath(options.file)
    // What is wrong with the file itself is said first, whether a scheduler runs or not.
    let request = JobRequest(
      path: path, stage: options.stage, version: commit, job: options.selection.job,
      bindings: try options.selection.bindings())
    let written = try loader.load(request, artifacts: nil)
    if offline { return written }
    loader.platform = try client.cluster()["platform"]?.string
    loader.print = { writeText($0 + "\n", to: 2) }
    let renderer = DiagnosticRenderer(color: Terminal.standardError.usesColor)
    loader.warn = { writeText(renderer.render($0, label: "warning"), to: 2) }
    let configuration = try loader.load(request, artifacts: try RepositoryLookup(workspace: workspace))
    return workspace.withProvenance(configuration)
  }

  /// The key of the job that the options name.
  func key(_ options: JobOptions) throws -> JobKey {
    if options.stage == nil, let key = try? JobKey(parsing: options.file), !FileSystem.exists(path(options.file)) {
      return key
    }
    return try configuration(options, offline: true).key
  }

  /// The job that the options name, or what is left of it.
  func job(_ options: JobOptions) throws -> JobStatus {
    let key = try key(options)
    guard let job = try client.jobOrHistory(key) else {
      throw Diagnostic(.input, "there is no job \(key)", remedies: ["\"kilt job list\" shows what there is"])
    }
    return job
  }

  private func path(_ text: String) -> FilePath { directory.pushing(FilePath(text)) }

  /// A file named on the command line, from the workspace root.
  private func workspacePath(_ text: String) throws -> String {
    let path = path(text).lexicallyNormalized()
    guard let relative = workspace.relativePath(of: path) else {
      throw Diagnostic(.input, "\"\(text)\" is not in the workspace \"\(workspace.root)\"")
    }
    return relative
  }

  // MARK: Waiting

  /// Asks for the job again and again until `isDone` says so.
  ///
  /// - Throws: `Diagnostic` when it takes longer than `seconds`, with what is missing.
  func wait(
    for key: JobKey, seconds: Int, missing: String, until isDone: (JobStatus?) throws -> Bool
  ) throws {
    let deadline = monotonicNanoseconds() + UInt64(seconds) * 1_000_000_000
    while true {
      let job = try client.job(key)
      if try isDone(job) { return }
      guard monotonicNanoseconds() < deadline else {
        let states = job?.instances.map { "instance \($0.instance): \($0.status.rawValue) \($0.message ?? "")" } ?? []
        throw Diagnostic(
          .work, "\(missing) within \(seconds) s", notes: states,
          remedies: ["\"kilt job status \(key)\" and \"kilt job logs \(key)\" say more"])
      }
      pauseMilliseconds(100)
    }
  }
}

/// Answers what job files ask about artifacts: from the repository, and from git for what is on the main branch.
struct RepositoryLookup: ArtifactLookup {
  private let workspace: Workspace
  private let repository: Repository

  init(workspace: Workspace) throws {
    self.workspace = workspace
    repository = try workspace.repository()
  }

  func artifact(for request: ArtifactRequest) throws -> JobModel.ArtifactReference {
    if let kind = ReleaseVersion.Kind(rawValue: request.hashType.rawValue) {
      let name = try ArtifactName(validating: request.name)
      // A range would name other files tomorrow.
      let version = try ReleaseVersion(validating: request.version, kind: kind)
      guard let release = try repository.release(name, version) else {
        throw ArtifactError.unknownVersion(
          name, version.text, known: try repository.versions(of: name).map(\.text), repository: repository.location)
      }
      return JobModel.ArtifactReference(
        name: request.name, hashType: request.hashType, version: version.text, digest: release.digest.hex,
        size: Int(release.size))
    }
    let platform = try request.platform.map { try HostPlatform(validating: $0) } ?? .current
    let reference = try Artifacts.ArtifactReference(parsing: "\(request.name)@\(request.version)")
    let manifest = try repository.resolve(reference, platform: platform)
    return JobModel.ArtifactReference(
      name: request.name, hashType: .git, version: manifest.key.commit.text, platform: platform.text,
      digest: manifest.digest.hex, size: Int(manifest.size), branch: manifest.branch,
      isOnMainBranch: isOnMain(manifest))
  }

  /// A commit may have been merged since it was published: git knows better, where it knows the commit.
  private func isOnMain(_ manifest: Manifest) -> Bool {
    if manifest.isOnMain { return true }
    do {
      return try workspace.git.isAncestor(
        manifest.key.commit.text, ofBranch: workspace.configuration.mainBranch)
    } catch {
      return false
    }
  }
}
