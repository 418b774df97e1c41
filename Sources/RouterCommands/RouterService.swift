internal import Diagnostics
internal import Glibc
internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import Routing
internal import ServiceLifecycle
internal import Synchronization
internal import SystemSupport
internal import UnixSignals

/// The router as a service: the source's thread, the router's thread, and the server of metrics.
struct RouterService {
  private let options: Routing.Router.Options
  private let listen: (host: String, port: Int)
  private let stopsHAProxy: Bool

  init(_ options: Routing.Router.Options, listen: String, stopsHAProxy: Bool) throws {
    guard let colon = listen.lastIndex(of: ":"), let port = Int(listen[listen.index(after: colon)...]),
      (0...65535).contains(port)
    else { throw Diagnostic(.input, "invalid address \"\(listen)\" in --listen", remedies: ["write `HOST:PORT`"]) }
    self.options = options
    self.listen = (String(listen[..<colon]), port)
    self.stopsHAProxy = stopsHAProxy
  }

  func run() async throws {
    let mailbox = try SourceMailbox()
    let router = try Routing.Router(options, mailbox: mailbox) { writeText("kilt-router: \($0)\n", to: 2) }
    let sources = try Sources.of(router.file, mailbox)
    let loop = RouterLoop(router, mailbox, sources)
    let routes = Hummingbird.Router()
    let state = router.state
    routes.get("metrics") { _, _ in Self.answer(state.metrics, "text/plain; version=0.0.4; charset=utf-8") }
    routes.get("health") { _, _ in "ok\n" }
    let directory = options.stateDirectory
    let listen = self.listen
    var logger = Logger(label: "kilt-router")
    logger.logLevel = .error
    let server = Application(
      router: routes,
      configuration: .init(address: .hostname(listen.host, port: listen.port), serverName: "kilt-router"),
      onServerRunning: { channel in
        let address = "http://\(listen.host):\(channel.localAddress?.port ?? listen.port)"
        do {
          try FileSystem.write(text: address + "\n", to: directory.appending("address"))
        } catch {
          writeText(DiagnosticRenderer(color: isTerminal(2)).warning("cannot write the address: \(error)"), to: 2)
        }
        writeText("kilt-router \(kiltVersion) on \(address), state in \(directory)\n", to: 2)
      }, logger: logger)
    var group = ServiceGroupConfiguration(
      services: [.init(service: server), .init(service: loop)], gracefulShutdownSignals: [.sigterm, .sigint],
      logger: logger)
    group.maximumGracefulShutdownDuration = .seconds(5)
    do {
      try await ServiceGroup(configuration: group).run()
    } catch let error as IOError {
      throw Diagnostic(
        .environment, "cannot listen on \(listen.host):\(listen.port): \(Errno(rawValue: error.errnoCode))",
        remedies: ["name another address with `--listen`; port 0 takes a free one"])
    }
    if stopsHAProxy { HAProxyProcess(program: options.haproxy, directory: options.stateDirectory).stop() }
  }

  private static func answer(_ text: String, _ type: String) -> Response {
    Response(status: .ok, headers: [.contentType: type], body: .init(byteBuffer: ByteBuffer(string: text)))
  }
}

/// The router's thread and its sources, as a service that ends when it is asked to.
private final class RouterLoop: Service, @unchecked Sendable {
  // Used only by the thread; nobody else reads it while the thread runs.
  private let router: Routing.Router
  private let mailbox: SourceMailbox
  private let sources: Mutex<[any Source]>
  private let isEnding = Atomic<Bool>(false)

  init(_ router: Routing.Router, _ mailbox: SourceMailbox, _ sources: [any Source]) {
    self.router = router
    self.mailbox = mailbox
    self.sources = Mutex(sources)
  }

  func run() async throws {
    for source in sources.withLock({ $0 }) { source.start() }
    router.onRoutes = { [unowned self] file in followJobs(of: file) }
    await withGracefulShutdownHandler {
      await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
        let isStarted = startThread { [self] in
          router.run { isEnding.load(ordering: .relaxed) }
          done.resume()
        }
        if !isStarted { done.resume() }
      }
    } onGracefulShutdown: { [self] in
      isEnding.store(true, ordering: .relaxed)
      mailbox.wake()
    }
    for source in sources.withLock({ $0 }) { source.stop() }
  }

  /// A scheduler reports every job; ZooKeeper is asked only for the routes' jobs.
  private func followJobs(of file: RoutesFile) {
    guard case .zooKeeper = file.source else { return }
    do {
      let new = try Sources.of(file, mailbox)
      let former = sources.withLock { sources in
        defer { sources = new }
        return sources
      }
      for source in former { source.stop() }
      for source in new { source.start() }
    } catch {
      writeText("kilt-router: cannot follow the jobs of the routes file: \(error)\n", to: 2)
    }
  }
}
