internal import Diagnostics
internal import Glibc
internal import Hummingbird
internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import SchedulerAccess
internal import ServiceLifecycle
internal import Synchronization
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
    let listeners = try Listeners(options)
    let scheduler = try HostScheduler(options, key: listeners.fingerprint)
    try await scheduler.start()
    var logger = Logger(label: "kilt-scheduler")
    logger.logLevel = .warning
    let monitoring = options.monitoring
    let own = OwnMetrics(scheduler, interval: monitoring.ownInterval)
    await scheduler.setOwnMetrics(own)
    var senders: [any Service] = [own]
    if let address = monitoring.openTSDB {
      senders.append(MetricsSender(address, interval: monitoring.interval, scheduler))
    }
    if let logs = monitoring.logs { senders.append(try LogArchiver(logs, scheduler)) }
    if !monitoring.webhooks.isEmpty {
      senders.append(try WebhookDispatcher(monitoring.webhooks, options, scheduler))
    }
    if monitoring.pipelines != nil { senders.append(SharedRunService(scheduler: scheduler)) }
    var group = ServiceGroupConfiguration(
      services: try listeners.services(scheduler, logger).map { .init(service: $0) }
        + senders.map { .init(service: $0) } + [.init(service: scheduler)],
      gracefulShutdownSignals: Self.stopSignals, logger: logger)
    group.maximumGracefulShutdownDuration =
      .seconds(5) + (options.stopsTasksOnExit ? options.stopPatience + SchedulerOptions.killPatience : .zero)
    try await ServiceGroup(configuration: group).run()
  }
}
