internal import ArgumentParser
internal import Diagnostics
internal import Glibc
internal import Routing
internal import Synchronization
internal import SystemSupport

/// `kilt router run`.
struct RouterRun: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Follow the instances, and keep HAProxy in step.",
    discussion: """
      Reads the routes file, follows the scheduler's catalogue or ZooKeeper, and runs HAProxy. HAProxy \
      continues when the router stops or is killed, and the next router finds it. The router applies a changed routes \
      file automatically. If the file has errors, the router keeps the last good one.

      EXAMPLES
        kilt router --config routes.yaml
        kilt router --config /etc/kilt/routes.yaml --listen 127.0.0.1:8405
        kilt router show            routes, targets and reasons
        kilt router check           check the routes file
        kilt router stop            end HAProxy after its last connection
      """)

  @OptionGroup var options: RouterOptions
  @OptionGroup var program: HAProxyOption

  @Option(
    help: ArgumentHelp(
      "Address of /metrics and /health. Default: 127.0.0.1:8405; port 0 takes a free one.", valueName: "host:port"))
  var listen = "127.0.0.1:8405"

  @Option(help: ArgumentHelp("A name under which other hosts know this one. Repeatable.", valueName: "name"))
  var hostName: [String] = []

  @Flag(help: "End HAProxy too when the router ends, for demonstrations and tests.")
  var stopHaproxyOnExit = false

  func follow() async throws {
    let state = try options.state()
    let router = try RouterService(
      Router.Options(
        routes: try options.routes(), stateDirectory: state, haproxy: try program.program(), hostNames: hostName,
        user: getuid() == 0 && getpwnam("haproxy") != nil ? "haproxy" : nil), listen: listen,
      stopsHAProxy: stopHaproxyOnExit)
    try await router.run()
  }
}
