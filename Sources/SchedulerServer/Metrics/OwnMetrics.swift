internal import HTTPClient
internal import JobModel
internal import NIOPosix
internal import Observability
internal import SchedulerCore
internal import SchedulerStore
internal import ServiceLifecycle
internal import Synchronization

/// Two hours of the tasks' own metrics from their port `metrics`, for the pages: a ring of fixed size for each task.
final class OwnMetrics: Service {
  /// Tasks with kept values.
  private static let tasks = 1000
  /// Bytes of one answer.
  private static let limit: Int64 = 4 << 20

  private let scheduler: HostScheduler
  private let interval: Duration
  private let rings = Mutex<[TaskID: MetricRing]>([:])
  private let client = HTTPClient(retry: .never)
  private let threads = NIOThreadPool(numberOfThreads: 2)

  init(_ scheduler: HostScheduler, interval: Duration) {
    self.scheduler = scheduler
    self.interval = interval
  }

  func ring(of task: TaskID) -> MetricRing? { rings.withLock { $0[task] } }

  func run() async throws {
    threads.start()
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        let tasks = await self.scheduler.metricPorts()
        self.rings.withLock { rings in rings = rings.filter { tasks[$0.key] != nil } }
        await withTaskGroup(of: Void.self) { group in
          for (task, port) in tasks.sorted(by: { $0.key < $1.key }).prefix(Self.tasks) {
            group.addTask { try? await self.threads.runIfActive { self.scrape(task, port) } }
          }
        }
        try? await Task.sleep(for: self.interval)
      }
    }
    try await threads.shutdownGracefully()
  }

  /// Blocks on the network, at most two seconds. A task that does not answer leaves a gap.
  private func scrape(_ task: TaskID, _ port: Int) {
    let request = HTTPRequest(
      .get, "http://127.0.0.1:\(port)/metrics", headers: ["Accept": "text/plain"],
      timeouts: HTTPTimeouts(connect: 1000, stall: 2000, total: 2000), followsRedirects: false)
    let text: String
    do {
      let response = try client.send(request, limit: Self.limit)
      guard response.isSuccess else { return }
      text = response.text
    } catch {
      return
    }
    let scraped = ScrapedMetrics(parsing: text)
    let time = HostScheduler.now().milliseconds
    let capacity = max(1, Int(Duration.seconds(7200) / interval))
    rings.withLock { $0[task, default: MetricRing(capacity: capacity)].add(scraped, at: time) }
  }
}

extension HostScheduler {
  /// The ports `metrics` of the tasks that run.
  func metricPorts() -> [TaskID: Int] {
    Dictionary(
      store.state.placedTasks.compactMap { task in
        task.status == .running ? task.ports["metrics"].map { (task.id, $0) } : nil
      }, uniquingKeysWith: { first, _ in first })
  }
}
