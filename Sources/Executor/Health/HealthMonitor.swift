import JobModel

/// Counts the results of health checks and decides the next step. A value without its own clock.
///
/// Aurora's rules: failures within the initial interval are not counted. A starting task becomes running after
/// `minConsecutiveSuccesses`, for which it has the initial interval and one more interval for each allowed failure and
/// wanted success. A task is unhealthy after more than `maxConsecutiveFailures` failures in a row.
struct HealthMonitor {
  /// The consequence of one result.
  enum Verdict: Hashable {
    case undecided
    /// Enough successes in a row: said once.
    case healthy
    case unhealthy(reason: String)
  }

  let configuration: HealthCheckConfiguration
  private let started: Duration
  private(set) var isHealthy = false
  private var successes = 0
  /// Failures in a row that count.
  private(set) var failures = 0

  /// Monitoring that began at `now`.
  init(_ configuration: HealthCheckConfiguration, startedAt now: Duration) {
    self.configuration = configuration
    started = now
  }

  /// The time in which a starting task must become healthy.
  var startLimit: Duration {
    configuration.initialInterval + configuration.interval
      * (configuration.maxConsecutiveFailures + max(configuration.minConsecutiveSuccesses, 1))
  }

  /// The time from one check to the next. Until the first success within the initial interval, where failures are free,
  /// a task is checked each second, so that it does not wait for a whole interval to be found up.
  func delay(at now: Duration) -> Duration {
    let isEager = !isHealthy && successes == 0 && now - started < configuration.initialInterval
    let interval = max(configuration.interval, .milliseconds(10))
    return isEager ? min(interval, .seconds(1)) : interval
  }

  /// A check has ended; `problem` is nil when it succeeded.
  mutating func record(problem: String?, at now: Duration) -> Verdict {
    guard let problem else {
      failures = 0
      successes += 1
      guard !isHealthy, successes >= max(configuration.minConsecutiveSuccesses, 1) else { return .undecided }
      isHealthy = true
      return .healthy
    }
    successes = 0
    if now - started >= configuration.initialInterval {
      failures += 1
      if failures > configuration.maxConsecutiveFailures {
        let times = failures == 1 ? "" : " \(failures) times in a row"
        return .unhealthy(reason: "Failed health check\(times): \(problem)")
      }
    }
    if !isHealthy, now - started > startLimit {
      return .unhealthy(reason: "Not healthy within \(startLimit.wholeMilliseconds / 1000) s of its start: \(problem)")
    }
    return .undecided
  }

  /// Checks are paused: earlier counts do not apply afterward.
  mutating func pause() { failures = 0 }
}
