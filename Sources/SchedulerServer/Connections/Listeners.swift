internal import Diagnostics
internal import Hummingbird
internal import HummingbirdCore
internal import HummingbirdTLS
internal import Logging
internal import NIOCore
internal import SchedulerAccess
internal import ServiceLifecycle
internal import SystemSupport

/// The two addresses that a scheduler listens on: a Unix socket for clients of this machine, and TCP.
struct Listeners {
  private let options: SchedulerOptions
  private let access: AccessControl
  private let identity: ServerIdentity
  private let socket: SocketDirectory
  private let certificate: ServerCertificate?

  init(_ options: SchedulerOptions) throws {
    self.options = options
    socket = try SocketDirectory(creatingIn: options.stateDirectory)
    certificate = try options.tls.map {
      try ServerCertificate($0, host: options.listenHost, stateDirectory: options.stateDirectory)
    }
    identity = ServerIdentity(fingerprint: certificate?.fingerprint, pageHost: options.isLoopback ? Self.pageHost : nil)
    access = AccessControl(
      tokens: try TokenStore(stateDirectory: options.stateDirectory, now: HostScheduler.now),
      sessions: LoginSessions(now: HostScheduler.now), audit: AuditTrail(stateDirectory: options.stateDirectory),
      connections: ConnectionTable(limits: .init(descriptors: FileDescriptorLimit.raise())),
      hosts: options.isLoopback
        ? ["127.0.0.1", "localhost", "[::1]", Self.pageHost, options.listenHost.lowercased()] : nil,
      isReadingOpen: options.isReadingOpen)
  }

  /// The key that clients know this server by; nil without TLS.
  var fingerprint: String? { certificate?.fingerprint }

  private static let pageHost = "kilt.localhost"

  /// The servers, the socket's first: when the address is written down, both answer.
  func services(_ scheduler: HostScheduler, _ logger: Logger) throws -> [any Service] {
    let responder = Routes(scheduler: scheduler, access: access, identity: identity).router().buildResponder()
    let (ready, signal) = AsyncStream.makeStream(of: Void.self)
    let local = Application(
      responder: responder, server: server(.socket),
      configuration: .init(address: .unixDomainSocket(path: socket.socketPath), serverName: "kilt-scheduler"),
      onServerRunning: { _ in signal.finish() }, logger: logger)
    let remote = Application(
      responder: responder, server: server(.tcp),
      configuration: .init(
        address: .hostname(options.listenHost, port: options.listenPort), serverName: "kilt-scheduler"),
      onServerRunning: { channel in
        for await _ in ready {}
        announce(port: channel.localAddress?.port ?? options.listenPort)
      }, logger: logger)
    return [
      Listener(service: local, address: "\(socket.address)", remedy: "remove the file at that path"),
      Listener(
        service: remote, address: "\(options.listenHost):\(options.listenPort)",
        remedy: "stop the other scheduler, or use another address with `--listen`; port 0 means any free port"),
    ]
  }

  private func server(_ kind: ListenerKind) -> HTTPServerBuilder {
    let connections = access.connections
    let certificate = kind == .tcp ? certificate : nil
    return HTTPServerBuilder { responder in
      let base = HTTP1Channel(
        responder: responder,
        configuration: .init(
          additionalChannelHandlers: [RequestDeadlines(limits: .init(), connections: connections)],
          httpDecoderConfiguration: .init(
            maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 32 << 10, maxHeaderFieldCount: 100)))
      guard let certificate else { return GuardedChannel(base: base, kind: kind, connections: connections) }
      let encrypted = try TLSChannel(base, tlsConfiguration: certificate.configuration)
      return GuardedChannel(base: encrypted, kind: kind, connections: connections)
    }
  }

  /// Says where the scheduler listens: to people, in the state directory, and to clients of the same user.
  private func announce(port: Int) {
    let host = options.listenHost.contains(":") ? "[\(options.listenHost)]" : options.listenHost
    let address = "\(identity.isEncrypted ? "https" : "http")://\(host):\(port)"
    identity.listens(at: address)
    access.sessions.listens(onPort: port)
    do {
      try FileSystem.write(text: address + "\n", to: options.stateDirectory.appending("address"))
      if options.isLoopback, case .socket(let path) = socket.address {
        try PublishedScheduler.publish(socket: path, port: port)
      }
    } catch {
      writeText(DiagnosticRenderer(color: isTerminal(2)).warning("cannot write the address: \(error)"), to: 2)
    }
    if let fingerprint = identity.fingerprint { writeText("key \(fingerprint)\n", to: 2) }
    writeText(
      "kilt-scheduler \(kiltVersion) on \(address) and \(socket.address), state in \(options.stateDirectory)\n", to: 2)
  }
}

/// A server that says which address it cannot listen on.
private struct Listener: Service {
  let service: any Service
  let address: String
  let remedy: String

  func run() async throws {
    do {
      try await service.run()
    } catch let error as IOError {
      throw Diagnostic(
        .environment, "cannot listen on \(address): \(Errno(rawValue: error.errnoCode))", remedies: [remedy])
    }
  }
}
