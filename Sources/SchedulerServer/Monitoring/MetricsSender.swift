internal import HTTPClient
internal import JSON
internal import JobModel
internal import NIOPosix
internal import Observability
internal import ServiceLifecycle
internal import Synchronization
internal import SystemSupport

/// Sends the metrics to an OpenTSDB periodically. Points that it does not accept are dropped and counted: an
/// unreachable database costs points, but no memory, and does not disturb tasks.
final class MetricsSender: Service {
  private let address: OpenTSDBAddress
  private let interval: Duration
  private let scheduler: HostScheduler
  private let client = HTTPClient(retry: .never)

  /// Points in a request: as many as fit OpenTSDB's default for one are few, so such a request is chunked there.
  private static let batch = 50

  init(_ address: OpenTSDBAddress, interval: Duration, _ scheduler: HostScheduler) {
    self.address = address
    self.interval = interval
    self.scheduler = scheduler
  }

  func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        await self.send()
        try? await Task.sleep(for: self.interval)
      }
    }
  }

  private func send() async {
    let points = OpenTSDBPoints(
      await scheduler.metricFamilies(), at: HostScheduler.now(), host: HostFacts.hostname)
    let outcome: (sent: Int, problem: String?)
    do {
      outcome = try await NIOThreadPool.singleton.runIfActive { self.deliver(points) }
    } catch {
      // The server stops.
      return
    }
    await scheduler.sentPoints(outcome.sent, of: points.points.count, problem: outcome.problem, to: address.text)
  }

  /// Blocks on the network. Returns the number of accepted points, and the reason why others were not accepted.
  private func deliver(_ points: OpenTSDBPoints) -> (sent: Int, problem: String?) {
    switch address {
    case .telnet(let host, let port):
      do {
        let connection = try LineConnection(host: host, port: port, timeout: 5)
        try connection.write(points.lines.joined())
        // The protocol sends no answer for an accepted point, and one line for each other.
        let refusals = connection.finish().split(separator: "\n")
        return (max(0, points.points.count - refusals.count), refusals.first.map { "it answers: \($0)" })
      } catch {
        return (0, error.description)
      }
    case .http(let base):
      var sent = 0
      for body in points.bodies(of: Self.batch) {
        let request = HTTPRequest(
          .post, base + "/api/put", headers: ["Content-Type": "application/json"], body: .bytes(body.bytes()),
          timeouts: HTTPTimeouts(connect: 5000, stall: 10_000, total: 30_000))
        do {
          let response = try client.send(request)
          guard response.isSuccess else {
            return (sent, "it answers with status \(response.status): \(response.text.prefix(200))")
          }
          sent += body.array?.count ?? 0
        } catch {
          return (sent, "\(error)")
        }
      }
      return (sent, nil)
    }
  }
}

extension HostScheduler {
  /// Counts sent points, and reports when a database stops accepting them, and when it accepts them again.
  func sentPoints(_ sent: Int, of count: Int, problem: String?, to address: String) {
    counters.countPoints(sent: sent, dropped: count - sent)
    guard problem != metricsProblem else { return }
    if let problem {
      warn("cannot send metrics to \(address): \(problem)")
    } else {
      warn("metrics are sent to \(address) again")
    }
    metricsProblem = problem
  }
}
