internal import Diagnostics
internal import Glibc
public import SystemSupport

/// A running HAProxy in master-worker mode with its configuration file. It outlives the router, which finds it again by
/// the master's socket.
public struct HAProxyProcess: Sendable {
  public let program: FilePath
  public let directory: FilePath

  public init(program: FilePath, directory: FilePath) {
    self.program = program
    self.directory = directory
  }

  public var configuration: FilePath { directory.appending("haproxy.cfg") }
  private var candidate: FilePath { directory.appending("haproxy.cfg.next") }
  private var log: FilePath { directory.appending("haproxy.log") }
  public var runtime: RuntimeSocket { RuntimeSocket(directory.appending("api.sock").string) }
  private var master: RuntimeSocket { RuntimeSocket(directory.appending("master.sock").string) }

  /// Returns the serving worker's process ID; nil if no master answers.
  public func worker() -> Int32? {
    do throws(SystemCallError) {
      return HAProxyTables.workers(try master.ask("show proc")).filter { $0.value == 0 }.keys.max()
    } catch {
      return nil
    }
  }

  /// Whether a master answers, or could: only a socket without a listener means that none does.
  public var isMasterAlive: Bool {
    do throws(SystemCallError) {
      _ = try master.ask("show proc")
      return true
    } catch {
      return error.errno != .noSuchFileOrDirectory && error.errno != .connectionRefused
    }
  }

  /// Empties HAProxy's log when it has grown: HAProxy writes a line for each server that goes down or comes up.
  func limitLog() throws(SystemCallError) {
    guard let status = try FileSystem.statusIfPresent(of: log), status.size > 8 << 20 else { return }
    // HAProxy appends, so it starts again at the beginning.
    if truncate(log.string, 0) != 0 { throw SystemCallError("truncate", log, Errno(rawValue: errno)) }
  }

  /// Has HAProxy check a configuration.
  ///
  /// - Throws: `Diagnostic` with HAProxy's words if it refuses the configuration.
  public func check(_ text: String) throws {
    try FileSystem.write(text: text, to: candidate, permissions: 0o600)
    let outcome = try Subprocess(
      program.string, ["-c", "-q", "-f", candidate.string], environment: environmentStrings()
    ).run()
    guard outcome.termination.isSuccess else {
      let words = (outcome.errorText + outcome.text).split(separator: "\n").map(String.init)
        .filter { $0.contains("ALERT") || $0.contains("WARNING") }
        .map { $0.replacing(candidate.string, with: "haproxy.cfg.next") }
      throw Diagnostic(
        .input, "HAProxy refuses the configuration", notes: Array(words.prefix(10)),
        remedies: ["see the lines in \"\(candidate)\" and fix the raw lines of the routes file"])
    }
  }

  /// Makes a checked configuration the one with which HAProxy starts.
  public func adopt(_ text: String) throws(SystemCallError) {
    try FileSystem.write(text: text, to: configuration, permissions: 0o600)
  }

  /// Starts a master on the configuration, and waits until its worker answers.
  public func start() throws {
    let output = try FileSystem.open(log, .writeOnly, options: [.create, .append], permissions: .ownerReadWrite)
    defer { FileSystem.close(output) }
    let size = try FileSystem.status(of: output).size
    let pid = try spawnDetached(
      program, ["-W", "-S", master.path + ",mode,600", "-f", configuration.string], output: output)
    do {
      try wait("start", ended: { waitpid(pid, nil, WNOHANG) == pid }, after: nil)
    } catch {
      kill(pid, SIGTERM)
      let text = String(decoding: try FileSystem.read(log).dropFirst(Int(size)), as: UTF8.self)
      throw Diagnostic(
        .environment, "cannot start HAProxy",
        notes: text.split(separator: "\n").filter { $0.contains("ALERT") }.prefix(10).map(String.init),
        remedies: ["see \"\(log)\", and whether another program listens on the addresses"])
    }
  }

  /// Makes the master load the configuration file: a new worker takes over the listening sockets, and the former one
  /// ends when its connections have ended.
  public func reload() throws {
    let former = worker()
    _ = try master.ask("reload")
    try wait("reload", ended: { false }, after: former)
  }

  /// Ends HAProxy when its connections have ended.
  public func stop() {
    do throws(SystemCallError) {
      for line in try master.ask("show proc").split(separator: "\n") {
        let fields = line.split(whereSeparator: \.isWhitespace)
        if fields.count > 1, fields[1] == "master", let pid = Int32(fields[0]) { kill(pid, SIGUSR1) }
      }
    } catch {
      // No master answers: nothing has to end.
    }
  }

  private func wait(_ what: String, ended: () -> Bool, after former: Int32?) throws {
    let deadline = monotonicNanoseconds() + 30_000_000_000
    while monotonicNanoseconds() < deadline {
      if let worker = worker(), worker != former {
        do throws(SystemCallError) {
          // The socket can still belong to the former worker: the answer contains the process.
          let info = try runtime.ask("show info")
          if info.split(separator: "\n").contains("Pid: \(worker)") { return }
        } catch {
          // Not yet.
        }
      }
      if ended() { break }
      pauseMilliseconds(20)
    }
    throw Diagnostic(
      .environment, "HAProxy did not \(what)", remedies: ["see \"\(log)\""])
  }
}
