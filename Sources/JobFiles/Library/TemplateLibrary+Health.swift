extension TemplateLibrary {
  static let health = #"""
    # Health checks. Each gives a HealthCheckConfig; `grace` is how long a new instance may fail, all times are seconds.

    def _check(checker, grace, interval, timeout, failures, successes):
        return HealthCheckConfig(
            health_checker = checker,
            initial_interval_secs = grace,
            interval_secs = interval,
            timeout_secs = timeout,
            max_consecutive_failures = failures,
            min_consecutive_successes = successes,
        )

    # GET of an endpoint on a named port; healthy when the body is `expected` (any body when that is "").
    def http_health(port = "http", endpoint = "/health", expected = "ok", grace = 15, interval = 5, timeout = 2,
                    failures = 2, successes = 1):
        checker = HttpHealthChecker(port = port, endpoint = endpoint, expected_response = expected)
        return _check(checker, grace, interval, timeout, failures, successes)

    # A command in the sandbox; healthy when it exits with 0.
    def shell_health(command, grace = 15, interval = 10, timeout = 5, failures = 2, successes = 1):
        return _check(ShellHealthChecker(shell_command = command), grace, interval, timeout, failures, successes)

    # A connection to a named port.
    def tcp_health(port = "http", grace = 15, interval = 5, timeout = 2, failures = 2, successes = 1):
        return _check(TcpHealthChecker(port = port), grace, interval, timeout, failures, successes)

    # Healthy while a file is written to at least once in `seconds`: for workers that log or touch it as they go.
    def fresh_file_health(path, seconds, grace = 60, interval = 10, failures = 0):
        minutes = (seconds + 59) // 60
        command = "test -n \"$(find %s -mmin -%d 2>/dev/null)\"" % (shell_quote(path), minutes)
        return shell_health(command, grace = grace, interval = interval, failures = failures)

    """#
}
