internal import Glibc
internal import SystemSupport

/// A PostgreSQL of its own on a free loopback port, whose data ends with this object.
public final class PostgresServer: Sendable {
  public let port: Int
  /// A URL of its one database.
  public let url: String
  private let directory: FilePath
  private let programs: FilePath

  /// - Throws: ``MissingProgram``, or the error of a start.
  public init() throws {
    let root = FilePath("/usr/lib/postgresql")
    let versions = FileSystem.exists(root) ? try FileSystem.list(root).compactMap { Int($0.name) } : []
    guard let version = versions.max() else { throw MissingProgram(name: "postgres", package: "postgresql") }
    programs = root.appending(String(version)).appending("bin")
    port = try LoopbackPorts.free()
    url = "postgresql://postgres@127.0.0.1:\(port)/postgres"
    directory = try FileSystem.makeTemporaryDirectory(prefix: "postgres")
    try FileSystem.setPermissions(0o755, of: directory)
    let data = directory.appending("data")
    try FileSystem.createDirectories(data)
    // It refuses to run as root.
    if geteuid() == 0, let user = getpwnam("nobody") {
      guard chown(data.string, user.pointee.pw_uid, user.pointee.pw_gid) == 0 else {
        throw LoopbackError(call: "chown", errno: errno)
      }
    }
    try run(
      "initdb", "-D", data.string, "-U", "postgres", "-A", "trust", "--no-sync", "--locale=C.UTF-8", "-E", "UTF8")
    try start()
  }

  deinit {
    do {
      try stop()
    } catch {
      // A test has stopped it.
    }
    do { try FileSystem.removeTree(directory) } catch {}
  }

  /// Starts it, and waits until it answers.
  public func start() throws {
    let data = directory.appending("data").string
    try run(
      "pg_ctl", "-D", data, "-w", "-t", "120", "-l", data + "/log", "-o",
      "-c listen_addresses=127.0.0.1 -c port=\(port) -c unix_socket_directories=\(data) -c fsync=off", "start")
  }

  /// Kills it, as a power cut does.
  public func stop() throws {
    try run("pg_ctl", "-D", directory.appending("data").string, "-m", "immediate", "-w", "-t", "120", "stop")
  }

  /// Runs a statement with psql, and returns its rows as lines.
  public func query(_ sql: String) throws -> [String] {
    let output = try run("psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", sql)
    return output.split(separator: "\n").map(String.init)
  }

  @discardableResult
  private func run(_ program: String, _ arguments: String...) throws -> String {
    var command = [programs.appending(program).string] + arguments
    if geteuid() == 0, let user = getpwnam("nobody") {
      command =
        [
          "setpriv", "--reuid=\(user.pointee.pw_uid)", "--regid=\(user.pointee.pw_gid)", "--clear-groups",
        ] + command
    }
    // Its own directory can be one that the user cannot enter.
    let outcome = try Subprocess(
      command[0], Array(command.dropFirst()), environment: ["PATH=/usr/bin:/bin", "LC_ALL=C"], workingDirectory: "/"
    ).run()
    guard outcome.termination.isSuccess else {
      throw ProgramFailed(program: program, output: outcome.text + outcome.errorText)
    }
    return outcome.text
  }
}

/// A program of a test that failed.
public struct ProgramFailed: Error, CustomStringConvertible {
  public var program: String
  public var output: String

  public var description: String { "\(program) failed: \(output)" }
}
