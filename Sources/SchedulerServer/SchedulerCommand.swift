public import ArgumentParser
internal import Diagnostics
internal import Executor
internal import Glibc
internal import SchedulerCore
internal import SystemSupport

/// `kilt-scheduler`, which `kilt scheduler` starts: one process, loopback, its state in one folder.
public struct SchedulerCommand: ParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "kilt-scheduler",
    abstract: "Runs the bundled scheduler on this machine: API and web pages on loopback, state in SQLite.",
    discussion: """
      Stopping it (Ctrl-C or SIGTERM) leaves its tasks running; the next scheduler on the same state directory finds them.

      EXAMPLES
        kilt scheduler
        kilt scheduler --state-directory /var/lib/kilt --repository s3://builds/kilt --listen 127.0.0.1:8081
      """,
    version: kiltVersion)

  @Option(
    help: ArgumentHelp(
      "Where the database, the socket, the tokens and the directories of tasks are kept.", valueName: "path"))
  var stateDirectory: String

  @Option(help: ArgumentHelp("Address and port; port 0 takes a free one.", valueName: "host:port"))
  var listen = "127.0.0.1:8081"

  @Flag(help: "Use TLS on the loopback address too. Beyond loopback TLS is always used.")
  var tls = false

  @Option(
    help: ArgumentHelp(
      "Certificate chain for TLS, in PEM form. Default: one that the scheduler makes at its first start.",
      valueName: "path"))
  var tlsCertificate: String?

  @Option(help: ArgumentHelp("Private key of the certificate, in PEM form.", valueName: "path"))
  var tlsKey: String?

  @Flag(help: "Let every local process read jobs, logs and files on the loopback address. For demonstrations.")
  var openReading = false

  @Option(help: "The cluster's name, the first part of every job key.")
  var cluster = "devcluster"

  @Option(help: ArgumentHelp("Where bundles come from: a folder, s3://BUCKET/PREFIX, http(s)://…", valueName: "url"))
  var repository: String?

  @Option(help: ArgumentHelp("The kilt-executor program; beside this one by default.", valueName: "path"))
  var executor: String?

  @Option(help: ArgumentHelp("The pex-runner program; beside this one by default.", valueName: "path"))
  var pexRunner: String?

  @Option(help: ArgumentHelp("Ports to allot to tasks.", valueName: "first-last"))
  var portRange = "31000-32000"

  @Option(help: ArgumentHelp("The control group below which tasks get theirs.", valueName: "name"))
  var cgroupParent = "kilt"

  @Option(help: "How tasks are kept apart: auto, bubblewrap or none.")
  var isolation = Isolation.auto

  @Option(help: ArgumentHelp("A folder that sandboxes see read-only; may be repeated.", valueName: "path"))
  var readOnly: [String] = []

  @Option(help: ArgumentHelp("A folder in front of PATH in sandboxes; may be repeated.", valueName: "path"))
  var path: [String] = []

  @Option(
    help: ArgumentHelp(
      "The configuration: [policy] says what may run here, [metrics] who gets the metrics. Default: the built-in rules.",
      valueName: "file"))
  var config: String?

  @Flag(
    help: ArgumentHelp(
      "Run tasks of a role that is not a user of this machine as nobody; without root, run all tasks as this user."))
  var allowMissingUser = false

  @Option(help: ArgumentHelp("Run tasks as this user although its user ID is 0. Repeatable.", valueName: "user"))
  var allowRoot: [String] = []

  @Flag(help: "End the tasks when this scheduler is stopped by SIGTERM or Ctrl-C.")
  var stopTasksOnExit = false

  @Option(help: ArgumentHelp("Days that ended tasks are kept.", valueName: "days"))
  var keepEndedDays = 2

  @Option(help: ArgumentHelp("Ended tasks that are kept for each job.", valueName: "count"))
  var keepEndedTasks = 100

  @Option(
    help: ArgumentHelp(
      "MiB that folders of ended tasks can take together. The default is a fifth of the disk.", valueName: "mib"))
  var keepEndedMib: Int?

  @Option(
    help: ArgumentHelp(
      "An attribute of this host that constraints of jobs can name. Repeatable.", valueName: "name=value"))
  var attribute: [String] = []

  // The state machine's constants are Aurora's; those who try things out need not wait for them.
  @Option(help: ArgumentHelp("A run shorter than this is too short.", valueName: "seconds", visibility: .hidden))
  var flappingThreshold: Int?

  @Option(help: ArgumentHelp("What a run after two short ones waits.", valueName: "seconds", visibility: .hidden))
  var flappingDelay: Int?

  public init() {}

  /// Runs the scheduler with these arguments until it is told to stop; returns the process's exit code.
  public static func start(_ arguments: [String]) async -> Int32 {
    // Whoever read its messages may be gone.
    signal(SIGPIPE, SIG_IGN)
    do {
      if arguments.first == RestoreCommand.name {
        try RestoreCommand.parse(Array(arguments.dropFirst())).restore()
        return 0
      }
      // Help and version are commands of their own, which do their work in `run`.
      guard let command = try parseAsRoot(arguments) as? SchedulerCommand else {
        throw CleanExit.helpRequest(self)
      }
      try await SchedulerService(command.options()).run()
      return 0
    } catch let error as any DiagnosableError {
      writeText(DiagnosticRenderer(color: isTerminal(2)).render(error), to: 2)
      return DiagnosticRenderer.exitCode(for: error)
    } catch let error as SystemCallError {
      // A disk, a permission, a folder that is none: nothing of the scheduler's own.
      let diagnostic = Diagnostic(.environment, error.description)
      writeText(DiagnosticRenderer(color: isTerminal(2)).render(diagnostic), to: 2)
      return diagnostic.blame.exitCode
    } catch {
      let code = exitCode(for: error)
      writeText(fullMessage(for: error) + "\n", to: code == .success ? 1 : 2)
      if code == .success, let failure = standardOutputFailure() {
        let diagnostic = Diagnostic.unwritableOutput("\(failure)", isFull: failure == .noSpace)
        writeText(DiagnosticRenderer(color: isTerminal(2)).render(diagnostic), to: 2)
        return diagnostic.blame.exitCode
      }
      return code == .validationFailure ? Blame.input.exitCode : code.rawValue
    }
  }

  private func options() throws -> SchedulerOptions {
    let own = try executablePath().removingLastComponent()
    try FileSystem.createDirectories(FilePath(stateDirectory), permissions: 0o711)
    var options = SchedulerOptions(
      stateDirectory: try FileSystem.canonicalPath(FilePath(stateDirectory)),
      executor: executor.map { FilePath($0) } ?? own.appending("kilt-executor"),
      pexRunner: pexRunner.map { FilePath($0) } ?? own.appending("pex-runner"))
    guard let colon = listen.lastIndex(of: ":"), let port = Int(listen[listen.index(after: colon)...]),
      (0...65535).contains(port)
    else { throw Diagnostic(.input, "\"\(listen)\" of --listen is not HOST:PORT") }
    options.listenHost = String(listen[..<colon])
    // As in a URL: [::1]:8081.
    if options.listenHost.hasPrefix("["), options.listenHost.hasSuffix("]") {
      options.listenHost = String(options.listenHost.dropFirst().dropLast())
    }
    options.listenPort = port
    let bounds = portRange.split(separator: "-").compactMap { Int($0) }
    guard bounds.count == 2, bounds[0] <= bounds[1], bounds[0] > 0, bounds[1] <= 65535 else {
      throw Diagnostic(.input, "\"\(portRange)\" of --port-range is not FIRST-LAST")
    }
    options.portRange = bounds[0]...bounds[1]
    for program in [options.executor, options.pexRunner] where !FileSystem.isExecutable(program) {
      throw Diagnostic(
        .environment, "the program \"\(program)\" is not there",
        remedies: ["install all executables of Kilt in one folder, or name it: --executor, --pex-runner"])
    }
    options.isReadingOpen = openReading
    switch (tlsCertificate, tlsKey) {
    case (let certificate?, let key?):
      options.tls = .files(certificate: FilePath(certificate), key: FilePath(key))
    case (nil, nil): if tls || !options.isLoopback { options.tls = .selfSigned }
    default: throw Diagnostic(.input, "--tls-certificate and --tls-key must be given together")
    }
    if openReading, !options.isLoopback {
      throw Diagnostic(
        .input, "--open-reading is for the loopback address only", remedies: ["remove it, or --listen \(listen)"])
    }
    options.cluster = cluster
    options.repository = repository
    options.controlGroupParent = cgroupParent
    options.isolation = isolation
    options.readOnly = readOnly
    try LaunchCheck.checkReadOnly(readOnly)
    options.path = path
    options.allowsMissingUser = allowMissingUser
    options.allowedRoots = allowRoot
    options.stopsTasksOnExit = stopTasksOnExit
    guard keepEndedDays >= 0, keepEndedTasks >= 0, keepEndedMib ?? 0 >= 0 else {
      throw Diagnostic(.input, "a --keep-ended option is negative")
    }
    options.policy.historyAge = .seconds(keepEndedDays * 86_400)
    options.policy.historyPerJob = keepEndedTasks
    options.historyBytes = keepEndedMib.map { $0 << 20 }
    for text in attribute {
      guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
        throw Diagnostic(
          .input, "invalid --attribute \"\(text)\"", remedies: ["write `--attribute NAME=VALUE`, such as rack=a"])
      }
      options.attributes[String(text[..<equals])] = String(text[text.index(after: equals)...])
    }
    if let config {
      options.clusterPolicy = try ClusterPolicy(reading: FilePath(config))
      options.monitoring = try MonitoringSettings(reading: FilePath(config))
    }
    if options.clusterPolicy.trust == nil, let path = environmentVariable("KILT_POLICY"), !path.isEmpty {
      // Absolute: executors start in another directory.
      options.clusterPolicy.trust = try FileSystem.currentDirectory().pushing(FilePath(path))
    }
    // Whoever mistypes the policy learns it now, and not from the first refused job.
    _ = try ArtifactCheck(options, stage: "")
    if let flappingThreshold { options.policy.flappingThreshold = .seconds(flappingThreshold) }
    if let flappingDelay { options.policy.flappingFirstDelay = .seconds(flappingDelay) }
    return options
  }
}

extension Isolation: ExpressibleByArgument {}
