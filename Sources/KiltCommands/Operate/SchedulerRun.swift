internal import ArgumentParser
internal import Diagnostics
internal import Glibc
internal import PythonPackaging
internal import SystemSupport
internal import Workspace

/// `kilt scheduler run`: becomes `kilt-scheduler`, so that `kilt` does not link the web server and the database.
struct SchedulerRun: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run the bundled scheduler on this machine.",
    discussion: """
      Runs one process: API and web pages on loopback, state in SQLite. In a workspace, the state is in \
      .kilt/scheduler, and bundles come from the artifact repository of kilt.toml. Elsewhere, use --state-directory \
      and --repository.

      A stopped scheduler leaves its tasks running. Root runs tasks as the user of their role. Other users run only \
      jobs of the role with their own name, or with --allow-missing-user all jobs as themselves.

      `kilt scheduler run -- --help` lists all options.

      EXAMPLES
        kilt scheduler
        kilt scheduler --allow-missing-user   without root: run all jobs as yourself
        kilt scheduler run --listen 127.0.0.1:0 --stop-tasks-on-exit
      """)

  @OptionGroup var global: GlobalOptions

  @Argument(parsing: .captureForPassthrough, help: "Options of kilt-scheduler.")
  var arguments: [String] = []

  func run() throws {
    var arguments = self.arguments.filter { $0 != "--" }
    let program = try executablePath().removingLastComponent().appending("kilt-scheduler")
    if !arguments.contains("--help"), !arguments.contains("--version") {
      try addDefaults(to: &arguments)
    }
    let error = withCStrings([program.string] + arguments) { strings in
      withCStrings(environmentStrings()) { environment in
        if let path = strings[0] { execve(path, strings, environment) }
        return errno
      }
    }
    throw Diagnostic(
      .environment, "cannot start \"\(program)\": \(Errno(rawValue: error))",
      remedies: ["install all executables of Kilt in one directory"])
  }
}

extension SchedulerRun {
  /// Options that follow from the workspace, where they were not given.
  private func addDefaults(to arguments: inout [String]) throws {
    func isGiven(_ option: String) -> Bool {
      arguments.contains { $0 == option || $0.hasPrefix(option + "=") }
    }
    let workspace = try workspaceIfPresent()
    if !isGiven("--state-directory") {
      guard let workspace else {
        throw Diagnostic(
          .input, "cannot start the scheduler: not in a workspace, and no --state-directory was named",
          remedies: ["run `kilt scheduler -- --state-directory DIR --repository URL`"])
      }
      try workspace.stateDirectory.create()
      arguments += ["--state-directory", workspace.stateDirectory.path.appending("scheduler").string]
    }
    guard let workspace else { return }
    if !isGiven("--repository"), let repository = workspace.repositoryLocation {
      arguments += ["--repository", repository]
    }
    if let cluster = workspace.configuration.clusters.first, !isGiven("--cluster") {
      arguments += ["--cluster", cluster.name]
      if !isGiven("--listen"), let listen = cluster.loopbackAddress { arguments += ["--listen", listen] }
    }
    if !isGiven("--path") { arguments += try interpreterOptions(workspace) }
  }

  /// Makes the workspace's interpreter visible in sandboxes if it is not one of the system's.
  private func interpreterOptions(_ workspace: Workspace) throws -> [String] {
    let constraints = workspace.configuration.interpreterConstraints.compactMap { InterpreterConstraint($0) }
    let finder = InterpreterFinder(cacheFile: workspace.stateDirectory.path.appending("interpreters.json"))
    let program = try FileSystem.canonicalPath(finder.find(constraints).path)
    if ["usr", "bin"].contains(program.components.first?.string) { return [] }
    let folder = program.removingLastComponent()
    return ["--read-only", folder.removingLastComponent().string, "--path", folder.string]
  }

  private func workspaceIfPresent() throws -> Workspace? {
    let directory = try global.workingDirectory
    do {
      return try Workspace.find(from: directory)
    } catch let error as Diagnostic where error.blame == .input && !FileSystem.exists(directory.appending("kilt.toml"))
    {
      return nil
    }
  }
}

extension WorkspaceConfiguration.Cluster {
  /// `HOST:PORT` of a scheduler that is to listen on this machine's loopback; nil for one elsewhere.
  var loopbackAddress: String? {
    for host in ["127.0.0.1", "localhost"] where scheduler.hasPrefix("http://\(host):") {
      return String(scheduler.dropFirst(7).prefix { $0 != "/" })
    }
    return nil
  }
}
