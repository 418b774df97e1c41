internal import Diagnostics
internal import JSON
internal import JobFiles
internal import JobModel
internal import SchedulerAccess
internal import SchedulerClient
internal import Synchronization
internal import SystemSupport
internal import Workspace

/// The subject of job commands: a scheduler, and the workspace if there is one.
///
/// Commands with a key need no workspace: a broken workspace does not prevent access to running jobs.
struct JobSession {
  /// Nil outside of a workspace.
  let workspace: Workspace?
  let cluster: String?
  private let connection: Connection
  let directory: FilePath
  let global: GlobalOptions

  /// - Parameter name: the cluster that an option or a key names.
  init(_ global: GlobalOptions, cluster name: String? = nil) throws {
    self.global = global
    directory = try global.workingDirectory
    let address = environmentVariable("KILT_SCHEDULER").flatMap { $0.isEmpty ? nil : $0 }
    let workspace: Workspace?
    do {
      workspace = try Workspace.find(from: directory)
    } catch  where address != nil {
      workspace = nil
    } catch let error as Diagnostic where error.blame == .input && !FileSystem.exists(directory.appending("kilt.toml"))
    {
      throw Diagnostic(
        .input, "no scheduler was named, and \"\(directory)\" is not in a workspace",
        remedies: [
          "set KILT_SCHEDULER to the address of a scheduler, such as unix:/var/lib/kilt/socket/api.sock",
          "or run the command in a workspace whose kilt.toml has a table [clusters.NAME]",
        ])
    }
    self.workspace = workspace
    let clusters = workspace?.configuration.clusters ?? []
    let named = name.map { name in clusters.first { $0.name == name } } ?? clusters.first
    if let address {
      cluster = named?.name ?? name
      connection = Connection(address: address, origin: .user)
      return
    }
    guard let named else {
      throw Diagnostic(
        .input, name.map { "unknown cluster \"\($0)\"" } ?? "no cluster is configured",
        notes: clusters.isEmpty ? [] : ["configured clusters: " + clusters.map(\.name).joined(separator: ", ")],
        remedies: [
          "add to \(workspace?.configuration.path ?? "kilt.toml"):\n[clusters.\(name ?? "devcluster")]\n"
            + "scheduler = \"http://127.0.0.1:8081\"",
          "or set KILT_SCHEDULER to the address of its scheduler",
        ])
    }
    cluster = named.name
    connection = Connection(address: named.scheduler, origin: .workspace)
  }

  /// The scheduler: of `KILT_SCHEDULER`, else the cluster's in kilt.toml. Created at its first use.
  var client: SchedulerClient {
    get throws {
      try connection.state.withLock { state in
        if let client = state.client { return client }
        var client = try SchedulerClient(address: connection.address, origin: connection.origin)
        client.reason = state.reason
        state.client = client
        return client
      }
    }
  }

  /// Says why changes are asked for; before the first of them.
  func explain(_ reason: String?) { connection.state.withLock { $0.reason = reason } }

  private final class Connection: Sendable {
    let address: String
    let origin: SchedulerEndpoint.Origin
    let state = Mutex<(client: SchedulerClient?, reason: String?)>((nil, nil))

    init(address: String, origin: SchedulerEndpoint.Origin) {
      self.address = address
      self.origin = origin
    }
  }

  /// A session for the job that the options name: a key says its cluster itself.
  init(_ global: GlobalOptions, _ options: JobOptions) throws {
    let reference = options.reference(in: try global.workingDirectory)
    try self.init(global, cluster: options.cluster ?? reference?.key.cluster)
  }

  /// The workspace of a command that reads a job file.
  func requiredWorkspace() throws -> Workspace { try workspace ?? Workspace.find(from: directory) }

  // MARK: Jobs

  /// The configuration of a job file, with its artifact looked up unless `offline`.
  func configuration(_ options: JobOptions, commit: String? = nil, offline: Bool) throws -> JobConfiguration {
    let workspace = try requiredWorkspace()
    let provenance = JobProvenance(root: workspace.root)
    var loader = JobLoader(
      cluster: cluster, policy: JobLoader.Policy(mainBranch: workspace.configuration.mainBranch),
      owner: JobOwner.current, read: provenance.read)
    let path = try workspacePath(options.file)
    let commit = try commit.map { try resolved($0, workspace) }
    // Problems of the file itself are reported first, whether a scheduler runs or not.
    let request = JobRequest(
      path: path, stage: options.stage, version: commit, job: options.selection.job,
      bindings: try options.selection.bindings())
    let written = try loader.load(request, artifacts: nil)
    if offline { return written }
    loader.platform = try client.cluster()["platform"]?.string
    loader.print = { writeText($0 + "\n", to: 2) }
    loader.warn = warn
    let configuration = try loader.load(request, artifacts: RepositoryLookup(workspace: workspace))
    let (complete, differing) = provenance.add(to: configuration, workspace)
    if !differing.isEmpty { warn(JobProvenance.warning(differing, complete)) }
    return complete
  }

  /// A commit of the command line: digits as they are, other names such as HEAD as git has them.
  private func resolved(_ text: String, _ workspace: Workspace) throws -> String {
    text.utf8.count >= 7 && text.allSatisfy { $0.isHexDigit && !$0.isUppercase }
      ? text : try workspace.git.commit(of: text)
  }

  /// The key of the job that the options name, and the instances that it names.
  ///
  /// A job file that cannot be read, or whose template is broken, still names the job that was created from it: the
  /// scheduler knows that one by the path of its file.
  func reference(_ options: JobOptions) throws -> JobReference {
    if let reference = options.reference(in: directory) { return reference }
    do {
      return JobReference(try configuration(options, offline: true).key)
    } catch {
      guard let key = try runningJob(options) else { throw error }
      warn(
        Diagnostic(
          .input, "cannot read the job file \"\(options.file)\": used job \(key), which was created from it",
          notes: [Self.summary(of: error)], remedies: ["run `kilt job inspect \(options.file)` to see every problem"]))
      return JobReference(key)
    }
  }

  func key(_ options: JobOptions) throws -> JobKey { try reference(options).key }

  /// The job that the options name, or the remains of a killed one.
  func job(_ options: JobOptions) throws -> JobStatus { try job(try key(options)) }

  func job(_ key: JobKey) throws -> JobStatus {
    guard let job = try client.jobOrHistory(key) else {
      let near = Suggestions.remedy(for: "\(key)", among: try client.jobs().map { "\($0.key)" })
      throw Diagnostic(
        .input, "job \(key) does not exist",
        remedies: [near, "run `kilt job list` to list all jobs"].compactMap(\.self))
    }
    return job
  }

  /// The one job of the stage that was created from the file; nil when there is none, or when several are.
  private func runningJob(_ options: JobOptions) throws -> JobKey? {
    guard let stage = options.stage, workspace != nil, let path = try? workspacePath(options.file) else { return nil }
    let keys = try client.jobs().filter { $0.key.stage == stage && $0.source?.path == path }.map(\.key)
    return keys.count == 1 ? keys[0] : nil
  }

  /// A file named on the command line, from the workspace root.
  func workspacePath(_ text: String) throws -> String {
    let workspace = try requiredWorkspace()
    let path = directory.pushing(FilePath(text)).lexicallyNormalized()
    guard let relative = workspace.relativePath(of: path) else {
      throw Diagnostic(.input, "\"\(text)\" is not in the workspace \"\(workspace.root)\"")
    }
    return relative
  }

  // MARK: Messages

  var warn: @Sendable (Diagnostic) -> Void {
    let renderer = DiagnosticRenderer(color: Terminal.standardError.usesColor)
    return { writeText(renderer.render($0, as: .warning), to: 2) }
  }

  static func summary(of error: any Error) -> String {
    switch error {
    case let error as any DiagnosableError: error.diagnostic.summary
    case let list as DiagnosticList: list.diagnostics.map(\.summary).joined(separator: "; ")
    default: "\(error)"
    }
  }
}
