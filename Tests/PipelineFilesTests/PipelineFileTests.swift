import Diagnostics
import JSON
import JobModel
import PipelineFiles
import Pipelines
import Testing

@Suite struct PipelineFileTests {
  private static let good = """
    pipeline: pageviews
    role: www-data
    contact: data@acme.example
    artifact: pageviews
    commit: 1234567
    parameters:
      day: {type: date, default: 2024-02-29, description: Day to read}
      depth: {type: int}
    steps:
      list:
        command: $KILT_ARTIFACT list
        retries: {count: 3, delay: 30s}
      rollup:
        after: [list]
        command: $KILT_ARTIFACT rollup
        partitions: {from: list, key: hours}
        parallel: 4
        resources: {cpu: 0.5, ram: 256MB, disk: 1GB}
        timeout: 10m
        heartbeat: 1m
        env: {LEVEL: "3"}
        on_failure: continue
      join: {after: rollup, command: "true", instances: 2}
    stages:
      devel:
      prod: {commit: abcdef0, parameters: {depth: 9}}
    """

  private static func problems(_ text: String) -> [Diagnostic] {
    do {
      _ = try PipelineFile(parsing: Array(text.utf8), path: "p.yaml")
      return []
    } catch let list as DiagnosticList {
      return list.diagnostics
    } catch let error as any DiagnosableError {
      return [error.diagnostic]
    } catch {
      return [Diagnostic(.defect, "\(error)")]
    }
  }

  @Test("A schedule is a crontab line, or a mapping with a zone, and is checked with its place") func schedule() throws
  {
    func definition(_ lines: String) throws -> PipelineDefinition {
      let text = "pipeline: p\nrole: r\n\(lines)\nsteps: {a: {command: x}}\n"
      return try PipelineFile(parsing: Array(text.utf8), path: "p.yaml").definition(stage: nil)
    }
    let short = try definition("schedule: \"0 4 * * *\"")
    #expect(short.schedule == CronConfiguration(schedule: "0 4 * * *") && short.runLimit == 1)
    let whole = try definition(
      "concurrency: 3\nschedule: {schedule: \"@daily\", timezone: \"+02:00\", collision: CANCEL_NEW}")
    #expect(
      whole.schedule == CronConfiguration(schedule: "@daily", timeZone: "+02:00", collisionPolicy: .cancelNew)
        && whole.runLimit == 3)
    #expect(try PipelineDefinition(json: whole.json) == whole)
    for (line, message) in [
      ("schedule: sometimes", "invalid schedule \"sometimes\""), ("schedule: {timezone: UTC}", "has no schedule"),
      ("schedule: {schedule: \"@daily\", timezone: Mars/Base}", "unknown time zone \"Mars/Base\""),
      ("schedule: {schedule: \"@daily\", collision: both}", "unknown value \"both\""),
      ("concurrency: 0", "whole number from 1 to 1000"),
    ] {
      let problems = Self.problems("pipeline: p\nrole: r\n\(line)\nsteps: {a: {command: x}}\n")
      #expect(problems.count == 1 && problems[0].summary.contains(message), "\(line): \(problems)")
      #expect(problems.first?.location?.line == 3)
    }
  }

  @Test("A pipeline file is read with all its keys, and a stage overrides commit and parameters") func whole() throws {
    let file = try PipelineFile(parsing: Array(Self.good.utf8), path: "p.yaml")
    let shared = try file.definition(stage: nil)
    #expect(shared.commit == "1234567" && shared.steps.map(\.name) == ["list", "rollup", "join"])
    let rollup = shared.steps[1]
    #expect(rollup.partitions == .output(step: "list", key: "hours") && rollup.needs == ["list"])
    #expect(rollup.timeout == .seconds(600) && rollup.heartbeat == .seconds(60) && rollup.onFailure == .continue)
    #expect(rollup.resources.milliCPU == 500 && rollup.parallel == 4 && rollup.environment == ["LEVEL": "3"])
    #expect(shared.steps[0].retries == 3 && shared.steps[0].retryDelay == .seconds(30))
    #expect(shared.steps[2].partitions == .count(2) && shared.steps[2].after == ["rollup"])
    let prod = try file.definition(stage: "prod")
    #expect(prod.commit == "abcdef0" && prod.parameters[1].defaultValue == .int(9))
    #expect(throws: Diagnostic.self) { try file.definition(stage: "pord") }
    #expect(throws: DiagnosticList.self) { try shared.parameterValues([]) }
    let values = try shared.parameterValues(["depth=2"])
    #expect(values["day"] == .string("2024-02-29") && values["depth"] == .int(2))
    for bad in [
      ["depth=x"], ["dept=1", "depth=1"], ["depth"], ["depth=1", "depth=2"], ["depth=1", "day=2023-02-29"],
    ] {
      #expect(throws: DiagnosticList.self, "\(bad)") { try shared.parameterValues(bad) }
    }
  }

  private struct Bad: CustomTestStringConvertible {
    var change: (String, String)
    var line: Int
    var column: Int
    var summary: String
    var testDescription: String { change.1 }
  }

  @Test("Each mistake is reported at its line and column") func places() throws {
    let cases = [
      Bad(change: ("after: [list]", "after: [lsit]"), line: 14, column: 13, summary: "unknown step \"lsit\""),
      Bad(
        change: ("command: $KILT_ARTIFACT list", "command: x\n    after: join"), line: 12, column: 12,
        summary: "the steps form a cycle: \"list\" needs \"join\" needs \"rollup\" needs \"list\""),
      Bad(
        change: ("from: list", "from: rollup"), line: 16, column: 24,
        summary: "the steps form a cycle: \"rollup\" needs \"rollup\""),
      Bad(
        change: ("    parallel: 4", "    paralel: 4"), line: 17, column: 5,
        summary: "the step \"rollup\" has no key \"paralel\""),
      Bad(change: ("timeout: 10m", "timeout: 10"), line: 19, column: 14, summary: "\"timeout\" is a time, not \"10\""),
      Bad(
        change: ("type: int", "type: integer"), line: 8, column: 17, summary: "unknown value \"integer\" of \"type\""),
      Bad(change: ("commit: 1234567", "commit: main"), line: 5, column: 9, summary: "\"main\" is not a git commit"),
      Bad(change: ("ram: 256MB", "ram: 256"), line: 18, column: 32, summary: "\"ram\" needs a unit"),
      Bad(
        change: ("env: {LEVEL", "env: {KILT_STEP"), line: 21, column: 11,
        summary: "cannot set the variable \"KILT_STEP\""),
      Bad(
        change: ("depth: 9", "depth: nine"), line: 26, column: 47,
        summary: "the value of parameter \"depth\" has type int, not a string"),
      Bad(
        change: ("instances: 2", "instances: 0"), line: 23, column: 53,
        summary: "\"instances\" is a whole number from 1 to 4000"),
      Bad(
        change: ("pipeline: pageviews", "pipeline: a/b"), line: 1, column: 11,
        summary: "invalid name \"a/b\" for \"pipeline\""),
    ]
    for bad in cases {
      let text = Self.good.split(separator: bad.change.0, omittingEmptySubsequences: false).joined(
        separator: bad.change.1)
      try #require(text != Self.good, "\(bad.change)")
      let found = Self.problems(text)
      #expect(found.map(\.summary) == [bad.summary], "\(bad.change)")
      #expect(
        found.first?.location?.line == bad.line && found.first?.location?.column == bad.column,
        "\(bad.change): \(String(describing: found.first?.location))")
      #expect(found.first?.blame == .input)
    }
  }

  @Test("Files without the needed keys, and texts that are not YAML, are refused") func refused() {
    for text in [
      "", "[]", "pipeline: x", "a: b: c", "pipeline: x\nrole: y\nsteps: {}", "pipeline: x\nrole: y\nsteps: {a: {}}",
      "pipeline: x\nrole: y\nsteps: {a: {command: x, partitions: [1, 1]}}",
      "pipeline: x\nrole: y\nsteps: {a: {command: x, partitions: []}}",
      "pipeline: x\nrole: y\nsteps: {a: {command: x, partitions: 2, instances: 2}}",
      "pipeline: x\nrole: y\nparameters: {A: {type: int}, a: {type: int}}\nsteps: {a: {command: x}}",
      "pipeline: x\nrole: y\nsteps: {a: {command: x, after: a}}",
    ] {
      let found = Self.problems(text)
      #expect(!found.isEmpty, "\(text)")
      #expect(found.allSatisfy { $0.blame == .input && $0.location != nil }, "\(text): \(found)")
    }
  }
}
