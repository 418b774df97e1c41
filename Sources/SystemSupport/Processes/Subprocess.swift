/// A program to run: arguments as an array, an explicit environment, never through a shell.
///
/// It is spawned with posix_spawn(3): no descriptor but 0, 1 and 2 reaches the child, its signals are at their
/// defaults, and when its output is captured it leads a session of its own, so that all it starts can be ended with it.
public struct Subprocess: Sendable {
  /// A path, or a name to look up in `PATH` of ``environment``.
  public var executable: String
  /// The arguments after the program's own name.
  public var arguments: [String]
  /// `NAME=value` strings; this process's own by default.
  public var environment: [String]
  public var workingDirectory: FilePath?
  /// Bytes for the standard input; nil means an empty input.
  public var input: [UInt8]?
  /// The maximum that is kept of standard output and of standard error each. Further output is read and dropped.
  public var outputLimit = 64 << 20
  /// After so many milliseconds the session gets SIGTERM, and two seconds later SIGKILL.
  public var deadlineMilliseconds: Int?

  public init(
    _ executable: String, _ arguments: [String] = [], environment: [String]? = nil,
    workingDirectory: FilePath? = nil, input: [UInt8]? = nil, deadlineMilliseconds: Int? = nil
  ) {
    self.executable = executable
    self.arguments = arguments
    self.environment = environment ?? environmentStrings()
    self.workingDirectory = workingDirectory
    self.input = input
    self.deadlineMilliseconds = deadlineMilliseconds
  }

  /// The end of a program: exit code or signal.
  public enum Termination: Sendable, Hashable {
    case exited(Int32)
    case signaled(Int32)
    /// The deadline passed, and the program was killed.
    case timedOut

    public var isSuccess: Bool { self == .exited(0) }
  }

  /// The output of a program and the way it ended.
  public struct Outcome: Sendable {
    public var termination: Termination
    public var output: [UInt8]
    public var errorOutput: [UInt8]

    /// Standard output as text, without the newlines at its end.
    public var text: String { Self.text(output) }
    /// Standard error as text, without the newlines at its end.
    public var errorText: String { Self.text(errorOutput) }

    private static func text(_ bytes: [UInt8]) -> String {
      var end = bytes.count
      while end > 0, bytes[end - 1] == 0x0A || bytes[end - 1] == 0x0D { end -= 1 }
      return String(decoding: bytes[..<end], as: UTF8.self)
    }
  }

  /// Runs the program to its end and collects its output. An exit code other than 0 is not an error.
  ///
  /// - Parameter cancellation: ends the program from another thread, with its whole session.
  /// - Throws: if the program cannot be started: `ENOENT` if it is not found.
  public func run(cancellation: ProcessCancellation? = nil) throws(SystemCallError) -> Outcome {
    var process = try SpawnedProcess(self, capturing: true)
    cancellation?.begin(process.pid)
    return try process.collect(
      limit: outputLimit, deadlineMilliseconds: deadlineMilliseconds, cancellation: cancellation)
  }

  /// Runs the program with this process's own standard input, output and error, and waits for its end.
  public func runInteractively() throws(SystemCallError) -> Termination {
    try SpawnedProcess(self, capturing: false).wait()
  }

  /// The path of `name` in the `PATH` of an environment; nil if it is not found. A name with a slash is returned
  /// unchanged.
  public static func find(_ name: String, environment: [String]? = nil) -> FilePath? {
    if name.utf8.contains(UInt8(ascii: "/")) { return isProgram(FilePath(name)) ? FilePath(name) : nil }
    let path = environment.map { $0.last { $0.hasPrefix("PATH=") }.map { String($0.dropFirst(5)) } }
    for folder in ((path ?? environmentVariable("PATH")) ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":") {
      let candidate = FilePath(String(folder)).appending(name)
      if isProgram(candidate) { return candidate }
    }
    return nil
  }

  private static func isProgram(_ path: FilePath) -> Bool {
    guard FileSystem.isExecutable(path) else { return false }
    do throws(SystemCallError) {
      return try FileSystem.status(of: path, followingLinks: true).kind == .file
    } catch {
      // It vanished between the two looks: not found.
      return false
    }
  }
}
