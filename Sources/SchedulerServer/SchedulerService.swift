internal import Diagnostics
internal import Glibc
internal import Hummingbird
internal import Logging
internal import NIOCore
internal import SchedulerClient
internal import ServiceLifecycle
internal import SystemSupport
internal import UnixSignals

/// The whole server: the state's lock, the scheduler, the web server, in the order in which they depend on each other.
struct SchedulerService {
  let options: SchedulerOptions

  init(_ options: SchedulerOptions) { self.options = options }

  func run() async throws {
    guard let lock = try FileLock.attempt(options.stateDirectory.appending("lock")) else {
      throw Diagnostic(
        .input, "another scheduler works on the state directory \"\(options.stateDirectory)\"",
        remedies: ["stop it, or name another --state-directory"])
    }
    try await runLocked()
    _ = consume lock
  }

  /// SIGHUP too, when the terminal is closed, unless it was started to outlive that (nohup(1)).
  private static var stopSignals: [UnixSignal] {
    var action = sigaction()
    sigaction(SIGHUP, nil, &action)
    let isIgnored = unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
    return [.sigterm, .sigint] + (isIgnored ? [] : [.sighup])
  }

  private func runLocked() async throws {
    let token = try Authorization.token(in: options.stateDirectory)
    let scheduler = try HostScheduler(options)
    try await scheduler.start()
    var logger = Logger(label: "kilt-scheduler")
    logger.logLevel = .warning
    let names: Set<String>? =
      options.isLoopback ? ["127.0.0.1", "localhost", "[::1]", options.listenHost.lowercased()] : nil
    let routes = Routes(scheduler: scheduler, authorization: Authorization(token: token, hosts: names))
    let options = options
    let application = Application(
      router: routes.router(),
      configuration: .init(
        address: .hostname(options.listenHost, port: options.listenPort), serverName: "kilt-scheduler"),
      onServerRunning: { channel in
        let port = channel.localAddress?.port ?? options.listenPort
        let host = options.listenHost.contains(":") ? "[\(options.listenHost)]" : options.listenHost
        let address = "http://\(host):\(port)"
        do {
          try FileSystem.write(text: address + "\n", to: options.stateDirectory.appending("address"))
          try TokenDirectory.publish(token: token, host: host, port: port)
        } catch {
          writeText("warning: the address could not be written: \(error)\n", to: 2)
        }
        writeText("kilt-scheduler \(kiltVersion) on \(address), state in \(options.stateDirectory)\n", to: 2)
      },
      logger: logger)
    var group = ServiceGroupConfiguration(
      services: [.init(service: application), .init(service: scheduler)],
      gracefulShutdownSignals: Self.stopSignals, logger: logger)
    group.maximumGracefulShutdownDuration = options.stopsTasksOnExit ? options.stopPatience + .seconds(5) : .seconds(5)
    do {
      try await ServiceGroup(configuration: group).run()
    } catch let error as IOError {
      throw Diagnostic(
        .environment,
        "can not listen on \(options.listenHost):\(options.listenPort): \(Errno(rawValue: error.errnoCode))",
        remedies: ["another scheduler may be running; name another address with --listen, port 0 takes a free one"])
    }
  }
}
