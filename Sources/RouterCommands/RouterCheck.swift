internal import ArgumentParser
internal import Diagnostics
internal import Routing
internal import SystemSupport

/// `kilt router check`.
struct RouterCheck: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Check the routes file, and HAProxy's configuration.",
    discussion: """
      Changes nothing. With --print, prints the configuration that HAProxy would start with, without instances.

      EXAMPLES
        kilt router check --config routes.yaml
        kilt router check --config routes.yaml --print

      EXIT CODES
        0 the file is good; 2 it has problems
      """)

  @OptionGroup var options: RouterOptions
  @OptionGroup var program: HAProxyOption

  @Flag(help: "Print HAProxy's configuration.")
  var print = false

  func run() throws {
    let path = try options.routes()
    let bytes: [UInt8]
    do throws(SystemCallError) {
      bytes = try FileSystem.read(path, limit: 1 << 20)
    } catch {
      throw Diagnostic(
        .input, "cannot read the routes file \"\(path)\": \(error.errno)", remedies: ["name a file with `--config`"])
    }
    let file = try RoutesFile(parsing: bytes, path: path.string)
    let scratch = try FileSystem.makeTemporaryDirectory(prefix: "kilt-router")
    defer {
      do { try FileSystem.removeTree(scratch) } catch {
        writeText(DiagnosticRenderer(color: isTerminal(2)).warning("cannot remove \"\(scratch)\": \(error)"), to: 2)
      }
    }
    let socket = scratch.appending("api.sock").string
    let text = HAProxyConfiguration(file, socket: socket, user: nil).shape(slots: file.routes.map(\.slots))
    try HAProxyProcess(program: try program.program(), directory: scratch).check(text)
    writeText(self.print ? text : "the routes file is good\n", to: 1)
  }
}

/// `kilt router stop`.
struct RouterStop: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stop", abstract: "End HAProxy when its connections have ended.",
    discussion: """
      Stop the router itself first, with SIGTERM: a router that runs starts HAProxy again.

      EXAMPLES
        kilt router stop
        kilt router stop --state-directory /run/kilt-router

      EXIT CODES
        0 asked to end, or not running; 2 the router still runs
      """)

  @OptionGroup var options: RouterOptions

  func run() throws {
    let directory = try options.state()
    guard FileSystem.exists(directory) else { return }
    guard let lock = try FileLock.attempt(directory.appending("lock")) else {
      throw Diagnostic(
        .input, "the router in \"\(directory)\" still runs",
        remedies: ["stop the router first: it would start HAProxy again"])
    }
    HAProxyProcess(program: "haproxy", directory: directory).stop()
    _ = consume lock
  }
}
