import Diagnostics
import JSON
import JobModel
import Pipelines
import SchedulerCore
import YAML

/// Reads a pipeline file and collects what is wrong with it.
struct PipelineReader {
  typealias Entries = [String: YAMLEntry]

  let document: YAMLDocument
  var problems: [Diagnostic] = []
  /// Where each step names the steps it needs, for messages.
  var references: [(step: Int, name: String, node: YAMLNode)] = []

  static let fileKeys = [
    "pipeline", "role", "contact", "artifact", "commit", "parameters", "concurrency", "schedule", "steps", "stages",
  ]

  let zones: TimeZones

  init(document: YAMLDocument, zones: TimeZones) {
    self.document = document
    self.zones = zones
  }

  mutating func read() -> (PipelineDefinition, [PipelineFile.Stage]) {
    let root = entries(document.root, "a pipeline file", keys: Self.fileKeys)
    let name = identifier(root, "pipeline") ?? ""
    let role = identifier(root, "role") ?? ""
    for (key, purpose) in [
      ("pipeline", "add \"pipeline: NAME\": the name of the pipeline"),
      ("role", "add \"role: NAME\": the user that the steps run as"),
      ("steps", "add, for example: steps: {extract: {command: ./extract}}"),
    ] where root[key] == nil {
      problem("the key \"\(key)\" is missing", document.root, remedies: [purpose])
    }
    let artifact = identifier(root, "artifact")
    let commit = root["commit"].flatMap { self.commit($0.value) }
    let parameters = root["parameters"].map { self.parameters($0.value) } ?? []
    let steps = root["steps"].map { self.steps($0.value) } ?? []
    checkReferences(steps)
    let stages = root["stages"].map { self.stages($0.value, parameters) } ?? []
    let definition = PipelineDefinition(
      name: name, role: role, contact: string(root, "contact"), artifact: artifact, commit: commit,
      parameters: parameters,
      concurrency: root["concurrency"].flatMap { integer($0.value, "concurrency", 1...PipelineLimits.concurrency) },
      schedule: root["schedule"].flatMap { schedule($0.value) }, steps: steps.map(\.step))
    return (definition, stages)
  }

  // MARK: Values

  mutating func problem(_ summary: String, _ node: YAMLNode, notes: [String] = [], remedies: [String] = []) {
    problems.append(Diagnostic(.input, summary, at: document.location(of: node), notes: notes, remedies: remedies))
  }

  mutating func mapping(_ node: YAMLNode, _ what: String) -> [YAMLEntry] {
    if let entries = node.mapping { return entries }
    problem("\(what) is a mapping, not \(node.kind)", node)
    return []
  }

  /// The entries of a mapping that has only these keys.
  mutating func entries(_ node: YAMLNode, _ what: String, keys: [String]) -> Entries {
    var result: Entries = [:]
    for entry in mapping(node, what) {
      let key = entry.key.scalar?.text ?? ""
      guard keys.contains(key) else {
        problem(
          "\(what) has no key \"\(key)\"", entry.key, notes: ["known keys: \(keys.joined(separator: ", "))"],
          remedies: Suggestions.remedy(for: key, among: keys).map { [$0] } ?? [])
        continue
      }
      result[key] = entry
    }
    return result
  }

  mutating func string(_ entries: Entries, _ key: String) -> String? {
    guard let node = entries[key]?.value else { return nil }
    guard let scalar = node.scalar, !scalar.text.isEmpty, !node.isNull else {
      problem("\"\(key)\" is a text, not \(node.kind)", node)
      return nil
    }
    return scalar.text
  }

  mutating func identifier(_ entries: Entries, _ key: String) -> String? {
    guard let text = string(entries, key), let node = entries[key]?.value else { return nil }
    checkIdentifier(text, "\"\(key)\"", node)
    return text
  }

  mutating func checkIdentifier(_ text: String, _ what: String, _ node: YAMLNode) {
    if !JobKey.isIdentifier(text) || text.utf8.count > 64 {
      problem(
        "invalid name \"\(text)\" for \(what)", node,
        notes: ["a name has at most 64 letters, digits, \"_\", \".\" and \"-\""])
    }
  }

  mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ entries: Entries, _ key: String, _ type: Choice.Type
  ) -> Choice? {
    guard let text = string(entries, key), let node = entries[key]?.value else { return nil }
    if let choice = Choice(rawValue: text) { return choice }
    let known = Choice.allCases.map(\.rawValue)
    problem(
      "unknown value \"\(text)\" of \"\(key)\"", node, notes: ["one of: \(known.joined(separator: ", "))"],
      remedies: Suggestions.remedy(for: text, among: known).map { [$0] } ?? [])
    return nil
  }

  /// An integer in a range.
  mutating func integer(_ node: YAMLNode, _ key: String, _ range: ClosedRange<Int>) -> Int? {
    if case .int(let number) = node.scalar?.content, let value = Int(exactly: number), range.contains(value) {
      return value
    }
    problem("\"\(key)\" is a whole number from \(range.lowerBound) to \(range.upperBound)", node)
    return nil
  }

  /// A time with a unit: 500ms, 30s, 5m, 2h, 1d.
  mutating func duration(_ node: YAMLNode, _ key: String, atLeast: Duration = .milliseconds(1)) -> Duration? {
    let text = node.scalar?.text ?? ""
    let digits = text.prefix { ("0"..."9").contains($0) }
    let units: [String: Int64] = ["ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
    if let number = Int64(digits), number <= 1_000_000, let unit = units[String(text.dropFirst(digits.count))] {
      let duration = Duration.milliseconds(number * unit)
      if duration >= atLeast, duration <= .seconds(30 * 86_400) { return duration }
    }
    problem(
      "\"\(key)\" is a time, not \"\(text)\"", node,
      notes: ["at least \(atLeast.pipelineText), at most 30 days"],
      remedies: ["write it with a unit: 500ms, 30s, 5m, 2h, 1d"])
    return nil
  }

  /// `"0 4 * * *"`, or a mapping with time zone and collision policy as in the section `cron` of a job.
  private mutating func schedule(_ node: YAMLNode) -> CronConfiguration? {
    var cron = CronConfiguration(schedule: "")
    if node.mapping != nil {
      let fields = entries(node, "\"schedule\"", keys: ["schedule", "timezone", "collision"])
      guard let text = string(fields, "schedule") else {
        if fields["schedule"] == nil {
          problem("\"schedule\" has no schedule", node, remedies: ["add schedule: \"0 4 * * *\""])
        }
        return nil
      }
      cron.schedule = text
      cron.timeZone = string(fields, "timezone") ?? cron.timeZone
      cron.collisionPolicy =
        choice(fields, "collision", CronConfiguration.CollisionPolicy.self) ?? cron.collisionPolicy
    } else {
      cron.schedule = node.scalar?.text ?? ""
    }
    do throws(CronProblem) {
      _ = try CronSchedule(cron, zones: zones)
    } catch {
      problem(
        "invalid schedule \"\(cron.schedule)\": \(error.description)", node,
        remedies: ["write five crontab fields or @daily, and a zone such as UTC, Europe/Berlin or +02:00"])
    }
    return cron
  }

  private mutating func commit(_ node: YAMLNode) -> String? {
    // The text counts, not the type: a commit may look like a number.
    let text = node.scalar?.text.lowercased() ?? ""
    let isHex = text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    if isHex, (7...40).contains(text.utf8.count) { return text }
    problem(
      "\"\(text)\" is not a git commit", node, notes: ["a commit has 7 to 40 hexadecimal digits"],
      remedies: ["write the commit, not a branch or a tag: a run uses one commit to its end"])
    return nil
  }

  // MARK: Parameters and stages

  private mutating func parameters(_ node: YAMLNode) -> [PipelineParameter] {
    var parameters: [PipelineParameter] = []
    for entry in mapping(node, "\"parameters\"") {
      let name = entry.key.scalar?.text ?? ""
      if !PipelineParameter.isName(name) {
        problem(
          "invalid parameter name \"\(name)\"", entry.key,
          notes: ["a name has at most 64 letters, digits and \"_\", with a letter first"])
      }
      if let other = parameters.first(where: { $0.variable == "KILT_PARAM_" + name.uppercased() }) {
        problem("the parameters \"\(other.name)\" and \"\(name)\" have the same variable \(other.variable)", entry.key)
      }
      let fields = entries(entry.value, "the parameter \"\(name)\"", keys: ["type", "default", "description"])
      if fields["type"] == nil, entry.value.mapping != nil {
        problem(
          "the parameter \"\(name)\" has no type", entry.key,
          notes: ["one of: \(PipelineParameter.Kind.allCases.map(\.rawValue).joined(separator: ", "))"])
      }
      let kind = choice(fields, "type", PipelineParameter.Kind.self) ?? .string
      var parameter = PipelineParameter(name: name, kind: kind, description: string(fields, "description"))
      if let node = fields["default"]?.value, fields["type"] != nil { parameter.defaultValue = value(node, parameter) }
      parameters.append(parameter)
    }
    return parameters
  }

  private mutating func value(_ node: YAMLNode, _ parameter: PipelineParameter) -> JSONValue? {
    if let scalar = node.scalar, !node.isNull, let value = parameter.kind.value(of: scalar.text) { return value }
    problem(
      "the value of parameter \"\(parameter.name)\" has type \(parameter.kind.rawValue), not \(node.kind)", node,
      remedies: ["write, for example, \(parameter.kind.example)"])
    return nil
  }

  private mutating func stages(_ node: YAMLNode, _ parameters: [PipelineParameter]) -> [PipelineFile.Stage] {
    var stages: [PipelineFile.Stage] = []
    for entry in mapping(node, "\"stages\"") {
      let name = entry.key.scalar?.text ?? ""
      checkIdentifier(name, "a stage", entry.key)
      var stage = PipelineFile.Stage(name: name, parameters: [:])
      guard !entry.value.isNull else {
        stages.append(stage)
        continue
      }
      let fields = entries(entry.value, "the stage \"\(name)\"", keys: ["commit", "parameters"])
      stage.commit = fields["commit"].flatMap { commit($0.value) }
      for value in fields["parameters"].map({ mapping($0.value, "\"parameters\"") }) ?? [] {
        let key = value.key.scalar?.text ?? ""
        guard let parameter = parameters.first(where: { $0.name == key }) else {
          problem(
            "unknown parameter \"\(key)\"", value.key,
            notes: ["parameters: \(parameters.map(\.name).joined(separator: ", "))"],
            remedies: Suggestions.remedy(for: key, among: parameters.map(\.name)).map { [$0] } ?? [])
          continue
        }
        stage.parameters[key] = self.value(value.value, parameter)
      }
      stages.append(stage)
    }
    return stages
  }
}
