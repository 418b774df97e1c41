internal import Diagnostics
internal import Glibc
internal import JSON
internal import SystemSupport

/// The command `kilt-zookeeper`.
///
/// It exchanges lines of JSON. `announce` reads `{"announce": CONTENT}` and `{"withdraw": true}`, `watch` reads
/// nothing; both end with their input, and `announce` withdraws its node first.
public enum ZooKeeperCommand {
  /// Runs with the arguments after the program's name, and returns the exit code.
  public static func run(arguments: [String]) -> Int32 {
    claimStandardDescriptors()
    signal(SIGPIPE, SIG_IGN)
    do {
      switch arguments.first {
      case "announce", "watch":
        let options = try Options(Array(arguments.dropFirst()))
        let connection = try ZooKeeperConnection(options.settings, source: options.source, say: say)
        if arguments.first == "announce" { try announce(connection, options) } else { watch(connection, options) }
        return 0
      case "--version":
        try answer("kilt-zookeeper \(kiltVersion)\n")
        return 0
      case "--help", "-h", "help":
        try answer(help)
        return 0
      default:
        throw Diagnostic(
          .input, "kilt-zookeeper needs a command: announce or watch", remedies: ["run `kilt-zookeeper --help`"])
      }
    } catch {
      writeText(DiagnosticRenderer(color: isTerminal(2)).render(error) + "\n", to: 2)
      return DiagnosticRenderer.exitCode(for: error)
    }
  }

  /// Writes the requested text to the standard output.
  private static func answer(_ text: String) throws {
    writeText(text, to: 1)
    if let failure = standardOutputFailure() {
      throw Diagnostic.unwritableOutput("\(failure)", isFull: failure == .noSpace)
    }
  }

  private static func say(_ line: JSONValue) { writeText(line.text() + "\n", to: 1) }

  // MARK: Commands

  private static func announce(_ connection: ZooKeeperConnection, _ options: Options) throws {
    guard options.paths.count == 1 else { throw Diagnostic(.input, "announce needs one --path") }
    let announcer = ServerSetAnnouncer(connection, path: options.paths[0], say: say)
    var input = LineInput()
    var isDone = false
    while !input.hasEnded {
      // Without work, the node is checked now and then: a watch can have been lost with a connection.
      let isReady = connection.wait(STDIN_FILENO, milliseconds: isDone ? 10_000 : 500)
      if isReady {
        for line in input.read() {
          let order = try JSONValue(parsing: line)
          if let content = order["announce"] { announcer.wanted = content.bytes() }
          if order["withdraw"] != nil { announcer.wanted = nil }
        }
      }
      isDone = announcer.step()
    }
    // The node goes with the session; deleted, it is gone at once even if the session's end gets lost.
    announcer.wanted = nil
    _ = announcer.step()
    connection.close()
  }

  private static func watch(_ connection: ZooKeeperConnection, _ options: Options) {
    let watcher = ServerSetWatcher(connection, paths: options.paths, say: say)
    var input = LineInput()
    var isDone = false
    var repeatAt: UInt64 = 0
    while !input.hasEnded {
      if connection.wait(STDIN_FILENO, milliseconds: isDone ? 5000 : 500) { _ = input.read() }
      let now = monotonicNanoseconds()
      isDone = watcher.step(repeats: now >= repeatAt)
      if now >= repeatAt { repeatAt = now + 10_000_000_000 }
    }
    connection.close()
  }

  // MARK: Input

  /// Lines of the standard input.
  private struct LineInput {
    var hasEnded = false
    private var buffer: [UInt8] = []

    mutating func read() -> [[UInt8]] {
      var chunk = [UInt8](repeating: 0, count: 65536)
      let count = Glibc.read(STDIN_FILENO, &chunk, chunk.count)
      if count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN) { hasEnded = true }
      if count > 0 { buffer += chunk.prefix(count) }
      var lines: [[UInt8]] = []
      while let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
        if end > 0 { lines.append(Array(buffer[..<end])) }
        buffer.removeSubrange(...end)
      }
      return lines
    }
  }

  private struct Options {
    var settings = ZooKeeperSettings(hosts: "")
    var source: FilePath?
    var paths: [String] = []

    init(_ arguments: [String]) throws {
      var rest = arguments[...]
      while let option = rest.popFirst() {
        guard let value = rest.popFirst(), !value.isEmpty else {
          throw Diagnostic(.input, "the option \"\(option)\" needs a value", remedies: ["run `kilt-zookeeper --help`"])
        }
        switch option {
        case "--settings":
          source = FilePath(value)
          settings = try ZooKeeperSettings(reading: FilePath(value))
        case "--hosts": settings.hosts = value
        case "--root": settings.root = value
        case "--authentication": settings.authentication = value
        case "--timeout-milliseconds":
          guard let number = Int(value), number > 0 else { throw Diagnostic(.input, "\"\(value)\" is not a number") }
          settings.timeout = number
        case "--path":
          guard value.hasPrefix("/"), !value.hasSuffix("/") else {
            throw Diagnostic(
              .input, "\"\(value)\" of --path is not a path", remedies: ["write `--path /role/stage/name`"])
          }
          paths.append(value)
        default: throw Diagnostic(.input, "unknown option \"\(option)\"", remedies: ["run `kilt-zookeeper --help`"])
        }
      }
      guard !settings.hosts.isEmpty else {
        throw Diagnostic(.input, "no ZooKeeper is named", remedies: ["name one with `--hosts HOST:PORT,…`"])
      }
    }
  }

  /// At most 80 columns.
  static let help = """
    OVERVIEW: Announce a task in ZooKeeper, or follow the tasks of others.

    Executors and `kilt router` start this program. It talks in lines of JSON, and
    ends with its input. Nodes have Aurora's layout: ROOT/ROLE/STAGE/NAME/member_N.

    USAGE:
      kilt-zookeeper announce --hosts HOST:PORT,… --path PATH [OPTIONS]
      kilt-zookeeper watch --hosts HOST:PORT,… --path PATH… [OPTIONS]

    OPTIONS:
      --hosts HOST:PORT,…         The servers of the ensemble.
      --settings FILE             Hosts, root and credentials from a JSON file.
                                  Kilt follows changes of the file.
      --root PATH                 The node above all jobs. Default: /aurora.
      --path PATH                 The job's node below the root. Repeatable.
      --authentication FILE       Credentials and access rules in the form of
                                  Aurora's --announcer-zookeeper-auth-config.
      --timeout-milliseconds N    Timeout of the session. Default: 10000.

    EXAMPLES
      kilt-zookeeper watch --hosts zk1:2181,zk2:2181 --path /www-data/prod/fiddler
      kilt-zookeeper announce --hosts zk1:2181 --path /www-data/prod/fiddler

    EXIT CODES
      0  the input ended
      2  invalid usage
      3  the environment does not allow it, such as a missing libzookeeper-mt2

    """
}
