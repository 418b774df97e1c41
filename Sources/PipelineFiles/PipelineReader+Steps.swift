import Diagnostics
import JobModel
import Pipelines
import SystemSupport
import YAML

extension PipelineReader {
  static let stepKeys = [
    "after", "command", "env", "resources", "instances", "partitions", "parallel", "retries", "timeout", "heartbeat",
    "on_failure",
  ]

  /// The steps, each with the node of its name.
  mutating func steps(_ node: YAMLNode) -> [(step: PipelineStep, node: YAMLNode)] {
    var steps: [(step: PipelineStep, node: YAMLNode)] = []
    let entries = mapping(node, "\"steps\"")
    if entries.isEmpty, node.mapping != nil { problem("a pipeline has at least one step", node) }
    if entries.count > PipelineLimits.steps {
      problem("a pipeline has at most \(PipelineLimits.steps) steps, not \(entries.count)", node)
    }
    for (position, entry) in entries.enumerated() {
      steps.append((step(entry, position), entry.key))
    }
    return steps
  }

  private mutating func step(_ entry: YAMLEntry, _ position: Int) -> PipelineStep {
    let name = entry.key.scalar?.text ?? ""
    checkIdentifier(name, "a step", entry.key)
    let fields = entries(entry.value, "the step \"\(name)\"", keys: Self.stepKeys)
    var step = PipelineStep(name: name, command: string(fields, "command") ?? "")
    if fields["command"] == nil, entry.value.mapping != nil {
      problem("the step \"\(name)\" has no command", entry.key, remedies: ["add \"command: ...\", a line for a shell"])
    }
    if let node = fields["after"]?.value { step.after = after(node, position) }
    if let node = fields["env"]?.value { step.environment = environment(node) }
    if let node = fields["resources"]?.value { step.resources = resources(node) }
    if let node = fields["partitions"]?.value { step.partitions = partitions(node, position) }
    if let entry = fields["instances"] {
      if fields["partitions"] != nil {
        problem("a step has \"instances\" or \"partitions\", not both", entry.key)
      } else if let count = integer(entry.value, "instances", 1...PipelineLimits.partitions) {
        step.partitions = .count(count)
      }
    }
    step.parallel = fields["parallel"].flatMap { integer($0.value, "parallel", 1...PipelineLimits.partitions) }
    if let node = fields["retries"]?.value { retries(node, &step) }
    step.timeout = fields["timeout"].flatMap { duration($0.value, "timeout") }
    step.heartbeat = fields["heartbeat"].flatMap { duration($0.value, "heartbeat", atLeast: .seconds(1)) }
    step.onFailure = choice(fields, "on_failure", PipelineStep.FailurePolicy.self) ?? .stop
    return step
  }

  private mutating func after(_ node: YAMLNode, _ position: Int) -> [String] {
    var names: [String] = []
    for element in node.sequence ?? [node] {
      guard let name = element.scalar?.text, !element.isNull else {
        problem("\"after\" is the name of a step, or a list of names", element)
        continue
      }
      if names.contains(name) { problem("\"after\" names the step \"\(name)\" twice", element) }
      names.append(name)
      references.append((position, name, element))
    }
    return names
  }

  private mutating func environment(_ node: YAMLNode) -> [String: String] {
    var result: [String: String] = [:]
    for entry in mapping(node, "\"env\"") {
      let name = entry.key.scalar?.text ?? ""
      if !TaskConfiguration.isFreeVariable(name) {
        problem(
          "cannot set the variable \"\(name)\"", entry.key,
          notes: ["Kilt sets KILT_*, PORT_*, HOME, PATH and their kind itself"])
      }
      guard let text = entry.value.scalar?.text, !text.utf8.contains(0) else {
        problem("the variable \"\(name)\" is a text, not \(entry.value.kind)", entry.value)
        continue
      }
      result[name] = entry.value.isNull ? "" : text
    }
    return result
  }

  private mutating func resources(_ node: YAMLNode) -> Resources {
    var resources = PipelineStep.defaultResources
    let fields = entries(node, "\"resources\"", keys: ["cpu", "ram", "disk", "processes"])
    if let node = fields["cpu"]?.value {
      let cores: Double? =
        switch node.scalar?.content {
        case .int(let number): Double(number)
        case .float(let number): number
        default: nil
        }
      if let cores, cores >= 0.001, cores < 1e6 {
        resources.milliCPU = Int((cores * 1000).rounded())
      } else {
        problem("\"cpu\" is a number of cores above 0, such as 0.5", node)
      }
    }
    for (key, path) in [("ram", \Resources.ram), ("disk", \Resources.disk)] {
      guard let node = fields[key]?.value else { continue }
      let text = node.scalar?.text ?? ""
      if case .int = node.scalar?.content {
        problem("\"\(key)\" needs a unit", node, remedies: ["write \(text)MB or \(text)GB"])
      } else if let bytes = ByteSize.parse(text), bytes > 0 {
        resources[keyPath: path] = bytes
      } else {
        problem("\"\(key)\" is a size such as 256MB or 1GB, not \"\(text)\"", node)
      }
    }
    if let node = fields["processes"]?.value, let count = integer(node, "processes", 1...1_000_000) {
      resources.processes = count
    }
    return resources
  }

  private mutating func partitions(_ node: YAMLNode, _ position: Int) -> PipelineStep.Partitions {
    switch node.value {
    case .scalar:
      return integer(node, "partitions", 1...PipelineLimits.partitions).map { .count($0) } ?? .none
    case .sequence(let elements):
      var names: [String] = []
      for element in elements {
        guard let name = element.scalar?.text, PartitionName.problem(name) == nil else {
          let reason = element.scalar.flatMap { PartitionName.problem($0.text) } ?? "is \(element.kind)"
          problem("the name of a partition \(reason)", element)
          continue
        }
        names.append(name)
      }
      if elements.isEmpty { problem("the list of partitions is empty", node) }
      if elements.count > PipelineLimits.partitions {
        problem("a step has at most \(PipelineLimits.partitions) partitions, not \(elements.count)", node)
      }
      var seen: Set<String> = []
      for element in elements {
        if let name = element.scalar?.text, !seen.insert(name).inserted {
          problem("the partition \"\(name)\" comes twice", element)
        }
      }
      return .list(names)
    case .mapping:
      let fields = entries(node, "\"partitions\"", keys: ["from", "key"])
      guard let step = string(fields, "from"), let key = string(fields, "key"), let from = fields["from"] else {
        problem(
          "\"partitions\" names a step and a key of its output", node,
          remedies: ["write it as {from: STEP, key: NAME}"])
        return .none
      }
      references.append((position, step, from.value))
      return .output(step: step, key: key)
    }
  }

  private mutating func retries(_ node: YAMLNode, _ step: inout PipelineStep) {
    guard node.mapping != nil else {
      step.retries = integer(node, "retries", 0...PipelineLimits.retries) ?? 0
      return
    }
    let fields = entries(node, "\"retries\"", keys: ["count", "delay"])
    guard let count = fields["count"]?.value else {
      problem("\"retries\" has no count", node, remedies: ["write it as {count: 3, delay: 30s}"])
      return
    }
    step.retries = integer(count, "count", 0...PipelineLimits.retries) ?? 0
    step.retryDelay = fields["delay"].flatMap { duration($0.value, "delay", atLeast: .zero) } ?? .zero
  }

  /// Refuses names of steps that do not exist, and cycles.
  mutating func checkReferences(_ steps: [(step: PipelineStep, node: YAMLNode)]) {
    let names = steps.map(\.step.name)
    for reference in references where !names.contains(reference.name) {
      problem(
        "unknown step \"\(reference.name)\"", reference.node, notes: ["steps: \(names.joined(separator: ", "))"],
        remedies: Suggestions.remedy(for: reference.name, among: names).map { [$0] } ?? [])
    }
    guard let cycle = PipelineGraph(steps.map(\.step)).cycle, let first = cycle.first else { return }
    let path = (cycle + [first]).map { "\"\(names[$0])\"" }.joined(separator: " needs ")
    let next = names[cycle.count > 1 ? cycle[1] : first]
    let place = references.first { $0.step == first && $0.name == next }?.node ?? steps[first].node
    problem("the steps form a cycle: \(path)", place, remedies: ["remove one of these dependencies"])
  }
}
