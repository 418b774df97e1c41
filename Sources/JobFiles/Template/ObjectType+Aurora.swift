extension ObjectType {
  /// Aurora's objects and their fields (`docs/reference/configuration.md` of Apache Aurora 0.22), and what Kilt adds:
  /// `port` of the HTTP checker, the TCP checker, `start_first`, `cron_timezone`, `artifacts`.
  static let aurora: [ObjectType] = [
    ObjectType(
      name: "Process",
      fields: [
        ("name", .string), ("cmdline", .string), ("max_failures", .integer), ("daemon", .boolean),
        ("ephemeral", .boolean), ("min_duration", .integer), ("final", .boolean), ("logger", .object(["Logger"])),
      ]),
    ObjectType(
      name: "Logger",
      fields: [("destination", .string), ("mode", .string), ("rotate", .object(["RotatePolicy"]))]),
    ObjectType(name: "RotatePolicy", fields: [("log_size", .size), ("backups", .integer)]),
    ObjectType(
      name: "Task",
      fields: [
        ("name", .string), ("processes", .list(.object(["Process"]))),
        ("constraints", .list(.object(["Constraint"]))), ("resources", .object(["Resources"])),
        ("max_failures", .integer), ("max_concurrency", .integer), ("finalization_wait", .integer), ("user", .string),
        ("artifacts", .list(.object(["Artifact"]))),
      ]),
    ObjectType(name: "Constraint", fields: [("order", .list(.string))]),
    ObjectType(
      name: "Resources",
      fields: [
        ("cpu", .number), ("ram", .size), ("disk", .size), ("processes", .integer),
        ("gpu", .unsupported("the bundled scheduler does not allot GPUs")),
      ]),
    ObjectType(
      name: "Artifact",
      fields: [("name", .string), ("hashtype", .string), ("githash", .string), ("version", .string)]),
    job,
    ObjectType(
      name: "UpdateConfig",
      fields: [
        ("batch_size", .integer), ("watch_secs", .integer), ("max_per_shard_failures", .integer),
        ("max_total_failures", .integer), ("rollback_on_failure", .boolean), ("wait_for_batch_completion", .boolean),
        ("start_first", .boolean),
        ("pulse_interval_secs", .unsupported("updates do not wait for a pulse")),
        ("sla_aware", .unsupported("write batch_size and max_total_failures instead")),
        ("update_strategy", .unsupported("write batch_size and wait_for_batch_completion instead")),
      ]),
    ObjectType(
      name: "HealthCheckConfig",
      fields: [
        (
          "health_checker",
          .object(["HealthCheckerConfig", "HttpHealthChecker", "ShellHealthChecker", "TcpHealthChecker"])
        ),
        ("initial_interval_secs", .number), ("interval_secs", .number), ("timeout_secs", .number),
        ("max_consecutive_failures", .integer), ("min_consecutive_successes", .integer),
      ]),
    ObjectType(
      name: "HealthCheckerConfig",
      fields: [
        ("http", .object(["HttpHealthChecker"])), ("shell", .object(["ShellHealthChecker"])),
        ("tcp", .object(["TcpHealthChecker"])),
      ]),
    ObjectType(
      name: "HttpHealthChecker",
      fields: [
        ("port", .string), ("endpoint", .string), ("expected_response", .string), ("expected_response_code", .integer),
      ]),
    ObjectType(name: "ShellHealthChecker", fields: [("shell_command", .string)]),
    ObjectType(name: "TcpHealthChecker", fields: [("port", .string)]),
    ObjectType(name: "LifecycleConfig", fields: [("http", .object(["HttpLifecycleConfig"]))]),
    ObjectType(
      name: "HttpLifecycleConfig",
      fields: [
        ("port", .string), ("graceful_shutdown_endpoint", .string), ("shutdown_endpoint", .string),
        ("graceful_shutdown_wait_secs", .number), ("shutdown_wait_secs", .number),
      ]),
    ObjectType(
      name: "Announcer",
      fields: [
        ("primary_port", .string), ("portmap", .map),
        ("zk_path", .unsupported("the path in discovery is the job's key")),
      ]),
    ObjectType(name: "Metadata", fields: [("key", .string), ("value", .string)]),
    ObjectType(name: "Profile", fields: [], isOpen: true),
  ]

  private static let job = ObjectType(
    name: "Job",
    fields: [
      ("name", .string), ("role", .string), ("cluster", .string), ("environment", .string), ("contact", .string),
      ("instances", .integer), ("task", .object(["Task"])), ("service", .boolean), ("max_task_failures", .integer),
      ("priority", .integer), ("production", .boolean), ("tier", .string), ("cron_schedule", .string),
      ("cron_timezone", .string), ("cron_collision_policy", .string), ("update_config", .object(["UpdateConfig"])),
      ("health_check_config", .object(["HealthCheckConfig"])), ("lifecycle", .object(["LifecycleConfig"])),
      ("announce", .object(["Announcer"])), ("metadata", .list(.object(["Metadata"]))),
      ("constraints", .unsupported("all instances run on one machine, so there is nothing to choose by")),
      ("container", .unsupported("tasks run in the executor's own sandbox, without images")),
      ("partition_policy", .unsupported("one machine has no partitions")),
      ("sla_policy", .unsupported("write update_config instead")),
      ("executor_config", .unsupported("there is one executor")),
      ("enable_hooks", .unsupported("there are no client hooks")),
    ])

  static func named(_ name: String) -> ObjectType? { aurora.first { $0.name == name } }
}
