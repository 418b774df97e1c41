internal import JSON
internal import JobModel

extension OpenAPI {
  /// The schemas of job configurations.
  static var configurationSchemas: KeyValuePairs<String, JSONValue> {
    [
      "JobConfiguration": Schema.object([
        "key": Schema.key, "owner?": Schema.string, "contact?": Schema.string, "service?": Schema.bool,
        "cron?": Schema.named("Cron"), "instances?": Schema.integer, "task": Schema.named("Task"),
        "health_check?": Schema.named("HealthCheck"), "update?": Schema.named("UpdateConfiguration"),
        "announce?": Schema.object([
          "primary_port?": Schema.string, "zk_path?": Schema.string,
          "portmap?": Schema.map(Schema.anyOf([Schema.string, Schema.integer])),
        ]),
        "lifecycle?": Schema.object([
          "port?": Schema.string, "graceful_shutdown_endpoint?": Schema.string, "shutdown_endpoint?": Schema.string,
          "graceful_shutdown_wait?": Schema.seconds, "shutdown_wait?": Schema.seconds,
        ]),
        "priority?": Schema.integer, "tier?": Schema.values(Tier.self), "max_task_failures?": Schema.integer,
        "metadata?": Schema.map(Schema.string),
        "constraints?": Schema.map(Schema.string, "placement constraints by attribute, such as \"limit:1\""),
        "sla_policy?": slaPolicy,
        "partition_policy?": Schema.object(["reschedule?": Schema.bool, "delay?": Schema.seconds]),
        "container?": Schema.object(["kind": Schema.values(["mesos", "docker"])]),
        "executor?": Schema.object(["name?": Schema.string, "data?": Schema.string]), "drain?": Schema.seconds,
        "alerts?": Schema.array(
          Schema.object([
            "condition": Schema.values(AlertRule.Condition.self), "enabled?": Schema.bool, "period?": Schema.seconds,
            "threshold?": Schema.number, "severity?": Schema.values(AlertRule.Severity.self),
          ])),
        "source?": Schema.named("JobSource"),
      ]),
      "JobSource": Schema.object(
        [
          "path": Schema.string, "template?": Schema.string, "template_digest?": Schema.string,
          "digest?": Schema.string, "commit?": Schema.string, "committed?": Schema.bool,
          "bindings?": Schema.map(Schema.string),
        ], "the files that the configuration comes from"),
      "Cron": Schema.object([
        "schedule": Schema.string, "time_zone?": Schema.string,
        "collision_policy?": Schema.values(CronConfiguration.CollisionPolicy.self),
      ]),
      "Task": Schema.object([
        "name": Schema.string, "processes?": Schema.list(of: "Process"),
        "constraints?": Schema.array(Schema.object(["order?": Schema.array(Schema.string)])),
        "resources": Schema.named("Resources"), "max_failures?": Schema.integer, "max_concurrency?": Schema.integer,
        "finalization_wait?": Schema.seconds, "user?": Schema.string, "artifacts?": Schema.list(of: "Artifact"),
        "environment?": Schema.map(Schema.string),
        "volumes?": Schema.array(
          Schema.object(["host": Schema.string, "at": Schema.string, "mode?": Schema.values(Volume.Mode.self)])),
        "secrets?": Schema.map(Schema.string, "references of secrets by name"),
      ]),
      "Process": Schema.object([
        "name": Schema.string, "cmdline": Schema.string, "max_failures?": Schema.integer, "daemon?": Schema.bool,
        "ephemeral?": Schema.bool, "min_duration?": Schema.seconds, "final?": Schema.bool,
        "logger?": Schema.object([
          "destination?": Schema.values(LoggerConfiguration.Destination.self),
          "mode?": Schema.values(LoggerConfiguration.Mode.self), "log_size?": Schema.integer,
          "backups?": Schema.integer,
        ]),
      ]),
      "Artifact": Schema.object([
        "name": Schema.string, "hashtype": Schema.values(TaskArtifact.HashType.self), "version": Schema.string,
        "platform?": Schema.string, "digest?": Schema.string, "size?": Schema.integer, "branch?": Schema.string,
        "on_main_branch?": Schema.bool,
      ]),
      "Resources": Schema.object(
        [
          "cpu": Schema.number, "ram": Schema.integer, "disk": Schema.integer, "processes?": Schema.integer,
          "gpu?": Schema.integer,
        ], "cores, and bytes of memory and disk"),
      "HealthCheck": Schema.object([
        "checker": Schema.object([
          "kind": Schema.values(["http", "shell", "tcp", "log_silence"]), "port?": Schema.string,
          "endpoint?": Schema.string, "expected_response?": ["type": ["string", "null"]],
          "expected_code?": Schema.integer, "base?": Schema.string, "command?": Schema.string,
          "process?": Schema.string, "limit?": Schema.seconds,
        ]),
        "initial_interval?": Schema.seconds, "interval?": Schema.seconds, "timeout?": Schema.seconds,
        "max_consecutive_failures?": Schema.integer, "min_consecutive_successes?": Schema.integer,
      ]),
      "UpdateConfiguration": Schema.object([
        "strategy?": Schema.object([
          "kind": Schema.values(["queue", "batch", "variable_batch"]), "batch_size?": Schema.integer,
          "batch_sizes?": Schema.array(Schema.integer), "autopause?": Schema.bool,
        ]),
        "batch_size?": Schema.integer, "wait_for_batch_completion?": Schema.bool, "watch?": Schema.seconds,
        "max_per_instance_failures?": Schema.integer, "max_total_failures?": Schema.integer,
        "rollback_on_failure?": Schema.bool, "start_first?": Schema.bool, "pulse_interval?": Schema.seconds,
        "sla_aware?": Schema.bool,
      ]),
    ]
  }

  private static var slaPolicy: JSONValue {
    Schema.oneOf([
      Schema.object(["kind": Schema.values(["count"]), "count": Schema.integer, "duration": Schema.seconds]),
      Schema.object(["kind": Schema.values(["percentage"]), "percentage": Schema.number, "duration": Schema.seconds]),
      Schema.object(["kind": Schema.values(["coordinator"]), "url": Schema.string, "status_key?": Schema.string]),
    ])
  }
}
