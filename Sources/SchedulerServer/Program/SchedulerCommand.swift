public import ArgumentParser
internal import Diagnostics
internal import Executor
internal import Glibc
internal import SchedulerCore
internal import SystemSupport

/// `kilt-scheduler`, which `kilt scheduler` starts: one process, loopback, its state in one directory.
public struct SchedulerCommand: ParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "kilt-scheduler",
    abstract: "Run the bundled scheduler on this machine.",
    discussion: """
      Runs one process: API and web pages on loopback, state in SQLite. When you stop the scheduler (Ctrl-C or \
      SIGTERM), its tasks continue to run. The next scheduler with the same state directory finds them.

      EXAMPLES
        kilt scheduler
        kilt scheduler --state-directory /var/lib/kilt --repository s3://builds/kilt
        kilt-scheduler --state-directory /var/lib/kilt --listen 127.0.0.1:8081
      """,
    version: kiltVersion)

  @Option(
    help: ArgumentHelp(
      "Directory of the database, the socket, the tokens and the task directories.", valueName: "path"))
  var stateDirectory: String

  @Option(help: ArgumentHelp("Address and port. Port 0 means any free port.", valueName: "host:port"))
  var listen = "127.0.0.1:8081"

  @Flag(help: "Use TLS on the loopback address too. Other addresses always use TLS.")
  var tls = false

  @Option(
    help: ArgumentHelp(
      "Certificate chain for TLS, in PEM form. Default: created at the first start.",
      valueName: "path"))
  var tlsCertificate: String?

  @Option(help: ArgumentHelp("Private key of the certificate, in PEM form.", valueName: "path"))
  var tlsKey: String?

  @Flag(help: "Let every local process read jobs, logs and files on the loopback address. For demonstrations.")
  var openReading = false

  @Option(help: "Name of the cluster, the first part of every job key.")
  var cluster = "devcluster"

  @Option(
    help: ArgumentHelp(
      "Artifact repository: a directory, s3://BUCKET/PREFIX, or http(s)://HOST/PATH.", valueName: "url"))
  var repository: String?

  @Option(help: ArgumentHelp("Program kilt-executor. Default: beside this program.", valueName: "path"))
  var executor: String?

  @Option(help: ArgumentHelp("Number of executors to start ahead of tasks.", valueName: "count"))
  var spareExecutors = 2

  @Option(help: ArgumentHelp("Program pex-runner. Default: beside this program.", valueName: "path"))
  var pexRunner: String?

  @Option(help: ArgumentHelp("Ports for tasks.", valueName: "first-last"))
  var portRange = "31000-32000"

  @Option(help: ArgumentHelp("Control group that contains those of the tasks.", valueName: "name"))
  var cgroupParent = "kilt"

  @Option(help: "Isolation of tasks. One of: auto, bubblewrap, none.")
  var isolation = Isolation.auto

  @Option(help: ArgumentHelp("Directory that sandboxes see, read-only. Repeatable.", valueName: "path"))
  var readOnly: [String] = []

  @Option(help: ArgumentHelp("Directory in front of PATH in sandboxes. Repeatable.", valueName: "path"))
  var path: [String] = []

  @Option(
    help: ArgumentHelp(
      "Configuration file: [policy] has the rules for jobs, [metrics] the access to metrics. Default: built-in rules.",
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

  @Option(
    help: ArgumentHelp(
      "With --stop-tasks-on-exit, kill tasks that have not ended after this time, in seconds.", valueName: "seconds"))
  var stopPatience = 120

  @Option(help: ArgumentHelp("Number of days to keep ended tasks.", valueName: "days"))
  var keepEndedDays = 2

  @Option(help: ArgumentHelp("Number of ended tasks to keep for each job.", valueName: "count"))
  var keepEndedTasks = 100

  @Option(
    help: ArgumentHelp(
      "Maximum size of all directories of ended tasks, in MiB. Default: a fifth of the disk.", valueName: "mib"))
  var keepEndedMib: Int?

  @Option(
    help: ArgumentHelp(
      "Attribute of this host for the constraints of jobs, such as rack=a. Repeatable.", valueName: "name=value"))
  var attribute: [String] = []

  @Option(
    help: ArgumentHelp(
      "Where tasks run: local is this machine, swarm is a Docker Swarm. One of: local, swarm.", valueName: "engine"))
  var engine = EngineName.local

  @OptionGroup var docker: DockerOptions

  // The state machine's constants are Aurora's; those who try things out need not wait for them.
  @Option(
    help: ArgumentHelp(
      "Runs shorter than this count as flapping, in seconds.", valueName: "seconds", visibility: .hidden))
  var flappingThreshold: Int?

  @Option(help: ArgumentHelp("Delay after two short runs, in seconds.", valueName: "seconds", visibility: .hidden))
  var flappingDelay: Int?

  public init() {}

  /// Runs the scheduler with these arguments until it is told to stop; returns the process's exit code.
  public static func start(_ arguments: [String]) async -> Int32 {
    // The reader of its messages can be gone.
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
      // A disk, a permission, a missing directory: not a fault of the scheduler.
      let diagnostic = Diagnostic(.environment, error.description)
      writeText(DiagnosticRenderer(color: isTerminal(2)).render(diagnostic), to: 2)
      return diagnostic.blame.exitCode
    } catch {
      let root: any ParsableCommand.Type = arguments.first == RestoreCommand.name ? RestoreCommand.self : self
      let code = root.exitCode(for: error)
      writeText(root.fullMessage(for: error) + "\n", to: code == .success ? 1 : 2)
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
    // In the form of a URL: [::1]:8081.
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
        .environment, "the program \"\(program)\" does not exist",
        remedies: ["install all executables of Kilt in one directory, or use `--executor` and `--pex-runner`"])
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
    guard (0...86_400).contains(stopPatience) else {
      throw Diagnostic(
        .input, "invalid --stop-patience \"\(stopPatience)\"",
        remedies: ["write a number of seconds from 0 to 86400, such as `--stop-patience 30`"])
    }
    options.stopPatience = .seconds(stopPatience)
    guard (0...64).contains(spareExecutors) else {
      throw Diagnostic(
        .input, "invalid --spare-executors \"\(spareExecutors)\"",
        remedies: ["write a number from 0 to 64, such as `--spare-executors 2`"])
    }
    options.spareExecutors = spareExecutors
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
    options.swarm = try docker.settings(for: engine)
    if let flappingThreshold { options.policy.flappingThreshold = .seconds(flappingThreshold) }
    if let flappingDelay { options.policy.flappingFirstDelay = .seconds(flappingDelay) }
    return options
  }
}

extension Isolation: ExpressibleByArgument {}
