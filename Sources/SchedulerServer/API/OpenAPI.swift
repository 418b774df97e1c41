internal import JSON

/// The description of the API (OpenAPI 3.1), served at `/api/openapi.json`.
enum OpenAPI {
  /// One operation: method, path below `/api`, what it does.
  struct Operation: Sendable {
    var method: String
    var path: String
    var summary: String
    var body: String?
    var query: [String] = []
  }

  static let operations: [Operation] = [
    Operation(method: "get", path: "/cluster", summary: "The cluster's name, platform and repository."),
    Operation(method: "get", path: "/jobs", summary: "All jobs of the cluster."),
    Operation(
      method: "post", path: "/jobs", summary: "Creates a job and starts its instances.", body: "a job configuration"),
    Operation(
      method: "get", path: jobPath,
      summary: "One job: instances, how tasks ended, events, configuration; with ended=1 after it was killed too.",
      query: ["ended"]),
    Operation(
      method: "post", path: jobPath + "/kill", summary: "Kills a job, or some of its instances.",
      body: "{\"instances\": [0, 2]}; an empty object for all"),
    Operation(
      method: "post", path: jobPath + "/restart",
      summary: "Restarts a job's instances in batches, each watched until it is healthy; with at_once all together.",
      body: "{\"instances\": [0, 2], \"at_once\": false}; an empty object for all"),
    Operation(
      method: "post", path: jobPath + "/plan", summary: "Describes the effect of an update, and changes nothing.",
      body: submissionBody),
    Operation(
      method: "post", path: jobPath + "/update",
      summary: "Updates a job to a configuration in batches; creates a job that does not exist.",
      body: submissionBody),
    Operation(
      method: "get", path: jobPath + "/update", summary: "The update in progress or the last one, by instance."),
    Operation(method: "post", path: jobPath + "/update/pause", summary: "Pauses the update in progress.", body: noBody),
    Operation(method: "post", path: jobPath + "/update/resume", summary: "Resumes a paused update.", body: noBody),
    Operation(
      method: "post", path: jobPath + "/update/abort", summary: "Ends the update and leaves every instance as it is.",
      body: noBody),
    Operation(
      method: "post", path: jobPath + "/update/rollback", summary: "Rolls the update in progress back.", body: noBody),
    Operation(
      method: "post", path: jobPath + "/update/pulse", summary: "A sign of life for an update with a pulse interval.",
      body: noBody),
    Operation(
      method: "post", path: jobPath + "/rollback",
      summary: "Rolls the update in progress back, or updates the job to an earlier release.",
      body: "{\"release\": 3, \"dry_run\": false}; an empty object for the release before the present one"),
    Operation(
      method: "post", path: jobPath + "/scale", summary: "Changes the number of instances.",
      body: "{\"count\": 4, \"dry_run\": false}"),
    Operation(
      method: "get", path: jobPath + "/failures",
      summary: "Why instances failed last: health answer, exit code or signal, last lines of output."),
    Operation(method: "get", path: jobPath + "/releases", summary: "The releases of a job, the newest first."),
    Operation(
      method: "get", path: jobPath + "/releases/{release}", summary: "One release with its configuration."),
    Operation(
      method: "post", path: jobPath + "/instances/{instance}/exec",
      summary: "Starts a command in the sandbox of an instance; with columns and rows, on a terminal of its own.",
      body: "{\"command\": [\"ls\", \"-l\"], \"columns\": 80, \"rows\": 24}"),
    Operation(
      method: "post", path: jobPath + "/exec/{session}/output",
      summary:
        "The command's output as frames: a byte for the kind (1 output, 2 error output, 3 exit code), four bytes "
        + "for the length, the content. The command ends when the reader leaves."),
    Operation(
      method: "post", path: jobPath + "/exec/{session}/input",
      summary: "Sends the body's bytes to the command's standard input; with end=1, ends it.", query: ["end"]),
    Operation(
      method: "post", path: jobPath + "/exec/{session}/resize", summary: "Tells the command's terminal its size.",
      body: "{\"columns\": 80, \"rows\": 24}"),
    Operation(method: "post", path: jobPath + "/cron/start", summary: "Runs a cron job now.", body: noBody),
    Operation(
      method: "get", path: "/whence",
      summary:
        "The instances behind a process of the host, a port of it, or the digest or size of a bundle; with the target, "
        + "segments and files of their bundles.",
      query: ["pid", "port", "digest", "size"]),
    Operation(
      method: "get", path: jobPath + "/instances/{instance}/whence",
      summary: "Where an instance comes from: release, artifacts with their files, who deployed it."),
    Operation(method: "get", path: "/cron", summary: "The cron jobs with their next runs."),
    Operation(method: "get", path: "/quotas", summary: "Quotas by role and stage, and what their jobs ask for."),
    Operation(method: "get", path: "/quotas/{role}", summary: "The quota of a role."),
    Operation(method: "put", path: "/quotas/{role}", summary: "Sets the quota of a role.", body: quotaBody),
    Operation(method: "delete", path: "/quotas/{role}", summary: "Removes the quota of a role."),
    Operation(method: "get", path: "/quotas/{role}/{stage}", summary: "The quota of a stage of a role."),
    Operation(
      method: "put", path: "/quotas/{role}/{stage}", summary: "Sets the quota of a stage of a role.", body: quotaBody),
    Operation(method: "delete", path: "/quotas/{role}/{stage}", summary: "Removes the quota of a stage of a role."),
    Operation(
      method: "get", path: "/updates",
      summary: "Updates of all jobs, the newest first; with active=1 those in progress.",
      query: ["active"]),
    Operation(method: "get", path: "/updates/{update}", summary: "One update, by instance."),
    Operation(
      method: "get", path: jobPath + "/instances/{instance}/logs/{process}/{stream}",
      summary: "A process's stdout or stderr; with follow=1 as it is written, until the task ends.",
      query: ["task", "run", "offset", "follow"]),
    Operation(method: "get", path: "/events", summary: "State changes as server-sent events."),
    Operation(
      method: "post", path: "/drain", summary: "Empties the host: tasks end as SLA policies allow, and none starts.",
      body: "{\"patience\": 600} ends the rest after so many seconds; an empty object waits"),
    Operation(method: "delete", path: "/drain", summary: "Lets the host take tasks again."),
    Operation(method: "get", path: "/drain", summary: "Whether the host is being drained, and what still runs."),
    Operation(
      method: "post", path: "/backup", summary: "Writes a copy of the database below the state directory.",
      body: "an empty object"),
    Operation(method: "get", path: "/whoami", summary: "The caller's name and rights."),
    Operation(method: "get", path: "/tokens", summary: "All tokens, without their texts."),
    Operation(
      method: "post", path: "/tokens", summary: "Creates a token; its text is in this answer only.",
      body: "{\"name\": \"ci\", \"rights\": [\"deploy www-data/prod\"], \"expires_in\": 86400}"),
    Operation(method: "delete", path: "/tokens/{name}", summary: "Revokes a token."),
    Operation(
      method: "get", path: "/audit", summary: "Changes that were asked for, oldest first.",
      query: ["job", "user", "since", "limit"]),
    Operation(method: "post", path: "/login", summary: "Makes a link that opens the pages once."),
    Operation(method: "post", path: "/code", summary: "Makes a code that allows one change from a page."),
    Operation(method: "get", path: "/openapi.json", summary: "This description."),
  ]

  private static let submissionBody =
    "{\"configuration\": a job configuration, \"instances\": [0], \"create\": true}; all instances by default"
  private static let quotaBody = "{\"cpu\": 4, \"ram\": 8589934592, \"disk\": 21474836480}; bytes"
  private static let noBody = "an empty object"
  private static let jobPath = "/jobs/{cluster}/{role}/{stage}/{name}"

  static var document: JSONValue {
    var paths = JSONObject()
    for operation in operations {
      var item = paths["/api" + operation.path]?.object ?? JSONObject()
      item[operation.method] = description(of: operation)
      paths["/api" + operation.path] = .object(item)
    }
    return .members([
      "openapi": "3.1.0",
      "info": ["title": "Kilt scheduler", "version": "1"],
      "paths": .object(paths),
      "components": ["securitySchemes": ["token": ["type": "http", "scheme": "bearer"]]],
    ])
  }

  private static func description(of operation: Operation) -> JSONValue {
    var names: [(String, String)] = operation.path.split(separator: "/")
      .filter { $0.hasPrefix("{") }.map { (String($0.dropFirst().dropLast()), "path") }
    names += operation.query.map { ($0, "query") }
    var object = JSONObject([("summary", .string(operation.summary))])
    object["parameters"] = .array(
      names.map { name, place in
        ["name": .string(name), "in": .string(place), "required": .bool(place == "path"), "schema": ["type": "string"]]
      })
    if let body = operation.body {
      object["requestBody"] = [
        "description": .string(body), "content": ["application/json": ["schema": ["type": "object"]]],
      ]
    }
    if operation.path != "/openapi.json" { object["security"] = [["token": []]] }
    object["responses"] = [
      "200": ["description": "done"],
      "default": ["description": "{\"error\": {\"message\", \"remedy\"}}"],
    ]
    return .object(object)
  }
}
