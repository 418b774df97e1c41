import Starlark

extension ObjectType {
  private static func field(_ name: String, _ kind: ObjectKind, _ defaultValue: Value? = nil) -> Field {
    Field(name: name, kind: kind, defaultValue: defaultValue)
  }

  private static func required(_ name: String, _ kind: ObjectKind) -> Field {
    Field(name: name, kind: kind, isRequired: true)
  }

  // Aurora's objects, their fields and defaults (`schema_base.py` and `base.py` of Apache Aurora 0.22), and Kilt's own:
  // `port` and `base` of the HTTP checker, the TCP and log silence checkers, `start_first`, `cron_timezone`,
  // `drain_secs`, and of tasks `artifacts`, `environment`, `volumes`, `secrets`.

  static let resources = ObjectType(
    "Resources",
    [
      required("cpu", .number), required("ram", .size), required("disk", .size), field("gpu", .integer, .int(0)),
      field("processes", .integer),
    ])
  static let orderConstraint = ObjectType("Constraint", [field("order", .list(.string))])
  static let rotatePolicy = ObjectType(
    "RotatePolicy", [field("log_size", .size, .int(100 << 20)), field("backups", .integer, .int(5))])
  static let loggerDestination = ObjectKind.choice(
    name: "LoggerDestination", values: ["file", "console", "both", "none"])
  static let loggerMode = ObjectKind.choice(name: "LoggerMode", values: ["standard", "rotate"])
  static let logger = ObjectType(
    "Logger",
    [
      field("destination", loggerDestination, .string("file")), field("mode", loggerMode, .string("standard")),
      field("rotate", .object(rotatePolicy)),
    ])
  static let process = ObjectType(
    "Process",
    [
      required("cmdline", .string), required("name", .string), field("resources", .object(resources)),
      field("max_failures", .integer, .int(1)), field("daemon", .boolean, .bool(false)),
      field("ephemeral", .boolean, .bool(false)), field("min_duration", .seconds, .int(5)),
      field("final", .boolean, .bool(false)), field("logger", .object(logger)),
    ])
  static let artifact = ObjectType(
    "Artifact",
    [required("name", .string), field("hashtype", .string), field("githash", .string), field("version", .string)])
  static let mode = ObjectKind.choice(name: "Enum_RO_RW", values: ["RO", "RW", "ro", "rw"])
  static let volume = ObjectType(
    "Volume", [required("container_path", .string), required("host_path", .string), required("mode", mode)])
  static let task = ObjectType(
    "Task",
    [
      field("name", .string, .string("{{processes[0].name}}")), field("processes", .list(.object(process))),
      field("constraints", .list(.object(orderConstraint))), field("resources", .object(resources)),
      field("max_failures", .integer, .int(1)), field("max_concurrency", .integer, .int(0)),
      field("finalization_wait", .seconds, .int(30)), field("user", .string),
      field("artifacts", .list(.object(artifact))), field("environment", .map(.string, .string)),
      field("volumes", .list(.object(volume))), field("secrets", .map(.string, .string)),
    ])

  static let queueUpdateStrategy = ObjectType("QueueUpdateStrategy", [field("batch_size", .integer, .int(1))])
  static let batchUpdateStrategy = ObjectType(
    "BatchUpdateStrategy",
    [field("batch_size", .integer, .int(1)), field("autopause_after_batch", .boolean, .bool(false))])
  static let variableBatchUpdateStrategy = ObjectType(
    "VariableBatchUpdateStrategy",
    [required("batch_sizes", .list(.integer)), field("autopause_after_batch", .boolean, .bool(false))])
  static let updateConfig = ObjectType(
    "UpdateConfig",
    [
      field("batch_size", .integer, .int(1)), field("watch_secs", .seconds, .int(45)),
      field("max_per_shard_failures", .integer, .int(0)), field("max_total_failures", .integer, .int(0)),
      field("rollback_on_failure", .boolean, .bool(true)), field("wait_for_batch_completion", .boolean, .bool(false)),
      field("pulse_interval_secs", .seconds), field("sla_aware", .boolean, .bool(false)),
      field(
        "update_strategy",
        .anyOf([
          .object(queueUpdateStrategy), .object(batchUpdateStrategy), .object(variableBatchUpdateStrategy),
        ])),
      field("start_first", .boolean, .bool(false)),
    ])

  static let httpHealthChecker = ObjectType(
    "HttpHealthChecker",
    [
      field("endpoint", .string, .string("/health")), field("expected_response", .string, .string("ok")),
      field("expected_response_code", .integer, .int(0)), field("port", .string, .string("health")),
      field("base", .string),
    ])
  static let shellHealthChecker = ObjectType("ShellHealthChecker", [required("shell_command", .string)])
  static let tcpHealthChecker = ObjectType("TcpHealthChecker", [field("port", .string, .string("health"))])
  static let logSilenceHealthChecker = ObjectType(
    "LogSilenceHealthChecker", [required("seconds", .number), field("process", .string)])
  static let healthCheckerConfig = ObjectType(
    "HealthCheckerConfig",
    [
      field("http", .object(httpHealthChecker)), field("shell", .object(shellHealthChecker)),
      field("tcp", .object(tcpHealthChecker)), field("log_silence", .object(logSilenceHealthChecker)),
    ])
  static let healthCheckConfig = ObjectType(
    "HealthCheckConfig",
    [
      field(
        "health_checker",
        .anyOf([
          .object(healthCheckerConfig), .object(httpHealthChecker), .object(shellHealthChecker),
          .object(tcpHealthChecker), .object(logSilenceHealthChecker),
        ])),
      field("initial_interval_secs", .number, .float(15)), field("interval_secs", .number, .float(10)),
      field("timeout_secs", .number, .float(1)), field("max_consecutive_failures", .integer, .int(0)),
      field("min_consecutive_successes", .integer, .int(1)),
    ])

  static let httpLifecycleConfig = ObjectType(
    "HttpLifecycleConfig",
    [
      field("port", .string, .string("health")),
      field("graceful_shutdown_endpoint", .string, .string("/quitquitquit")),
      field("shutdown_endpoint", .string, .string("/abortabortabort")),
      field("graceful_shutdown_wait_secs", .seconds, .int(5)), field("shutdown_wait_secs", .seconds, .int(5)),
    ])
  static let lifecycleConfig = ObjectType("LifecycleConfig", [field("http", .object(httpLifecycleConfig))])
  static let announcer = ObjectType(
    "Announcer",
    [
      field("primary_port", .string, .string("http")), field("portmap", .map(.string, .string)),
      field("zk_path", .string),
    ])

  static let parameter = ObjectType("Parameter", [required("name", .string), required("value", .string)])
  static let docker = ObjectType(
    "Docker", [required("image", .string), field("parameters", .list(.object(parameter)))])
  static let appcImage = ObjectType("AppcImage", [required("name", .string), required("image_id", .string)])
  static let dockerImage = ObjectType("DockerImage", [required("name", .string), required("tag", .string)])
  static let mesos = ObjectType(
    "Mesos",
    [field("image", .anyOf([.object(appcImage), .object(dockerImage)])), field("volumes", .list(.object(volume)))])
  static let container = ObjectType("Container", [field("docker", .object(docker))])

  static let partitionPolicy = ObjectType(
    "PartitionPolicy", [field("reschedule", .boolean, .bool(true)), field("delay_secs", .seconds, .int(0))])
  static let percentageSlaPolicy = ObjectType(
    "PercentageSlaPolicy", [required("percentage", .number), required("duration_secs", .seconds)])
  static let countSlaPolicy = ObjectType(
    "CountSlaPolicy", [required("count", .integer), required("duration_secs", .seconds)])
  static let coordinatorSlaPolicy = ObjectType(
    "CoordinatorSlaPolicy", [required("coordinator_url", .string), field("status_key", .string, .string("drain"))])
  static let metadataEntry = ObjectType("Metadata", [required("key", .string), required("value", .string)])
  static let executorConfig = ObjectType(
    "ExecutorConfig", [field("name", .string, .string("AuroraExecutor")), field("data", .string, .string(""))])

  static let job = ObjectType(
    "Job",
    [
      field("name", .string, .string("{{task.name}}")), required("role", .string), field("contact", .string),
      required("cluster", .string), required("environment", .string), field("instances", .integer, .int(1)),
      required("task", .object(task)), field("announce", .object(announcer)), field("tier", .string),
      field("cron_schedule", .string), field("cron_collision_policy", .string, .string("KILL_EXISTING")),
      field("update_config", .object(updateConfig)), field("constraints", .map(.string, .string)),
      field("metadata", .list(.object(metadataEntry))), field("service", .boolean, .bool(false)),
      field("max_task_failures", .integer, .int(1)), field("production", .boolean, .bool(false)),
      field("priority", .integer, .int(0)), field("health_check_config", .object(healthCheckConfig)),
      field("lifecycle", .object(lifecycleConfig)), field("task_links", .map(.string, .string)),
      field("executor_config", .object(executorConfig)), field("enable_hooks", .boolean, .bool(false)),
      field("partition_policy", .object(partitionPolicy)),
      field(
        "sla_policy",
        .anyOf([.object(coordinatorSlaPolicy), .object(countSlaPolicy), .object(percentageSlaPolicy)])),
      field("container", .anyOf([.object(container), .object(docker), .object(mesos)])),
      field("cron_timezone", .string), field("drain_secs", .seconds),
    ])

  static let profile = ObjectType("Profile", [], isOpen: true)

  /// All types that templates can use by name.
  static let aurora: [ObjectType] = [
    process, logger, rotatePolicy, task, orderConstraint, resources, artifact, job, updateConfig,
    queueUpdateStrategy, batchUpdateStrategy, variableBatchUpdateStrategy, healthCheckConfig, healthCheckerConfig,
    httpHealthChecker, shellHealthChecker, tcpHealthChecker, logSilenceHealthChecker, lifecycleConfig,
    httpLifecycleConfig, announcer, metadataEntry, volume, parameter, docker, appcImage, dockerImage, mesos, container,
    partitionPolicy, percentageSlaPolicy, countSlaPolicy, coordinatorSlaPolicy, executorConfig, profile,
  ]
}
