internal import Glibc
internal import Synchronization
public import SystemSupport

/// A program that a test starts, and that ends with this object.
public final class ServerProcess: Sendable {
  /// The file that receives both output streams of the program.
  public let log: FilePath
  private let id: Mutex<pid_t?>

  /// Starts a program.
  ///
  /// - Parameters:
  ///   - program: a name in the search path or in /usr/sbin, or a path.
  ///   - package: the Debian package of the program, for the message when the program is missing.
  ///   - directory: where the log is written; also `HOME` unless an environment is given.
  /// - Throws: ``MissingProgram`` or the error of the start.
  public init(
    _ program: String, package: String, in directory: FilePath, _ arguments: [String], log name: String? = nil,
    environment: [String]? = nil
  ) throws {
    let path = try Self.find(program, package: package)
    log = directory.appending((name ?? path.lastComponent?.string ?? "server") + ".log")
    let output = try FileSystem.open(log, .writeOnly, options: [.create, .append])
    defer { FileSystem.close(output) }
    id = Mutex(
      try spawnDetached(
        path, arguments, environment: environment ?? ["HOME=\(directory)", "PATH=/usr/bin:/bin"], output: output))
  }

  deinit { stop() }

  /// Kills the program and waits for its end.
  public func stop() {
    id.withLock { id in
      guard let running = id else { return }
      id = nil
      kill(running, SIGKILL)
      var status: Int32 = 0
      waitpid(running, &status, 0)
    }
  }

  /// Returns the path of a program that a test needs.
  ///
  /// - Throws: ``MissingProgram``.
  public static func find(_ program: String, package: String) throws -> FilePath {
    if let path = Subprocess.find(program) { return path }
    let path = FilePath("/usr/sbin").appending(program)
    guard FileSystem.isExecutable(path) else { throw MissingProgram(name: program, package: package) }
    return path
  }
}

/// A program that a test needs and that this machine does not have.
public struct MissingProgram: Error, CustomStringConvertible {
  public var name: String
  public var package: String

  public var description: String { "\"\(name)\" is missing: apt-get install \(package)" }
}
