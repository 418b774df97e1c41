internal import Diagnostics
internal import Discovery
internal import HTTPClient
internal import Routing
internal import SchedulerAccess
internal import SchedulerClient
internal import Synchronization
internal import SystemSupport

/// The source that the router follows: it reports its state periodically into a mailbox.
protocol Source: Sendable {
  func start()
  func stop()
}

enum Sources {
  /// The sources that a routes file names.
  static func of(_ file: RoutesFile, _ mailbox: SourceMailbox) throws -> [any Source] {
    switch file.source {
    case .schedulers(var addresses):
      if addresses.isEmpty, let address = environmentVariable("KILT_SCHEDULER"), !address.isEmpty {
        addresses = [address]
      }
      guard !addresses.isEmpty else {
        throw Diagnostic(
          .input, "no scheduler is named",
          remedies: [
            "add to the routes file: follow: {scheduler: \"unix:/var/lib/kilt/socket/api.sock\"}",
            "or set KILT_SCHEDULER to the address",
          ])
      }
      return addresses.enumerated().map { SchedulerSource(address: $1, number: $0, mailbox) }
    case .zooKeeper(let hosts, let root, let authentication):
      let jobs = file.routes.flatMap(\.targets).map(\.job)
      return [
        try ZooKeeperSource(hosts: hosts, root: root, authentication: authentication, jobs: jobs, mailbox)
      ]
    }
  }
}

/// The scheduler's catalogue, by its stream.
final class SchedulerSource: Source {
  private let address: String
  private let mailbox: SourceMailbox
  private let cancellation = HTTPCancellation()
  private let isEnding = Atomic<Bool>(false)

  private let number: Int

  init(address: String, number: Int, _ mailbox: SourceMailbox) {
    self.address = address
    self.number = number
    self.mailbox = mailbox
  }

  func start() {
    let isStarted = startThread { [self] in
      var pause = 100
      while !isEnding.load(ordering: .relaxed) {
        do {
          // Created again each time: the socket, the key and the token can have changed.
          let client = try SchedulerClient(address: address, origin: .user)
          try client.followServices(cancellation) { [self] services in
            pause = 100
            mailbox.put(.services(services, source: number))
            return !isEnding.load(ordering: .relaxed)
          }
          mailbox.put(.unreachable("the scheduler ended the connection", source: number))
        } catch {
          let text = (error as? any DiagnosableError)?.diagnostic.summary ?? "\(error)"
          mailbox.put(.unreachable(text, source: number))
        }
        pauseMilliseconds(pause)
        pause = min(pause * 2, 5000)
      }
    }
    if !isStarted { mailbox.put(.unreachable("no thread can be started", source: number)) }
  }

  func stop() {
    isEnding.store(true, ordering: .relaxed)
    cancellation.cancel()
  }
}
