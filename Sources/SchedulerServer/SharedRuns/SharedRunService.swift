internal import ServiceLifecycle

/// Keeps the runs in PostgreSQL in step, as long as the scheduler runs.
struct SharedRunService: Service {
  let scheduler: HostScheduler

  /// The longest wait before a change is written there.
  private static let interval = Duration.milliseconds(20)

  func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        await scheduler.shareRuns()
        // Cancelled in its sleep, it stops at once.
        try? await Task.sleep(for: Self.interval)
      }
    }
    await scheduler.releaseRuns()
  }
}
