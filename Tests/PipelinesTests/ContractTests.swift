import JSON
import JobModel
import Pipelines
import Testing

@Suite struct ContractTests {
  @Test("An idempotency key is equal over attempts, and differs between partitions") func keys() throws {
    var run = makeRun([PipelineStep(name: "a", command: "a", partitions: .list(["x", "y"]), retries: 1)])
    _ = run.begin(at: at(0))
    let paths = StepContract.Paths(input: "/i", output: "/o", heartbeat: "/h", artifact: "/b.pex")
    func variables(_ key: AttemptKey) throws -> [String: String] {
      try #require(StepContract(run, key)).environment(paths)
    }
    let first = try variables(key(0, 0))
    #expect(first["KILT_IDEMPOTENCY_KEY"] == "demo-1/a/x" && first["KILT_ATTEMPT"] == "1")
    #expect(first["KILT_INPUT"] == "/i" && first["KILT_OUTPUT"] == "/o" && first["KILT_ARTIFACT"] == "/b.pex")
    #expect(try variables(key(0, 1))["KILT_IDEMPOTENCY_KEY"] == "demo-1/a/y")
    _ = run.apply(.ended(key(0, 0), failure), at: at(1))
    let second = try variables(key(0, 0, 2))
    #expect(second["KILT_IDEMPOTENCY_KEY"] == first["KILT_IDEMPOTENCY_KEY"] && second["KILT_ATTEMPT"] == "2")
    #expect(second["KILT_FENCE"] == "3" && first["KILT_FENCE"] == "1")
    #expect(StepContract(run, key(0, 0, 1)) == nil, "a former attempt has no contract")
  }

  @Test("Parameters are variables by their name in capitals") func parameters() throws {
    var run = PipelineRun(
      id: "r",
      definition: PipelineDefinition(
        name: "p", role: "u", commit: "abcdef1",
        parameters: [PipelineParameter(name: "day", kind: .date), PipelineParameter(name: "dry_run", kind: .bool)],
        steps: [PipelineStep(name: "a", command: "a")]),
      stage: "prod", parameters: JSONObject([("day", .string("2024-02-29")), ("dry_run", .bool(true))]),
      createdAt: at(0))
    _ = run.begin(at: at(0))
    let contract = try #require(StepContract(run, key(0)))
    let variables = contract.environment(.init(input: "i", output: "o", heartbeat: "h"))
    #expect(variables["KILT_PARAM_DAY"] == "2024-02-29" && variables["KILT_PARAM_DRY_RUN"] == "true")
    #expect(variables["KILT_STAGE"] == "prod" && variables["KILT_COMMIT"] == "abcdef1")
    #expect(variables["KILT_ARTIFACT"] == nil)
    #expect(contract.input["parameters"]?["dry_run"] == .bool(true) && contract.input["version"] == .int(1))
  }

  @Test("An output is a JSON object of bounded size; none is an empty one") func outputs() {
    #expect(StepContract.end(output: nil) == .succeeded(JSONObject()))
    #expect(StepContract.end(output: Array(#"{"a": 1}"#.utf8)) == .succeeded(JSONObject([("a", .int(1))])))
    for bad in ["[]", "{", "{\"a\": 1, \"a\": 2}", String(repeating: " ", count: PipelineLimits.output) + "{}"] {
      guard case .failed(0, let message) = StepContract.end(output: Array(bad.utf8)) else {
        Issue.record("taken: \(bad.prefix(20))")
        continue
      }
      #expect(message.hasPrefix("the output file "))
    }
  }

  @Test("A definition survives its JSON, with every field set") func coding() throws {
    let steps = [
      PipelineStep(
        name: "a", after: ["b"], command: "x", environment: ["A": "1"],
        resources: Resources(milliCPU: 250, ram: 1 << 20, disk: 2 << 20), partitions: .output(step: "b", key: "k"),
        parallel: 3, retries: 2, retryDelay: .milliseconds(1500), timeout: .seconds(9), heartbeat: .seconds(8),
        onFailure: .continue),
      PipelineStep(name: "b", command: "y", partitions: .list(["1", "2"])),
      PipelineStep(name: "c", command: "z", partitions: .count(4)),
    ]
    let definition = PipelineDefinition(
      name: "p", role: "u", contact: "me", artifact: "w", commit: "abcdef1",
      parameters: [PipelineParameter(name: "n", kind: .int, defaultValue: .int(3), description: "d")], steps: steps)
    #expect(try PipelineDefinition(json: try JSONValue(parsing: definition.json.text())) == definition)
  }

  @Test("The drawing escapes names, and lists steps in the order of their needs") func drawing() {
    let drawing = PipelineDrawing(
      PipelineDefinition(
        name: "p", role: "u",
        steps: [PipelineStep(name: "b<&", after: ["a"], command: "x"), PipelineStep(name: "a", command: "x")]))
    #expect(drawing.text == "a\n  b<&  after a\n")
    #expect(drawing.svg.contains("b&lt;&amp;") && !drawing.svg.contains("b<&"))
  }

  @Test("Days of the calendar are read, counted and refused") func dates() {
    #expect(CivilDate("2024-02-28")?.next.description == "2024-02-29")
    #expect(CivilDate("2023-12-31")?.next.description == "2024-01-01")
    for bad in ["2023-02-29", "2024-13-01", "2024-1-1", "+024-01-01", "", "2024-01-01x", "1900-02-29"] {
      #expect(CivilDate(bad) == nil, "\(bad)")
    }
  }

  @Test("Days count from 1970, over leap years and before 1970") func days() {
    let known: [(Int64, String)] = [
      (0, "1970-01-01"), (-1, "1969-12-31"), (59, "1970-03-01"), (11_016, "2000-02-29"), (19_782, "2024-02-29"),
      (19_783, "2024-03-01"), (-25_508, "1900-03-01"), (47_540, "2100-02-28"), (47_541, "2100-03-01"),
    ]
    for (days, text) in known { #expect(CivilDate(daysSince1970: days).description == text) }
    var date = CivilDate(daysSince1970: 0)
    for days in 1...4_000 {
      date = date.next
      #expect(CivilDate(daysSince1970: Int64(days)) == date)
    }
  }

  @Test("Names of runs sort by time, and differ between runs of one second") func names() {
    let time = Timestamp(milliseconds: 1_709_208_000_000)
    #expect(PipelineRun.newName(of: "w", at: time, number: 0x4f2a) == "w-20240229-120000-00004f2a")
    #expect(Set((0..<100).map { _ in PipelineRun.newName(of: "w", at: time) }).count == 100)
  }
}
