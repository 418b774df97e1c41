/// The health check by which the executor distinguishes a live instance from a hung one.
public struct HealthCheckConfiguration: Sendable, Hashable {
  public var checker: HealthChecker
  /// After start; failures in it are not counted.
  public var initialInterval: Duration
  public var interval: Duration
  /// The maximum duration of one check.
  public var timeout: Duration
  /// Failures in a row that are forgiven: one more and the task fails.
  public var maxConsecutiveFailures: Int
  /// Successes in a row that make a starting task running.
  public var minConsecutiveSuccesses: Int

  public init(
    checker: HealthChecker, initialInterval: Duration = .seconds(15), interval: Duration = .seconds(10),
    timeout: Duration = .seconds(1), maxConsecutiveFailures: Int = 0, minConsecutiveSuccesses: Int = 1
  ) {
    self.checker = checker
    self.initialInterval = initialInterval
    self.interval = interval
    self.timeout = timeout
    self.maxConsecutiveFailures = maxConsecutiveFailures
    self.minConsecutiveSuccesses = minConsecutiveSuccesses
  }
}

/// The action of one health check.
public enum HealthChecker: Sendable, Hashable {
  case http(HTTPHealthChecker)
  /// A shell command; exit 0 is healthy. Late binding applies.
  case shell(command: String)
  /// A connection to the named port is healthy.
  case tcp(port: String)
  /// Output of a process within the limit is healthy.
  case logSilence(LogSilenceChecker)
}

/// Watches a process's log: a worker that writes nothing for longer than `limit` is hung.
public struct LogSilenceChecker: Sendable, Hashable {
  /// The process whose stdout and stderr are watched; nil for all processes of the task.
  public var process: String?
  /// The longest time without output.
  public var limit: Duration

  public init(process: String? = nil, limit: Duration) {
    self.process = process
    self.limit = limit
  }
}

/// GET of an endpoint of a named port.
public struct HTTPHealthChecker: Sendable, Hashable {
  /// A port name, as in `{{thermos.ports[health]}}`.
  public var port: String
  public var endpoint: String
  /// The body to expect, compared without case; nil accepts any.
  public var expectedResponse: String?
  /// The status code to expect; 0 accepts any of 200–299.
  public var expectedCode: Int
  /// The address of another service to ask in place of the task's own port: `http://HOST:PORT`. Late binding applies.
  public var base: String?

  public init(
    port: String = "health", endpoint: String = "/health", expectedResponse: String? = "ok", expectedCode: Int = 0,
    base: String? = nil
  ) {
    self.port = port
    self.endpoint = endpoint
    self.expectedResponse = expectedResponse
    self.expectedCode = expectedCode
    self.base = base
  }
}
