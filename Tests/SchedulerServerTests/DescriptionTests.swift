import Discovery
import HTTPClient
import JSON
import JobModel
import Pipelines
import SchedulerClient
import SystemSupport
import TestServers
import Testing

@testable import SchedulerServer

/// The description of the API against the answers of the built scheduler.
@Suite(.serialized) struct DescriptionTests {
  @Test("Every operation describes its request and its answer, and every reference resolves")
  func complete() throws {
    let document = OpenAPI.document
    let schemas = try #require(document["components"]?["schemas"]?.object)
    var open = [document]
    while let value = open.popLast() {
      if let reference = value["$ref"]?.string {
        #expect(schemas[String(reference.split(separator: "/").last ?? "")] != nil, "\(reference)")
      }
      open += value.array ?? value.object?.map(\.value) ?? []
    }
    for operation in OpenAPI.operations {
      // What takes no body is not a change of a job, or names all in its path.
      let takesNone = ["/login", "/code", "/backup"].contains(operation.path) || operation.path.hasSuffix("/output")
      if ["post", "put"].contains(operation.method), !takesNone {
        #expect(operation.body != nil || operation.takesBytes, "\(operation.method) \(operation.path)")
      }
    }
  }

  @Test("The answers of a scheduler match the description")
  func answers() throws {
    let fixture = try SchedulerFixture()
    let key = SchedulerFixture.key(), job = "/api/jobs/\(SchedulerFixture.key())"
    var failing = fixture.job("failing", instances: 1)
    failing.healthCheck = nil
    failing.task.processes[0].cmdline = "echo no luck >&2; exit 3"
    var daily = fixture.job("daily", instances: 1)
    daily.isService = false
    daily.cron = CronConfiguration(schedule: "@daily")
    var pinger = fixture.job(instances: 1)
    pinger.announce = Announcer()
    var other = pinger
    other.instances = 2
    let check = Check()
    func send(_ method: HTTPMethod, _ path: String, _ body: JSONValue? = nil, _ template: String? = nil) throws {
      try check.answer(fixture.request(method, path, body), method.rawValue.lowercased(), template ?? path)
    }
    let template = "/api/jobs/{cluster}/{role}/{stage}/{name}"
    for configuration in [pinger, failing, daily] { try send(.post, "/api/jobs", configuration.json) }
    _ = try fixture.waitForInstances(key, "it runs") { $0.first?.status == .running }
    _ = try fixture.waitForInstances(failing.key, "it has failed") { $0.first?.status == .throttled }
    let submission: JSONValue = ["configuration": other.json]
    try send(.post, job + "/plan", submission, template + "/plan")
    try send(.post, job + "/scale", ["count": 2, "dry_run": true], template + "/scale")
    try send(.post, job + "/update", submission, template + "/update")
    for path in ["", "/failures", "/sla", "/releases", "/update", "/why"] {
      try send(.get, job + path, nil, template + path)
    }
    try send(.get, job + "/releases/1", nil, template + "/releases/{release}")
    try send(.get, job + "/instances/0/whence", nil, template + "/instances/{instance}/whence")
    try send(.get, "/api/jobs/\(failing.key)", nil, template)
    try send(.get, "/api/jobs/\(failing.key)/failures", nil, template + "/failures")
    try send(.get, "/api/jobs/\(failing.key)/why?instance=0&lines=5&at=0", nil, template + "/why")
    try send(
      .put, "/api/quotas/nobody", ["cpu": 64, "ram": 68_719_476_736, "disk": 68_719_476_736], "/api/quotas/{role}")
    try waitUntil("it is announced") {
      try fixture.client().service(key)?.instances.isEmpty == false
    }
    try send(.get, "/api/services/\(key)", nil, "/api/services/{cluster}/{role}/{stage}/{name}")
    for path in [
      "cluster", "jobs", "services", "discovery/prometheus", "cron", "quotas", "updates", "whoami", "tokens", "drain",
      "nodes",
    ] {
      try send(.get, "/api/\(path)")
    }
    let pipeline = PipelineDefinition(
      name: "demo", role: SchedulerFixture.user, steps: [PipelineStep(name: "wait", command: "sleep 600")])
    try send(.post, "/api/pipelines", ["definition": pipeline.json, "stage": "devel"])
    try send(.get, "/api/pipelines")
    let run = try #require(try fixture.client().pipelineRuns().first?["run"]?.string)
    try send(.get, "/api/pipelines/\(run)", nil, "/api/pipelines/{run}")
    try send(.post, "/api/pipelines/\(run)/cancel", [:], "/api/pipelines/{run}/cancel")
    try send(.post, "/api/tokens", ["name": "ci", "rights": ["read"]])
    try send(.get, "/api/audit")
    try send(.post, "/api/login")
    try send(.post, "/api/backup")
    try send(.post, "/api/drain", ["patience": 0])
    try send(.delete, "/api/drain")
    // Refusals too.
    try send(.post, "/api/drain", ["patients": 0])
    try send(.post, job + "/scale", ["count": "two"], template + "/scale")
    try send(.get, job + "/releases/99", nil, template + "/releases/{release}")
    #expect(check.refused == 3 && check.accepted >= 35)
  }

  /// Compares answers with the description.
  private final class Check {
    private let document = OpenAPI.document
    private(set) var accepted = 0
    private(set) var refused = 0

    func answer(_ response: HTTPResponse, _ method: String, _ path: String) throws {
      let responses = try #require(document["paths"]?[path]?[method]?["responses"], "\(method) \(path)")
      let isRefusal = response.status >= 400
      if isRefusal { refused += 1 } else { accepted += 1 }
      let described = responses[isRefusal ? "default" : String(response.status)]
      let schema = try #require(
        described?["content"]?["application/json"]?["schema"], "\(method) \(path): \(response.status) \(response.text)")
      let problems = problems(of: try JSONValue(parsing: response.body), schema, "$")
      #expect(problems.isEmpty, "\(method) \(path): \(problems.joined(separator: "; "))\n\(response.text)")
    }

    /// The keywords that the description uses. An undescribed member is a problem: the description is whole.
    private func problems(of value: JSONValue, _ schema: JSONValue, _ place: String) -> [String] {
      if let reference = schema["$ref"]?.string {
        let name = String(reference.split(separator: "/").last ?? "")
        return problems(of: value, document["components"]?["schemas"]?[name] ?? .null, place)
      }
      for union in ["anyOf", "oneOf"] {
        guard let choices = schema[union]?.array else { continue }
        let all = choices.map { problems(of: value, $0, place) }
        return all.contains { $0.isEmpty } ? [] : all.first ?? []
      }
      let types = schema["type"]?.strings ?? [schema["type"]?.string ?? "none"]
      guard types.contains(where: { isOf(value, $0) }) else {
        return ["\(place) is no \(types.joined(separator: " or "))"]
      }
      if let values = schema["enum"]?.strings, !values.contains(value.string ?? "") {
        return ["\(place) is \(value.text())"]
      }
      var found: [String] = []
      for (index, element) in (value.array ?? []).enumerated() {
        found += problems(of: element, schema["items"] ?? .null, "\(place)[\(index)]")
      }
      for name in schema["required"]?.strings ?? [] where value[name] == nil {
        found.append("\(place).\(name) is missing")
      }
      guard let properties = schema["properties"] ?? schema["additionalProperties"].map({ _ in [:] }) else {
        return found
      }
      for (name, member) in value.object ?? JSONObject() {
        guard let schema = properties[name] ?? schema["additionalProperties"] else {
          found.append("\(place).\(name) is not described")
          continue
        }
        found += problems(of: member, schema, "\(place).\(name)")
      }
      return found
    }

    private func isOf(_ value: JSONValue, _ type: String) -> Bool {
      switch type {
      case "object": value.object != nil
      case "array": value.array != nil
      case "string": value.string != nil
      case "boolean": value.bool != nil
      case "integer": value.int != nil
      case "number": value.double != nil || value.int != nil
      case "null": value.isNull
      default: false
      }
    }
  }
}
