import CSystemShims
import Glibc
import HTTPClient
import JSON
import JobModel
import SchedulerAccess
import SchedulerClient
import Synchronization
import SystemSupport
import TestServers
import Testing

/// The built `kilt-scheduler` on a state directory of its own, with jobs whose tasks are small Python servers. What it
/// started is ended with it, whatever becomes of the test.
final class SchedulerFixture: Sendable {
  let scratch: FilePath
  /// Tells the processes of this fixture's tasks from all others, in their arguments.
  let mark: String
  private let python: String
  private let readOnly: [String]
  private let arguments: [String]
  private let user: String?
  private let isThroughKilt: Bool
  nonisolated(unsafe) private(set) var pid: pid_t = 0
  nonisolated(unsafe) private(set) var address = ""

  var state: FilePath { scratch.appending("state") }
  /// Whom the tasks run as.
  static var user: String { getuid() == 0 ? "nobody" : String(cString: getpwuid(getuid()).pointee.pw_name) }

  /// - Parameters:
  ///   - user: who runs the scheduler; only root can ask for another.
  ///   - throughKilt: whether it is started by `kilt scheduler run`, in a workspace.
  init(
    _ arguments: [String] = [], start: Bool = true, asUser user: String? = nil, throughKilt: Bool = false
  ) throws {
    for (program, package) in [("bwrap", "bubblewrap"), ("setpriv", "util-linux"), ("python3", "python3")] {
      try #require(Subprocess.find(program) != nil, "'\(program)' is missing: apt-get install \(package)")
    }
    let find = Subprocess(
      "python3", ["-c", "import sys; print(sys.executable); print(sys.base_prefix)"], environment: environmentStrings())
    let lines = try find.run().text.split(separator: "\n").map(String.init)
    try #require(lines.count == 2)
    python = try FileSystem.canonicalPath(FilePath(lines[0])).string
    // A user who is not root may not see where Python is.
    readOnly = (lines[1].hasPrefix("/usr") || user != nil ? [] : [lines[1]]) + (try Self.runtimeDirectories())
    scratch = try FileSystem.makeTemporaryDirectory(prefix: "scheduler")
    mark = "mark-\(scratch.lastComponent?.string ?? "")"
    self.arguments = arguments
    self.user = user
    isThroughKilt = throughKilt
    if let user { try makeWorkspace(of: user) }
    if start { try self.start() }
  }

  deinit {
    // One that was handed a task a moment ago does not name it yet.
    let spares = spareExecutors()
    if pid > 0 { endScheduler(SIGKILL) }
    do {
      try waitUntil("no spare executor waits") { spares.allSatisfy { !Self.isSpare($0) } }
      try waitUntil("all tasks are gone") {
        // Executors end their tasks when they are killed: bubblewrap's processes die with them. One that was started
        // just now is known by its arguments alone.
        for id in executors() + processes() { kill(id, SIGKILL) }
        return try executors().isEmpty && processes().isEmpty && (controlGroups().isEmpty || !removeGroups())
      }
      try unmountVolumes()
      try FileSystem.removeTree(scratch)
    } catch {
      Issue.record("the test leaves something: \(error)")
    }
  }

  /// Where the libraries of Swift are: programs of a debug build need them in sandboxes, too.
  private static func runtimeDirectories() throws -> [String] {
    let paths = try FileSystem.readText("/proc/self/maps").split(separator: "\n").compactMap { line in
      line.hasSuffix("/libswiftCore.so") ? line.split(separator: " ").last.map(String.init) : nil
    }
    return Set(paths.map { FilePath($0).removingLastComponent().string }).filter { !$0.hasPrefix("/usr/") }.sorted()
  }

  /// Unmounts the disks of tasks whose executors were killed: removing a directory keeps what is mounted in it.
  private func unmountVolumes() throws {
    let mounts = try FileSystem.readText("/proc/self/mounts").split(separator: "\n")
    for mount in mounts.compactMap({ $0.split(separator: " ").dropFirst().first }) where mount.hasPrefix(scratch.string)
    {
      _ = kilt_unmount(String(mount))
    }
  }

  /// Removes the control groups that killed executors left; true when some are still in use.
  private func removeGroups() throws -> Bool { try controlGroups().map { rmdir($0) != 0 }.contains(true) }

  // MARK: The scheduler

  static func program(_ name: String) throws -> FilePath {
    let path = try executablePath().removingLastComponent().appending(name)
    try #require(FileSystem.isExecutable(path), "no \(name) beside the tests: \(path)")
    return path
  }

  /// Makes the scratch directory a workspace that belongs to a user.
  private func makeWorkspace(of user: String) throws {
    try FileSystem.write(text: "", to: scratch.appending("kilt.toml"))
    let owner = try Subprocess("chown", ["-R", user, scratch.string], environment: environmentStrings()).run()
    try #require(owner.termination.isSuccess, "\(owner.errorText)")
  }

  /// The program that starts the scheduler, and the arguments before the scheduler's own.
  private func command() throws -> (program: FilePath, arguments: [String]) {
    let scheduler = try Self.program("kilt-scheduler")
    var command = [scheduler.string]
    if isThroughKilt {
      command = [try Self.program("kilt").string, "scheduler", "run", "-C", scratch.string, "--path", "/usr/bin"]
    }
    guard let user else { return (FilePath(command[0]), Array(command.dropFirst())) }
    let becoming = ["--reuid=\(user)", "--regid=65534", "--clear-groups"]
    let access = Subprocess("setpriv", becoming + ["test", "-x", command[0]], environment: environmentStrings())
    try #require(try access.run().termination.isSuccess, "\(user) cannot execute \(command[0])")
    return ("/usr/bin/setpriv", becoming + command)
  }

  /// Starts it, and waits until it answers.
  func start() throws {
    if FileSystem.exists(state.appending("address")) { try FileSystem.removeFile(state.appending("address")) }
    let log = try FileSystem.open(
      scratch.appending("scheduler.log"), .writeOnly, options: [.create, .append])
    defer { FileSystem.close(log) }
    let command = try command()
    pid = try spawnDetached(
      command.program, command.arguments + ["--state-directory", state.string, "--listen", "127.0.0.1:0"] + options,
      environment: ["HOME=\(scratch)", "PATH=/usr/local/bin:/usr/bin:/bin"], output: log)
    try waitUntil("the scheduler listens") {
      guard FileSystem.exists(state.appending("address")) else {
        var status: Int32 = 0
        if waitpid(pid, &status, WNOHANG) == pid {
          pid = 0
          Issue.record("the scheduler ended: \(try FileSystem.readText(scratch.appending("scheduler.log")))")
          throw TestFailure()
        }
        return false
      }
      address = String(try FileSystem.readText(state.appending("address")).dropLast())
      return try request(.get, "/health").status == 200
    }
  }

  /// Schedulers that run side by side must not allot the same ports.
  private static let fixtures = Atomic<Int>(0)
  private let firstPort = 24000 + fixtures.wrappingAdd(1, ordering: .relaxed).oldValue % 120 * 16

  /// The options that all of these schedulers have.
  var options: [String] {
    ["--cgroup-parent", "kilt-test", "--port-range", "\(firstPort)-\(firstPort + 15)"]
      + readOnly.flatMap { ["--read-only", $0] }
      + arguments
  }

  /// Ends it with a signal, and returns its exit code; nil when the signal ended it.
  @discardableResult
  func endScheduler(_ signal: Int32) -> Int32? {
    kill(pid, signal)
    var status: Int32 = 0
    waitpid(pid, &status, 0)
    pid = 0
    return status & 0x7F == 0 ? (status >> 8) & 0xFF : nil
  }

  // MARK: Requests

  /// The path of the scheduler's Unix socket.
  var socket: FilePath { state.appending("socket/api.sock") }

  /// A client with all rights, over the socket.
  func client() throws -> SchedulerClient { try SchedulerClient(address: "unix:\(socket)", origin: .user) }

  /// Sends a request over the socket, as this user.
  func request(
    _ method: HTTPMethod, _ path: String, _ body: JSONValue? = nil, headers: HTTPHeaders = [:]
  ) throws -> HTTPResponse {
    try HTTPClient(retry: .never).send(
      HTTPRequest(
        method, "http://localhost" + path, headers: headers,
        body: body.map { HTTPBody.bytes($0.bytes()) } ?? .none, unixSocketPath: socket.string))
  }

  /// Sends a request over TCP, as anybody on this machine.
  func strangersRequest(
    _ method: HTTPMethod, _ path: String, _ body: JSONValue? = nil, headers: HTTPHeaders = [:]
  ) throws -> HTTPResponse {
    try HTTPClient(retry: .never).send(
      HTTPRequest(
        method, address + path, headers: headers, body: body.map { HTTPBody.bytes($0.bytes()) } ?? .none,
        followsRedirects: false))
  }

  // MARK: Jobs

  static func key(_ name: String = "pinger", role: String = user) -> JobKey {
    JobKey(cluster: "devcluster", role: role, stage: "devel", name: name)
  }

  /// A service that answers every GET with `ok`, and writes its path to its log.
  func job(_ name: String = "pinger", instances: Int = 2, rotated: Bool = false) -> JobConfiguration {
    let program = """
      import http.server, sys
      class Handler(http.server.BaseHTTPRequestHandler):
          def do_GET(self):
              if self.path != '/health': print('asked for', self.path, flush=True)
              self.send_response(200)
              self.send_header('Content-Length', '2')
              self.end_headers()
              self.wfile.write(b'ok')
      server = http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler)
      print('serving', flush=True)
      server.serve_forever()
      """
    let logger = rotated ? LoggerConfiguration(mode: .rotate, logSize: 64, backups: 50) : nil
    return JobConfiguration(
      key: Self.key(name), isService: true, instances: instances,
      task: TaskConfiguration(
        name: name,
        processes: [
          ProcessConfiguration(
            name: "server", cmdline: "exec \(python) -u -c \"\(program)\" {{thermos.ports[http]}} \(mark)",
            logger: logger)
        ], resources: Resources(milliCPU: 400, ram: 128 << 20, disk: 64 << 20, processes: 64),
        finalizationWait: .seconds(3)),
      healthCheck: HealthCheckConfiguration(
        checker: .http(HTTPHealthChecker(port: "http")), initialInterval: .seconds(10), interval: .milliseconds(200),
        timeout: .milliseconds(500), maxConsecutiveFailures: 25))
  }

  /// Waits until all instances of a job run, and returns them.
  func waitUntilRunning(_ key: JobKey = key(), _ count: Int = 2) throws -> [InstanceStatus] {
    try waitForInstances(key, "\(count) instances run") { instances in
      instances.count == count
        && instances.allSatisfy { $0.status == .running && !$0.pids.isEmpty && servers(of: $0)?.isEmpty != true }
    }
  }

  func waitForInstances(
    _ key: JobKey = key(), _ what: String, _ condition: ([InstanceStatus]) throws -> Bool
  ) throws -> [InstanceStatus] {
    var last: [InstanceStatus] = []
    let client = try client()
    do {
      try waitUntil(what) {
        last = try client.job(key)?.instances ?? []
        return try condition(last)
      }
    } catch {
      Issue.record("instances: \(last)")
      throw error
    }
    return last
  }

  /// The process that serves an instance's port.
  func server(of instance: InstanceStatus) throws -> pid_t {
    var found: [pid_t] = []
    try waitUntil("one server of instance \(instance.instance)") {
      found = servers(of: instance) ?? []
      return found.count == 1
    }
    return found[0]
  }

  /// The servers of an instance's port; nil when it has none. Running is said when the shell is started: the server
  /// takes its place a moment later.
  private func servers(of instance: InstanceStatus) -> [pid_t]? {
    guard let port = instance.ports["http"] else { return nil }
    return processes().filter { id in
      let arguments = Self.arguments(of: id)
      return arguments.first?.contains("python") == true && arguments.contains(String(port))
    }
  }

  // MARK: What there is

  /// Ids of all processes that have the mark among their arguments.
  func processes() -> [pid_t] {
    Self.allProcesses().filter { id in Self.arguments(of: id).contains { $0.contains(mark) } }
  }

  /// Executors of this fixture's tasks.
  func executors() -> [pid_t] {
    Self.allProcesses().filter { id in
      let arguments = Self.arguments(of: id)
      return arguments.first?.hasSuffix("kilt-executor") == true && arguments.contains { $0.hasPrefix(scratch.string) }
    }
  }

  /// Executors of this fixture's scheduler that wait for a task.
  func spareExecutors() -> [pid_t] {
    guard pid > 0 else { return [] }
    return Self.allProcesses().filter { id in
      guard Self.isSpare(id), let text = try? FileSystem.readText(FilePath("/proc/\(id)/status")) else { return false }
      return text.contains("\nPPid:\t\(pid)\n")
    }
  }

  static func isSpare(_ id: pid_t) -> Bool {
    let arguments = arguments(of: id)
    return arguments.first?.hasSuffix("kilt-executor") == true && arguments.dropFirst().first == "spare"
  }

  func tasks() -> [FilePath] {
    let folder = state.appending("tasks")
    guard let entries = try? FileSystem.list(folder) else { return [] }
    return entries.map { folder.appending($0.name) }
  }

  /// Control groups of the fixture's tasks that exist.
  func controlGroups() throws -> [String] {
    try tasks().flatMap { task -> [String] in
      let list = task.appending("run/control-groups")
      guard FileSystem.exists(list) else { return [] }
      return try FileSystem.readText(list).split(separator: "\n").map(String.init).filter { access($0, F_OK) == 0 }
    }
  }

  /// What the scheduler has open.
  func openFiles() throws -> [String] {
    let folder = FilePath("/proc/\(pid)/fd")
    // One that was closed in between has no target.
    return try FileSystem.list(folder).compactMap { try? FileSystem.readLink(folder.appending($0.name)).string }
  }

  private static func allProcesses() -> [pid_t] {
    guard let entries = try? FileSystem.list("/proc") else { return [] }
    return entries.compactMap { pid_t($0.name) }
  }

  /// A process that has ended has none.
  private static func arguments(of id: pid_t) -> [String] {
    guard let bytes = try? FileSystem.read(FilePath("/proc/\(id)/cmdline")) else { return [] }
    return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
  }
}
