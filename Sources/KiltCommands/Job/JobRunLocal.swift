internal import ArgumentParser
internal import Artifacts
internal import Diagnostics
internal import Glibc
internal import JSON
internal import JobFiles
internal import JobModel
internal import SystemSupport
internal import Workspace

/// `kilt job run-local`.
struct JobRunLocal: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run-local", abstract: "Run one instance of a job here, from the local build.",
    discussion: """
      Runs the processes in the same order, with the same sandbox, ports, limits and health checks as a scheduler. \
      Builds bundles from the current files. Shows the state and the output of every process.

      Ctrl-C ends the task gracefully; a second Ctrl-C ends it faster.

      If you are root, the task runs as the job's user, or as nobody where that
      user does not exist. Otherwise it runs as you. The state of the task says so.

      EXAMPLES
        kilt job run-local jobs/fiddler.yaml --stage devel
        kilt job run-local jobs/fiddler.yaml --stage devel --port http=8080
        kilt job run-local jobs/fiddler.yaml --stage devel --instance 1 --keep

      EXIT CODES
        0  every process succeeded, or Ctrl-C
        1  the task failed
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var job: JobOptions

  @Option(help: ArgumentHelp("Number of the instance.", valueName: "number"))
  var instance = 0

  @Option(
    help: ArgumentHelp("Port by name, such as http=8080. Repeatable. Default: free ports.", valueName: "name=n"))
  var port: [String] = []

  @Flag(help: "Keep the directory of the task: logs, sandbox, checkpoint.")
  var keep = false

  func run() throws {
    let workspace = try Workspace.find(from: try global.workingDirectory)
    let directory = try FileSystem.makeTemporaryDirectory(prefix: "kilt-run-local")
    defer { if !keep { remove(directory) } }
    try FileSystem.setPermissions(0o711, of: directory)
    let repository = directory.appending("repository")
    let configuration = try load(workspace, repository: repository)
    let ports = try allot(configuration.requiredPorts)
    let task = directory.appending("task")
    try FileSystem.createDirectories(task, permissions: 0o700)
    let assignment = TaskAssignment(
      taskID: TaskID("\(configuration.key.name)-local-\(getpid())"), instance: instance, configuration: configuration,
      ports: ports, hostname: "localhost")
    try FileSystem.write(
      text: assignment.json.text(.pretty) + "\n", to: task.appending("task.json"), permissions: 0o600)
    for (name, number) in ports.sorted(by: { $0.key < $1.key }) {
      global.note("port \(name): http://127.0.0.1:\(number)/")
    }
    let status = try LocalTask(task, quiet: global.quiet).run(arguments(task, repository))
    if keep { global.note("kept \(task)") }
    if status != 0 { throw ExitCode(status) }
  }

  private func load(_ workspace: Workspace, repository: FilePath) throws -> JobConfiguration {
    var loader = JobLoader(
      root: workspace.root, cluster: workspace.configuration.clusters.first?.name ?? "local",
      policy: JobLoader.Policy(mainBranch: workspace.configuration.mainBranch), owner: JobOwner.current)
    loader.platform = ArtifactPlatform.current.text
    loader.print = { writeText($0 + "\n", to: 2) }
    let path = try global.workingDirectory.pushing(FilePath(job.file)).lexicallyNormalized()
    guard let relative = workspace.relativePath(of: path) else {
      throw Diagnostic(.input, "\"\(job.file)\" is not in the workspace \"\(workspace.root)\"")
    }
    let request = JobRequest(
      path: relative, stage: job.stage, version: LocalArtifacts.version, job: job.selection.job,
      bindings: try job.selection.bindings())
    // Problems of the file itself are reported before anything is built.
    _ = try loader.load(request, artifacts: nil)
    return try loader.load(request, artifacts: try LocalArtifacts(global, repository: repository))
  }

  /// The ports that the task needs: as the options say, or free ones.
  private func allot(_ names: [String]) throws -> [String: Int] {
    var ports: [String: Int] = [:]
    for text in port {
      let parts = text.split(separator: "=", omittingEmptySubsequences: false)
      guard parts.count == 2, let number = Int(parts[1]), (1...65535).contains(number) else {
        throw Diagnostic(.input, "invalid port \"\(text)\" in --port", remedies: ["write it as NAME=NUMBER: http=8080"])
      }
      guard names.contains(String(parts[0])) else {
        throw Diagnostic(
          .input, "the job has no port \"\(parts[0])\"", notes: ["its ports: \(names.joined(separator: ", "))"])
      }
      ports[String(parts[0])] = number
    }
    for name in names where ports[name] == nil { ports[name] = try freePort(not: Set(ports.values)) }
    return ports
  }

  private func freePort(not taken: Set<Int>) throws -> Int {
    for _ in 0..<100 {
      let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      guard socket >= 0 else { break }
      defer { Glibc.close(socket) }
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
      var size = socklen_t(MemoryLayout<sockaddr_in>.size)
      let number = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address -> Int? in
          guard bind(socket, address, size) == 0, getsockname(socket, address, &size) == 0 else { return nil }
          return Int(UInt16(bigEndian: pointer.pointee.sin_port))
        }
      }
      if let number, !taken.contains(number) { return number }
    }
    throw Diagnostic(.environment, "no port of the loopback address is free")
  }

  private func arguments(_ task: FilePath, _ repository: FilePath) throws -> [String] {
    let own = try executablePath().removingLastComponent()
    return [
      own.appending("kilt-executor").string, "run", "--task-directory", task.string, "--pex-runner",
      own.appending("pex-runner").string, "--repository", repository.string, "--cgroup-parent", "kilt", "--isolation",
      "auto", "--allow-missing-user",
    ]
  }

  private func remove(_ directory: FilePath) {
    do {
      try FileSystem.removeTree(directory)
    } catch {
      global.note("cannot remove \"\(directory)\": \(error)")
    }
  }
}
