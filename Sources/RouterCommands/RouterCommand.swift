// RouterCommands: the program `kilt-router`, which `kilt router` becomes. Follows the source of instances on a thread, drives
// Routing on another, and serves metrics.

public import ArgumentParser
internal import Diagnostics
internal import Glibc
internal import SystemSupport

/// `kilt router`.
public struct RouterCommand: ParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "kilt router", abstract: "Keep HAProxy in step with the instances of jobs.", version: kiltVersion,
    subcommands: [RouterRun.self, RouterShow.self, RouterCheck.self, RouterStop.self],
    defaultSubcommand: RouterRun.self)

  public init() {}

  /// Runs with the arguments after the program's name, and returns the exit code.
  public static func start(_ arguments: [String]) async -> Int32 {
    // The reader of its messages can be gone.
    signal(SIGPIPE, SIG_IGN)
    do {
      var command = try parseAsRoot(arguments)
      if let run = command as? RouterRun {
        try await run.follow()
      } else {
        try command.run()
      }
      return written(0)
    } catch let list as DiagnosticList {
      let renderer = DiagnosticRenderer(color: isTerminal(2))
      for diagnostic in list.diagnostics { writeText(renderer.render(diagnostic), to: 2) }
      return list.blame.exitCode
    } catch let error as any DiagnosableError {
      writeText(DiagnosticRenderer(color: isTerminal(2)).render(error), to: 2)
      return DiagnosticRenderer.exitCode(for: error)
    } catch let error as SystemCallError {
      let diagnostic = Diagnostic(.environment, error.description)
      writeText(DiagnosticRenderer(color: isTerminal(2)).render(diagnostic), to: 2)
      return diagnostic.blame.exitCode
    } catch {
      let code = exitCode(for: error)
      // A command that has printed its result ends with its own code.
      let message = fullMessage(for: error)
      if !message.isEmpty { writeText(message + "\n", to: code == .success ? 1 : 2) }
      return written(code == .validationFailure ? Blame.input.exitCode : code.rawValue)
    }
  }

  /// The exit code, or the code for results that could not be written.
  private static func written(_ code: Int32) -> Int32 {
    guard let failure = standardOutputFailure() else { return code }
    let diagnostic = Diagnostic.unwritableOutput("\(failure)", isFull: failure == .noSpace)
    writeText(DiagnosticRenderer(color: isTerminal(2)).render(diagnostic), to: 2)
    return diagnostic.blame.exitCode
  }
}

/// Options that name a router.
struct RouterOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The routes file. Default: routes.yaml.", valueName: "file"))
  var config = "routes.yaml"

  @Option(
    help: ArgumentHelp(
      "Directory of the router's state and HAProxy's sockets. Default: /var/lib/kilt-router for root, else below "
        + "$XDG_STATE_HOME or ~/.local/state.", valueName: "path"))
  var stateDirectory: String?

  func state() throws -> FilePath {
    let directory: FilePath
    if let stateDirectory {
      directory = FilePath(stateDirectory)
    } else if getuid() == 0 {
      directory = "/var/lib/kilt-router"
    } else if let home = environmentVariable("XDG_STATE_HOME"), home.hasPrefix("/") {
      directory = FilePath(home).appending("kilt-router")
    } else if let home = environmentVariable("HOME"), home.hasPrefix("/") {
      directory = FilePath(home).appending(".local/state/kilt-router")
    } else {
      throw Diagnostic(.input, "no state directory is known", remedies: ["name one with `--state-directory`"])
    }
    return try FileSystem.currentDirectory().pushing(directory).lexicallyNormalized()
  }

  func routes() throws -> FilePath { try FileSystem.currentDirectory().pushing(FilePath(config)).lexicallyNormalized() }
}

/// The program `haproxy`.
struct HAProxyOption: ParsableArguments {
  @Option(help: ArgumentHelp("The program. Default: haproxy of PATH, or /usr/sbin/haproxy.", valueName: "path"))
  var haproxy: String?

  func program() throws -> FilePath {
    if let haproxy {
      guard FileSystem.isExecutable(FilePath(haproxy)) else {
        throw Diagnostic(.environment, "\"\(haproxy)\" of --haproxy is not a program")
      }
      return FilePath(haproxy)
    }
    if let program = Subprocess.find("haproxy") { return program }
    if FileSystem.isExecutable("/usr/sbin/haproxy") { return "/usr/sbin/haproxy" }
    throw Diagnostic(
      .environment, "the program \"haproxy\" is missing",
      remedies: ["run `apt-get install haproxy`", "name it with `--haproxy`"])
  }
}
