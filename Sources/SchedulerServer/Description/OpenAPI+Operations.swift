internal import JSON
internal import JobModel

extension OpenAPI {
  static let operations: [Operation] = cluster + jobs + changes + updates + instances + pipelines + host + access

  private static let job = "/jobs/{cluster}/{role}/{stage}/{name}"
  private static let empty = Schema.object([:], isClosed: true)
  private static let instanceList = Schema.array(Schema.count, atLeast: 1)
  private static let submission = Schema.object(
    ["configuration": Schema.named("JobConfiguration"), "instances?": instanceList, "create?": Schema.bool],
    isClosed: true, "all instances by default; create allows to create an absent job, and is true by default")
  private static let terminal = Schema.object(["columns": Schema.integer, "rows": Schema.integer], isClosed: true)

  private static let cluster: [Operation] = [
    Operation("get", "/openapi.json", "This description.", answer: .json(200, ["type": "object"])),
    Operation(
      "get", "/cluster", "The cluster's name, platform and repository.", answer: .json(200, Schema.named("Cluster"))),
    Operation(
      "get", "/jobs", "All jobs of the cluster.",
      answer: .json(200, Schema.object(["jobs": Schema.list(of: "JobSummary")]))),
    Operation(
      "get", "/events", "State changes as server-sent events, from now on.", answer: .stream(200, "text/event-stream")),
    Operation(
      "get", "/services",
      "Jobs with an announcer and the tasks that can be called. With follow=1, server-sent events of the same content: "
        + "at once, after each change, and every 10 s.",
      query: ["follow": flag], answer: .json(200, Schema.object(["services": Schema.list(of: "Service")]))),
    Operation(
      "get", "/services/{cluster}/{role}/{stage}/{name}", "The tasks of one job that can be called.",
      answer: .json(200, Schema.named("Service"))),
    Operation(
      "get", "/discovery/prometheus", "The same as Prometheus' http_sd_configs reads it; by default the primary ports.",
      query: ["port": Schema.string, "role": Schema.string, "stage": Schema.string, "job": Schema.string],
      answer: .json(
        200,
        Schema.array(
          Schema.object(["targets": Schema.array(Schema.string), "labels": Schema.map(Schema.string)])))),
    Operation(
      "get", "/cron", "The cron jobs with their next runs.",
      answer: .json(200, Schema.object(["jobs": Schema.list(of: "CronJob")]))),
    Operation(
      "get", "/whence",
      "The instances behind a process of the host, a port of it, or the digest or size of a bundle; with the target, "
        + "segments and files of their bundles.",
      query: ["pid": Schema.integer, "port": Schema.integer, "digest": Schema.string, "size": Schema.integer],
      answer: .json(200, Schema.named("WhenceAnswer"))),
    Operation(
      "get", "/quotas", "Quotas by role and stage, and what their jobs ask for.",
      answer: .json(200, Schema.object(["quotas": Schema.list(of: "Quota")]))),
    quota("get", "/quotas/{role}", "The quota of a role."), quota("put", "/quotas/{role}", "Sets the quota of a role."),
    quota("delete", "/quotas/{role}", "Removes the quota of a role."),
    quota("get", "/quotas/{role}/{stage}", "The quota of a stage of a role."),
    quota("put", "/quotas/{role}/{stage}", "Sets the quota of a stage of a role."),
    quota("delete", "/quotas/{role}/{stage}", "Removes the quota of a stage of a role."),
  ]

  private static func quota(_ method: String, _ path: String, _ summary: String) -> Operation {
    Operation(
      method, path, summary, body: method == "put" ? Schema.named("Resources") : nil,
      answer: .json(200, Schema.named("Quota")))
  }

  private static let jobs: [Operation] = [
    Operation(
      "post", "/jobs", "Creates a job and starts its instances.", body: Schema.named("JobConfiguration"),
      answer: .json(201, Schema.named("Receipt"))),
    Operation(
      "get", job,
      "One job: instances, how tasks ended, SLA figures, events, configuration; with ended=1 after it was killed too.",
      query: ["ended": flag], answer: .json(200, Schema.named("Job"))),
    Operation(
      "get", job + "/failures", "Why instances failed last: health answer, exit code or signal, last lines of output.",
      answer: .json(200, Schema.object(["failures": Schema.list(of: "TaskEnding")]))),
    Operation(
      "get", job + "/sla", "How well the job is served: median waits, and uptimes by percentile.",
      answer: .json(200, Schema.named("SlaFigures"))),
    Operation(
      "get", job + "/releases", "The releases of a job, the newest first.",
      answer: .json(200, Schema.object(["releases": Schema.list(of: "Release")]))),
    Operation(
      "get", job + "/releases/{release}", "One release with its configuration.",
      answer: .json(
        200,
        Schema.object(["release": Schema.named("Release"), "configuration": Schema.named("JobConfiguration")]))),
  ]

  private static let changes: [Operation] = [
    change(
      "/kill", "Kills a job, or some of its instances; all by default.",
      Schema.object(["instances?": instanceList], isClosed: true)),
    change(
      "/restart",
      "Restarts a job's instances in batches, each watched until it is healthy; with at_once all together.",
      Schema.object(["instances?": instanceList, "at_once?": Schema.bool], isClosed: true)),
    Operation(
      "post", job + "/plan", "Describes the effect of an update, and changes nothing.", body: submission,
      answer: .json(202, Schema.named("Plan"))),
    change("/update", "Updates a job to a configuration in batches; creates a job that does not exist.", submission),
    change("/update/pause", "Pauses the update in progress.", empty),
    change("/update/resume", "Resumes a paused update.", empty),
    change("/update/abort", "Ends the update and leaves every instance as it is.", empty),
    change("/update/rollback", "Rolls the update in progress back.", empty),
    change("/update/pulse", "A sign of life for an update with a pulse interval.", empty),
    planned(
      "/rollback",
      "Rolls the update in progress back, or updates the job to an earlier release, by default the one before the "
        + "present one. With dry_run, answers with the plan.",
      Schema.object(["release?": Schema.integer, "dry_run?": Schema.bool], isClosed: true)),
    planned(
      "/scale", "Changes the number of instances. With dry_run, answers with the plan.",
      Schema.object(["count": Schema.integer, "dry_run?": Schema.bool], isClosed: true)),
    change("/cron/start", "Runs a cron job now.", empty),
  ]

  private static func change(_ path: String, _ summary: String, _ body: JSONValue) -> Operation {
    Operation("post", job + path, summary, body: body, answer: .json(202, Schema.named("Receipt")))
  }

  private static func planned(_ path: String, _ summary: String, _ body: JSONValue) -> Operation {
    Operation(
      "post", job + path, summary, body: body,
      answer: .json(202, Schema.anyOf([Schema.named("Receipt"), Schema.named("Plan")])))
  }

  private static let updates: [Operation] = [
    Operation(
      "get", job + "/update", "The update in progress or the last one, by instance.",
      answer: .json(200, Schema.named("Update"))),
    Operation(
      "get", "/updates", "Updates of all jobs, the newest first; with active=1 those in progress.",
      query: ["active": flag], answer: .json(200, Schema.object(["updates": Schema.list(of: "UpdateSummary")]))),
    Operation("get", "/updates/{update}", "One update, by instance.", answer: .json(200, Schema.named("Update"))),
  ]

  private static let instances: [Operation] = [
    Operation(
      "get", job + "/why",
      "Why tasks of a job died: of each instance the last failure, or the end nearest to a time.",
      query: [
        "instance": Schema.count, "at": ["type": "integer", "description": "milliseconds since 1970"],
        "lines": ["type": "integer", "minimum": 0, "maximum": 1000],
      ], answer: .json(200, Schema.named("WhyAnswer"))),
    Operation(
      "get", job + "/instances/{instance}/whence",
      "Where an instance comes from: release, artifacts with their files, who deployed it.",
      answer: .json(200, Schema.named("WhenceAnswer"))),
    Operation(
      "post", job + "/logs",
      "Logs of all instances as frames: a line of JSON (instance, task, process, run, stream, position, time, length), "
        + "and so many bytes. A frame with end says that nothing more comes, one with alive that nothing was written.",
      body: Schema.object(
        [
          "instances?": instanceList, "processes?": Schema.array(Schema.string),
          "streams?": Schema.array(Schema.values(["stdout", "stderr"])), "follow?": Schema.bool,
          "tail?": Schema.integer, "since?": Schema.time, "task?": Schema.string, "all?": Schema.bool,
          "positions?": Schema.array(
            Schema.object([
              "instance": Schema.count, "task": Schema.string, "process": Schema.string, "run": Schema.count,
              "stream": Schema.values(["stdout", "stderr"]), "position": Schema.count,
            ])),
        ], isClosed: true, "positions: where a reader that was cut off goes on"),
      answer: .stream(200, "application/octet-stream")),
    Operation(
      "get", job + "/instances/{instance}/logs/{process}/{stream}",
      "A process's stdout or stderr; with follow=1 as it is written, until the task ends.",
      query: [
        "task": Schema.string, "run": Schema.count,
        "offset": ["type": "integer", "description": "bytes from the start; negative: before the end"], "follow": flag,
      ], answer: .stream(200, "text/plain")),
    Operation(
      "post", job + "/instances/{instance}/exec",
      "Starts a command in the sandbox of an instance; with columns and rows, on its own terminal.",
      body: Schema.object(
        [
          "command": Schema.array(Schema.string, atLeast: 1), "columns?": Schema.integer, "rows?": Schema.integer,
        ], isClosed: true), answer: .json(202, Schema.object(["session": Schema.string]))),
    Operation(
      "post", job + "/exec/{session}/output",
      "The command's output as frames: a byte for the kind (1 output, 2 error output, 3 exit code), four bytes for "
        + "the length, the content. The command ends when the reader leaves.",
      answer: .stream(200, "application/octet-stream")),
    Operation(
      "post", job + "/exec/{session}/input",
      "Sends the body's bytes to the command's standard input; with end=1, ends it.", query: ["end": flag],
      bytes: true, answer: .json(202, ["type": "object"])),
    Operation(
      "post", job + "/exec/{session}/resize", "Tells the command's terminal its size.", body: terminal,
      answer: .json(202, ["type": "object"])),
  ]

  private static let pipelines: [Operation] = [
    Operation(
      "get", "/pipelines", "The runs of pipelines that the caller can see, the newest first.",
      answer: .json(200, Schema.object(["runs": Schema.list(of: "PipelineRun")]))),
    Operation(
      "post", "/pipelines", "Starts a run of a pipeline.",
      body: Schema.object(
        [
          "definition": ["type": "object"], "stage": Schema.string, "parameters?": ["type": "object"],
          "artifact?": ["type": "object"], "step?": Schema.string, "with_followers?": Schema.bool,
        ], isClosed: true, "step: only this step; with_followers: and the steps that need it"),
      answer: .json(201, Schema.named("PipelineRun"))),
    Operation(
      "get", "/pipelines/schedules", "The scheduled pipelines that the caller can see.",
      answer: .json(200, Schema.object(["schedules": Schema.list(of: "ScheduledPipeline")]))),
    Operation(
      "post", "/pipelines/schedules", "Puts a pipeline with a schedule on the schedule, or replaces its schedule.",
      body: Schema.object(
        [
          "definition": ["type": "object"], "stage": Schema.string, "parameters?": ["type": "object"],
          "artifact?": ["type": "object"],
        ], isClosed: true, "parameters of type date can be missing: each run gets its day"),
      answer: .json(201, Schema.named("ScheduledPipeline"))),
    Operation(
      "delete", "/pipelines/schedules/{role}/{stage}/{name}", "Takes a pipeline off the schedule.",
      answer: .json(200, ["type": "object"])),
    Operation(
      "get", "/pipelines/{run}", "One run with its steps, partitions and newest attempts.",
      answer: .json(200, Schema.named("PipelineRun"))),
    Operation(
      "post", "/pipelines/{run}/cancel", "Cancels a run: its attempts are asked to end, and nothing more starts.",
      body: empty, answer: .json(202, Schema.named("PipelineRun"))),
    Operation(
      "post", "/pipelines/{run}/retry", "Runs the failed steps of an ended run again, and the steps after them.",
      body: empty,
      answer: .json(202, Schema.named("PipelineRun"))),
  ]

  private static let host: [Operation] = [
    Operation(
      "get", "/drain", "Whether the host is being drained, and what still runs.",
      answer: .json(200, Schema.named("Drain"))),
    Operation(
      "post", "/drain",
      "Empties the host: tasks end as SLA policies allow, and none starts. After patience seconds the rest ends too.",
      body: Schema.object(
        ["patience?": ["type": "number", "minimum": 0, "exclusiveMaximum": 1_000_000_000], "reason?": Schema.string],
        isClosed: true), answer: .json(200, Schema.named("Drain"))),
    Operation(
      "delete", "/drain", "Lets the host take tasks again.", answer: .json(200, Schema.named("Drain"))),
    Operation(
      "get", "/nodes", "Where tasks run: this machine, or the nodes of a Docker Swarm with their image.",
      answer: .json(200, nodes)),
    Operation(
      "post", "/nodes/{node}/drain", "Has the tasks of a node moved elsewhere, at the pace of their jobs' updates.",
      body: empty, answer: .json(200, nodes)),
    Operation("delete", "/nodes/{node}/drain", "Lets a node take tasks again.", answer: .json(200, nodes)),
    Operation(
      "post", "/backup", "Writes a copy of the database below the state directory.",
      answer: .json(201, Schema.object(["path": Schema.string]))),
  ]

  private static let nodes = Schema.object(
    [
      "engine": Schema.values(["local", "swarm"]), "docker?": Schema.string, "image?": Schema.string,
      "image_id?": Schema.string, "scheduler_id?": Schema.string, "problem?": Schema.string,
      "nodes": Schema.array(
        Schema.object([
          "id": Schema.string, "hostname": Schema.string, "address": Schema.string, "state": Schema.string,
          "has_image": Schema.bool, "tasks": Schema.count, "cpu": Schema.number, "cpu_used": Schema.number,
          "ram": Schema.count, "ram_used": Schema.count,
        ])),
    ])

  private static let access: [Operation] = [
    Operation(
      "get", "/whoami", "The caller's name and rights.",
      answer: .json(200, Schema.object(["name": Schema.string, "rights": Schema.array(Schema.string)]))),
    Operation(
      "get", "/tokens", "All tokens, without their texts.",
      answer: .json(200, Schema.object(["tokens": Schema.list(of: "Token")]))),
    Operation(
      "post", "/tokens", "Creates a token; its text is in this answer only.",
      body: Schema.object(
        [
          "name": ["type": "string", "pattern": "^[A-Za-z0-9_.-]{1,64}$"],
          "rights": [
            "type": "array", "minItems": 1, "items": ["type": "string"],
            "description": "read, admin, or \"deploy ROLE/STAGE\" where * is any",
          ],
          "expires_in?": [
            "type": "integer", "minimum": 1, "maximum": 3_155_760_000, "description": "seconds",
          ],
        ], isClosed: true),
      answer: .json(
        201,
        Schema.object([
          "name": Schema.string, "token": Schema.string, "server": Schema.string, "fingerprint?": Schema.string,
        ]))),
    Operation(
      "delete", "/tokens/{name}", "Revokes a token.",
      answer: .json(200, Schema.object(["name": Schema.string]))),
    Operation(
      "get", "/audit", "Changes that were asked for, oldest first.",
      query: [
        "job": Schema.string, "user": Schema.string, "since": Schema.string,
        "limit": ["type": "integer", "minimum": 1, "maximum": 100_000],
      ], answer: .json(200, Schema.object(["entries": Schema.list(of: "AuditEntry")]))),
    Operation(
      "post", "/login", "Makes a link that opens the pages once.",
      answer: .json(201, Schema.object(["url": Schema.string, "expires_in": Schema.count]))),
    Operation(
      "post", "/code", "Makes a code that allows one change from a page.",
      answer: .json(201, Schema.object(["code": Schema.string, "expires_in": Schema.count]))),
  ]

  private static let flag: JSONValue = ["type": "string", "enum": ["0", "1"]]
}
