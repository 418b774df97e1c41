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
      method: "post", path: jobPath + "/restart", summary: "Restarts a job's instances.",
      body: "{\"instances\": [0, 2]}; an empty object for all"),
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
