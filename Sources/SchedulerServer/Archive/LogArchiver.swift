internal import Artifacts
internal import Executor
internal import JobModel
internal import NIOPosix
internal import Observability
internal import ServiceLifecycle
internal import SystemSupport

/// Archives logs periodically: rotated files, and all logs of ended tasks.
///
/// While the archive is not reachable, directories of ended tasks wait for it, within the bounds of
/// ``FolderRetention``; bytes that have to be removed before are counted and reported.
final class LogArchiver: Service {
  private let bucket: ObjectBucket
  private let interval: Duration
  private let scheduler: HostScheduler
  private let threads = NIOThreadPool(numberOfThreads: 1)
  /// The longest pause after failures.
  private static let longestPause = Duration.seconds(60)

  init(_ settings: LogSettings, _ scheduler: HostScheduler) throws {
    bucket = try ObjectBucket(opening: settings.archive)
    // Logs can contain private data: a directory created here is closed to others.
    if let directory = bucket.directory, !FileSystem.exists(directory) {
      try FileSystem.createDirectories(directory, permissions: 0o700)
    }
    interval = settings.interval
    self.scheduler = scheduler
  }

  func run() async throws {
    threads.start()
    await cancelWhenGracefulShutdown {
      var pause = self.interval
      while !Task.isCancelled {
        let problem = await self.round()
        await self.scheduler.setArchiveProblem(problem, self.bucket.location)
        pause = problem == nil ? self.interval : min(Self.longestPause, pause * 2)
        try? await Task.sleep(for: pause)
      }
    }
    try await threads.shutdownGracefully()
  }

  /// Ships everything available; returns the reason of an early end.
  private func round() async -> String? {
    for task in await scheduler.unarchivedTasks() {
      if Task.isCancelled { return nil }
      do {
        let (isDone, counts, problem) = try await threads.runIfActive {
          [bucket] () -> (Bool, LogShipper.Counts, String?) in
          var shipper = LogShipper(bucket)
          do {
            let isDone = try shipper.ship(task.directory, hasEnded: task.hasEnded, now: HostScheduler.now())
            return (isDone, shipper.counts, nil)
          } catch {
            return (false, shipper.counts, HostScheduler.summary(of: error))
          }
        }
        await scheduler.countArchived(task.id, counts, isDone: isDone, failed: problem != nil)
        if let problem { return problem }
      } catch {
        // The server stops.
        return nil
      }
    }
    return nil
  }
}
