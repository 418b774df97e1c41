internal import JSON

/// The description of the API (OpenAPI 3.1), served at `/api/openapi.json`.
enum OpenAPI {
  /// One operation: method, path below `/api`, its effect, request and answer.
  struct Operation: Sendable {
    var method: String
    var path: String
    var summary: String
    var query: KeyValuePairs<String, JSONValue>
    /// The schema of a JSON body.
    var body: JSONValue?
    /// Whether the body is bytes of any kind.
    var takesBytes: Bool
    var answer: Answer

    init(
      _ method: String, _ path: String, _ summary: String, query: KeyValuePairs<String, JSONValue> = [:],
      body: JSONValue? = nil, bytes: Bool = false, answer: Answer
    ) {
      self.method = method
      self.path = path
      self.summary = summary
      self.query = query
      self.body = body
      takesBytes = bytes
      self.answer = answer
    }
  }

  /// The answer of an operation that succeeds.
  enum Answer: Sendable {
    case json(Int, JSONValue)
    /// Bytes of a media type.
    case stream(Int, String)
  }

  static var document: JSONValue {
    var paths = JSONObject()
    for operation in operations {
      var item = paths["/api" + operation.path]?.object ?? JSONObject()
      item[operation.method] = description(of: operation)
      paths["/api" + operation.path] = .object(item)
    }
    var schemas = JSONObject()
    for (name, schema) in configurationSchemas { schemas[name] = schema }
    for (name, schema) in answerSchemas { schemas[name] = schema }
    return .members([
      "openapi": "3.1.0",
      "info": ["title": "Kilt scheduler", "version": "1"],
      "paths": .object(paths),
      "components": [
        "schemas": .object(schemas), "securitySchemes": ["token": ["type": "http", "scheme": "bearer"]],
      ],
    ])
  }

  private static func description(of operation: Operation) -> JSONValue {
    var object = JSONObject([("summary", .string(operation.summary))])
    let names = operation.path.split(separator: "/").filter { $0.hasPrefix("{") }
      .map { String($0.dropFirst().dropLast()) }
    var parameters = names.map { parameter($0, in: "path", parts[$0] ?? Schema.identifier) }
    parameters += operation.query.map { parameter($0.key, in: "query", $0.value) }
    object["parameters"] = .array(parameters)
    if let body = operation.body {
      let content: JSONValue = ["application/json": ["schema": body]]
      object["requestBody"] = ["required": true, "content": content]
    } else if operation.takesBytes {
      let any: JSONValue = ["application/octet-stream": ["schema": Schema.string]]
      object["requestBody"] = ["content": any]
    }
    if operation.path != "/openapi.json" { object["security"] = [["token": []]] }
    object["responses"] = responses(operation.answer)
    return .object(object)
  }

  /// Parts of paths that are not identifiers.
  private static let parts: [String: JSONValue] = [
    "instance": Schema.count, "release": ["type": "integer", "minimum": 1],
    "stream": Schema.values(["stdout", "stderr"]), "update": Schema.string, "session": Schema.string,
  ]

  private static func parameter(_ name: String, in place: String, _ schema: JSONValue) -> JSONValue {
    ["name": .string(name), "in": .string(place), "required": .bool(place == "path"), "schema": schema]
  }

  private static func responses(_ answer: Answer) -> JSONValue {
    let code: Int
    let content: JSONValue
    switch answer {
    case .json(let status, let schema):
      code = status
      content = ["application/json": ["schema": schema]]
    case .stream(let status, let type):
      code = status
      content = .members([type: ["schema": Schema.string]])
    }
    var object = JSONObject()
    object[String(code)] = ["description": "done", "content": content]
    let error: JSONValue = ["application/json": ["schema": Schema.named("Error")]]
    object["default"] = ["description": "refused, with the reason", "content": error]
    return .object(object)
  }
}
