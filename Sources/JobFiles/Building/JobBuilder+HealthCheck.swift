import JobModel

extension JobBuilder {
  /// The health check; by default Aurora's: HTTP on the port `health`.
  func healthCheck(announcer: Announcer?) -> HealthCheckConfiguration? {
    guard let config = job.child("health_check_config") else {
      return HealthCheckConfiguration(checker: .http(HTTPHealthChecker()))
    }
    guard let checker = checker(config, announcer: announcer) else { return nil }
    var check = HealthCheckConfiguration(checker: checker)
    if let seconds = config.seconds("initial_interval_secs") { check.initialInterval = seconds }
    if let seconds = config.seconds("interval_secs") { check.interval = seconds }
    if let seconds = config.seconds("timeout_secs") { check.timeout = seconds }
    if let count = config.integer("max_consecutive_failures") { check.maxConsecutiveFailures = count }
    if let count = config.integer("min_consecutive_successes") { check.minConsecutiveSuccesses = count }
    if check.interval < .milliseconds(100) { config.problem("interval_secs is 0.1 or more") }
    if check.timeout < .milliseconds(10) { config.problem("timeout_secs is 0.01 or more") }
    if check.maxConsecutiveFailures < 0 || check.minConsecutiveSuccesses < 1 {
      config.problem("max_consecutive_failures is 0 or more, min_consecutive_successes 1 or more")
    }
    return check
  }

  private func checker(_ config: BoundObject, announcer: Announcer?) -> HealthChecker? {
    guard let written = config.child("health_checker") else { return .http(http(nil, announcer)) }
    var object = written
    if written.object.type === ObjectType.healthCheckerConfig {
      let given = ["http", "shell", "tcp", "log_silence"].compactMap(written.child)
      guard given.count == 1 else {
        written.problem("a health checker is one of http, shell, tcp and log_silence, not \(given.count) of them")
        return nil
      }
      object = given[0]
    }
    switch object.object.type {
    case .shellHealthChecker:
      guard let command = object.string("shell_command") else {
        object.problem("a ShellHealthChecker has a shell_command")
        return nil
      }
      return .shell(command: command)
    case .logSilenceHealthChecker:
      guard let limit = object.seconds("seconds"), limit > .zero else {
        object.problem("a LogSilenceHealthChecker has seconds above 0")
        return nil
      }
      return .logSilence(LogSilenceChecker(process: object.string("process"), limit: limit))
    case .tcpHealthChecker: return .tcp(port: port(object.string("port") ?? "health", announcer))
    default: return .http(http(object, announcer))
    }
  }

  private func http(_ object: BoundObject?, _ announcer: Announcer?) -> HTTPHealthChecker {
    var http = HTTPHealthChecker()
    http.port = port(object?.string("port") ?? "health", announcer)
    if let endpoint = object?.string("endpoint") { http.endpoint = endpoint }
    if let response = object?.string("expected_response") { http.expectedResponse = response.isEmpty ? nil : response }
    if let code = object?.integer("expected_response_code") { http.expectedCode = code }
    http.base = object?.string("base")
    return http
  }

  /// The port itself, if the announcer's map makes the name an alias.
  private func port(_ name: String, _ announcer: Announcer?) -> String {
    if case .alias(let target)? = announcer?.portmap[name], target != name { return target }
    return name
  }
}
