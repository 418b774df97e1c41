internal import JSON
internal import JobModel
internal import Observability
internal import Pipelines

extension OpenAPI {
  /// The schemas of answers.
  static var answerSchemas: KeyValuePairs<String, JSONValue> {
    [
      "Error": Schema.object([
        "error": Schema.object([
          "message": Schema.string, "remedy?": Schema.string, "remedies?": Schema.array(Schema.string),
          "notes?": Schema.array(Schema.string), "code?": Schema.string, "codes?": Schema.array(Schema.string),
        ])
      ]),
      "Cluster": Schema.object([
        "name": Schema.string, "platform": Schema.string, "repository": ["type": ["string", "null"]],
        "log_archive": ["type": ["string", "null"]], "fingerprint?": Schema.string,
      ]),
      "JobSummary": Schema.object([
        "key": Schema.key, "service": Schema.bool, "cron?": Schema.named("Cron"), "instances": Schema.count,
        "counts": Schema.map(Schema.count, "live tasks by state"), "artifacts": Schema.list(of: "Artifact"),
        "owner?": Schema.string, "update?": Schema.named("UpdateSummary"), "ending": Schema.bool,
        "source?": Schema.named("JobSource"),
      ]),
      "Job": Schema.object([
        "job": Schema.named("JobSummary"), "gone": Schema.bool, "instances": Schema.list(of: "Instance"),
        "endings": Schema.list(of: "TaskEnding"), "sla?": Schema.named("SlaFigures"),
        "runs_as?": Schema.named("RunsAs"), "open_ports?": Schema.named("OpenPorts"),
        "hosts?": Schema.map(Schema.string),
        "events": Schema.list(of: "TaskEvent"), "configuration": Schema.named("JobConfiguration"),
      ]),
      "Instance": Schema.object([
        "instance": Schema.count, "task_id": Schema.string, "status": Schema.values(TaskStatus.self),
        "since": Schema.time, "ports": Schema.map(Schema.integer), "executor_pid?": Schema.integer,
        "pids": Schema.array(Schema.integer), "message?": Schema.string, "restarts": Schema.count,
        "flapping": Schema.bool, "next_try?": Schema.time, "healthy?": Schema.bool,
        "artifacts": Schema.list(of: "Artifact"),
      ]),
      "Service": Schema.object([
        "key": Schema.key, "instances": Schema.list(of: "ServiceInstance"),
        "withdrawn": Schema.array(
          Schema.object(
            [
              "shard": Schema.count, "task_id": Schema.string, "status": Schema.values(TaskStatus.self),
              "reason": Schema.string, "unknown?": Schema.bool,
            ], "a task that is not announced; with unknown, its executor could not be asked")),
      ]),
      "ServiceInstance": Schema.object([
        "shard": Schema.count, "task_id": Schema.string, "host": Schema.string, "port": Schema.integer,
        "ports": Schema.map(Schema.integer), "health": Schema.values(["healthy", "unchecked"]),
        "release": Schema.integer, "commit?": Schema.string,
      ]),
      "TaskEnding": Schema.object([
        "instance": Schema.count, "task_id": Schema.string, "release": Schema.integer,
        "status": Schema.values(TaskStatus.self), "time": Schema.time, "message?": Schema.string,
        "health?": Schema.named("HealthReport"),
        "processes": Schema.array(
          Schema.object([
            "name": Schema.string, "run": Schema.count, "status": Schema.values(ProcessStatus.self),
            "exit_code?": Schema.integer, "signal?": Schema.integer, "output": Schema.array(Schema.string),
          ])),
      ]),
      "PipelineRun": Schema.object([
        "run": Schema.identifier, "pipeline": Schema.identifier, "stage?": Schema.identifier,
        "status": Schema.values(PipelineRun.Status.self), "user?": Schema.string, "commit?": Schema.string,
        "parameters": ["type": "object"], "created_at": Schema.time, "ended_at?": Schema.time,
        "stopped_by?": Schema.string, "waits?": Schema.string, "definition?": ["type": "object"],
        "steps": Schema.array(
          Schema.object([
            "step": Schema.identifier, "status": Schema.values(StepRun.Status.self), "message?": Schema.string,
            "started_at?": Schema.time, "ended_at?": Schema.time, "partitions?": Schema.list(of: "PipelinePartition"),
          ])),
      ]),
      "ScheduledPipeline": Schema.object([
        "key": Schema.string, "pipeline": Schema.identifier, "role": Schema.identifier, "stage": Schema.identifier,
        "schedule": ["type": "object"], "parameters": ["type": "object"], "commit?": Schema.string,
        "user?": Schema.string, "next_due?": Schema.time,
      ]),
      "PipelinePartition": Schema.object([
        "partition": Schema.string, "status": Schema.values(PartitionRun.Status.self), "attempts": Schema.count,
        "retry_at?": Schema.time, "output?": ["type": "object"],
        "attempt?": Schema.object([
          "number": Schema.count, "fence": Schema.count, "status": Schema.values(StepAttempt.Status.self),
          "started_at": Schema.time, "ended_at?": Schema.time, "exit_code?": Schema.integer, "message?": Schema.string,
          "task?": Schema.string,
        ]),
      ]),
      "HealthReport": Schema.object([
        "healthy": Schema.bool, "consecutive_failures?": Schema.count, "message?": Schema.string,
      ]),
      "WhyAnswer": Schema.object([
        "key": Schema.key, "accounts": Schema.list(of: "TaskAccount"),
        "others": Schema.array(
          Schema.object([
            "instance": Schema.count, "task_id": Schema.string, "status": Schema.values(TaskStatus.self),
            "time": Schema.time, "message?": Schema.string,
          ])), "remembered_since?": Schema.time,
      ]),
      "TaskAccount": Schema.object([
        "instance": Schema.count, "task_id": Schema.string, "status": Schema.values(TaskStatus.self),
        "cause": Schema.values(TaskAccount.Cause.self), "time": Schema.time, "message?": Schema.string,
        "host?": Schema.string,
        "states": Schema.array(
          Schema.object(["time": Schema.time, "status": Schema.values(TaskStatus.self), "message?": Schema.string])),
        "limits": Schema.named("Resources"),
        "usage": Schema.array(
          Schema.object([
            "time": Schema.time, "cores?": Schema.number,
            "sample": Schema.object([
              "cpu_time": Schema.seconds, "memory": Schema.count, "disk": Schema.count, "processes": Schema.count,
              "throttled?": Schema.seconds, "memory_peak?": Schema.count, "oom_kills?": Schema.count,
            ]),
          ])), "memory_peak?": Schema.count, "health?": Schema.named("HealthReport"),
        "processes": Schema.array(
          Schema.object([
            "name": Schema.string, "run": Schema.count, "status": Schema.values(ProcessStatus.self),
            "time": Schema.time, "exit_code?": Schema.integer, "signal?": Schema.integer,
            "stdout": Schema.array(Schema.string), "stderr": Schema.array(Schema.string),
          ])), "executor": Schema.array(Schema.string), "restarts": Schema.count, "release?": Schema.named("Release"),
        "former_release?": Schema.integer, "update?": Schema.named("UpdateSummary"),
        "problems": Schema.array(Schema.string),
      ]),
      "TaskEvent": Schema.object([
        "time": Schema.time, "status": Schema.values(TaskStatus.self), "message?": Schema.string,
        "instance": Schema.count, "taskID": Schema.string,
      ]),
      "SlaFigures": Schema.object(
        [
          "time_to_assigned?": Schema.seconds, "time_to_running?": Schema.seconds,
          "uptime": Schema.map(Schema.seconds, "the least uptime of so many percent of the wanted instances"),
          "running": Schema.number,
        ], "medians of waits, uptimes by percentile, and the percentage of wanted instances that run"),
      "Receipt": Schema.object(
        [
          "key": Schema.key, "outcome": Schema.values(UpdatePlan.Outcome.self), "release?": Schema.integer,
          "update?": Schema.string,
        ], "the accepted change; update names the update that carries the change out"),
      "Plan": Schema.object([
        "key": Schema.key, "outcome": Schema.values(UpdatePlan.Outcome.self), "release": Schema.integer,
        "former_release?": Schema.integer,
        "changes": Schema.array(
          Schema.object([
            "instance": Schema.count, "kind": Schema.values(UpdatePlan.Change.Kind.self), "from?": Schema.integer,
            "to?": Schema.integer,
          ])), "untouched": Schema.count, "batches": Schema.array(Schema.array(Schema.count)),
        "current?": Schema.named("JobConfiguration"), "proposed?": Schema.named("JobConfiguration"),
        "seconds_per_instance?": Schema.number, "runs_as?": Schema.named("RunsAs"),
        "open_ports?": Schema.named("OpenPorts"),
      ]),
      "OpenPorts": ["type": "string", "description": "why tasks of the host can take ports of other tasks"],
      "RunsAs": Schema.object(
        ["user?": Schema.string, "instead_of?": Schema.string, "problem?": Schema.string],
        "the host's user that tasks run as, in place of the wanted user where the host allows that, or why none can"),
      "UpdateSummary": Schema.object([
        "id": Schema.string, "key": Schema.key, "status": Schema.values(UpdateStatus.self), "started_at": Schema.time,
        "user?": Schema.string, "message?": Schema.string,
        "instances": Schema.map(Schema.values(InstanceUpdateAction.self), "actions so far by instance"),
        "total": Schema.count,
      ]),
      "Update": Schema.object([
        "update": Schema.named("UpdateSummary"), "release": Schema.integer, "former_release": Schema.integer,
        "restart": Schema.bool, "since": Schema.time, "now": Schema.time,
        "configuration": Schema.named("UpdateConfiguration"),
        "steps": Schema.array(
          Schema.object([
            "instance": Schema.count, "phase": Schema.values(UpdateDetail.Step.Phase.self), "from?": Schema.integer,
            "to?": Schema.integer, "action?": Schema.values(InstanceUpdateAction.self), "failures": Schema.count,
            "task?": Schema.named("Instance"), "health?": Schema.named("HealthReport"),
          ])), "failures": Schema.list(of: "TaskEnding"),
      ]),
      "Release": Schema.object([
        "release": Schema.integer, "submitted_at": Schema.time, "user?": Schema.string, "reason?": Schema.string,
        "cause?": Schema.string, "result?": Schema.values(UpdateStatus.self), "current": Schema.bool,
        "running": Schema.count, "instances": Schema.count, "artifacts": Schema.list(of: "Artifact"),
        "source?": Schema.named("JobSource"),
      ]),
      "CronJob": Schema.object([
        "key": Schema.key, "cron": Schema.named("Cron"), "next": Schema.array(Schema.time),
        "last_run?": Schema.named("Instance"),
      ]),
      "Quota": Schema.object([
        "name": Schema.string, "limit?": Schema.named("Resources"), "used": Schema.named("Resources"),
      ]),
      "Whence": Schema.object([
        "key": Schema.key, "instance": Schema.named("Instance"), "release": Schema.named("Release"),
        "pid?": Schema.integer,
      ]),
      "WhenceAnswer": Schema.object(["found": Schema.list(of: "Whence"), "manifests": Schema.list(of: "BundleFacts")]),
      "BundleFacts": ["type": "object", "description": "target, segments and files of a bundle"],
      "Drain": Schema.object([
        "draining": Schema.bool, "since?": Schema.date, "force_at?": Schema.date, "user?": Schema.string,
        "reason?": Schema.string,
        "tasks": Schema.array(
          Schema.object([
            "instance": Schema.string, "status": Schema.values(TaskStatus.self),
            "waits_for?": Schema.values(["sla_policy"]),
          ])),
      ]),
      "Token": Schema.object([
        "name": Schema.string, "rights": Schema.array(Schema.string), "created": Schema.date,
        "created_by": Schema.string, "expired": Schema.bool, "expires?": Schema.date, "last_use?": Schema.date,
      ]),
      "AuditEntry": Schema.object([
        "time": Schema.date, "user": Schema.string, "by": Schema.values(["socket", "token", "login", "nobody"]),
        "uid?": Schema.integer, "token?": Schema.string, "address": Schema.string, "action": Schema.string,
        "job?": Schema.string, "reason?": Schema.string, "status": Schema.integer,
        "artifacts?": Schema.array(Schema.string), "file?": Schema.string, "commit?": Schema.string,
        "codes?": Schema.array(Schema.string),
      ]),
    ]
  }
}
