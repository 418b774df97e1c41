extension TemplateLibrary {
  static let health = #"""
    # Health checks. Each gives a HealthCheckConfig; `grace` is how long a new instance can fail, all times are seconds.

    def _check(checker, grace, interval, timeout, failures, successes):
        return HealthCheckConfig(
            health_checker = checker,
            initial_interval_secs = grace,
            interval_secs = interval,
            timeout_secs = timeout,
            max_consecutive_failures = failures,
            min_consecutive_successes = successes,
        )

    # GET of an endpoint on a named port. Any 2xx answer is healthy, unless a body (`expected`) or another code is asked for.
    # Example: health = http_health(port = "http", endpoint = "/healthz")
    def http_health(port = "http", endpoint = "/health", expected = "", code = 0, grace = 15, interval = 5, timeout = 2,
                    failures = 2, successes = 1):
        checker = HttpHealthChecker(port = port, endpoint = endpoint, expected_response = expected,
                                    expected_response_code = code)
        return _check(checker, grace, interval, timeout, failures, successes)

    # A command in the sandbox. Exit code 0 is healthy.
    # Example: health = shell_health("./check.sh {{mesos.instance}}")
    def shell_health(command, grace = 15, interval = 10, timeout = 5, failures = 2, successes = 1):
        return _check(ShellHealthChecker(shell_command = command), grace, interval, timeout, failures, successes)

    # A connection to a named port.
    # Example: health = tcp_health(port = "amqp")
    def tcp_health(port = "http", grace = 15, interval = 5, timeout = 2, failures = 2, successes = 1):
        return _check(TcpHealthChecker(port = port), grace, interval, timeout, failures, successes)

    # Healthy while a process writes to its log at least once in `seconds`. Without `process`, any process counts.
    # Example: health = log_silence_health(seconds = 300, process = "igor_worker")
    def log_silence_health(seconds, process = None, grace = 15, interval = 10, failures = 0, successes = 1):
        checker = LogSilenceHealthChecker(seconds = seconds, process = process)
        return _check(checker, grace, interval, 5, failures, successes)

    # The health of another service, by its address: an instance that cannot work without the service is replaced.
    # Example: health = service_health("http://127.0.0.1:8008", endpoint = "/health")
    def service_health(base, endpoint = "/health", expected = "", code = 0, grace = 15, interval = 10, timeout = 2,
                       failures = 5, successes = 1):
        checker = HttpHealthChecker(base = base, endpoint = endpoint, expected_response = expected,
                                    expected_response_code = code)
        return _check(checker, grace, interval, timeout, failures, successes)

    # Healthy while a file is written to at least once in `seconds`, rounded up to minutes.
    # Example: health = fresh_file_health("heartbeat", seconds = 120)
    def fresh_file_health(path, seconds, grace = 60, interval = 10, failures = 0):
        minutes = (seconds + 59) // 60
        command = "test -n \"$(find %s -mmin -%d 2>/dev/null)\"" % (shell_quote(path), minutes)
        return shell_health(command, grace = grace, interval = interval, failures = failures)

    # A process that checks beside the others: it runs `command` every `interval` seconds and fails, and the task with it,
    # after `failures` failed runs in a row. For checks besides the one that a job has.
    # Example: beside = [health_process("./queue_is_short.sh", name = "queue_check")]
    def health_process(command, name = "health", grace = 15, interval = 10, timeout = 5, failures = 3):
        lines = [
            "failed=0",
            "sleep %d" % grace,
            "while true; do",
            "  if timeout %d sh -c %s; then failed=0; else failed=$((failed + 1)); fi" % (timeout, shell_quote(command)),
            "  if [ $failed -ge %d ]; then echo \"%s failed $failed times in a row\" >&2; exit 1; fi" % (failures, name),
            "  sleep %d" % interval,
            "done",
        ]
        return Process(name = name, cmdline = "\n".join(lines), ephemeral = False)

    """#
}
