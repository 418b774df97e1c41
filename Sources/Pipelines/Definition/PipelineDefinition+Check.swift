internal import JobModel

extension PipelineDefinition {
  /// Why no run can be made of it; nil for a sound one. A file is checked with its places before; this is for a definition
  /// that comes from elsewhere.
  public var problem: String? {
    guard JobKey.isIdentifier(name), name.utf8.count <= 64, JobKey.isIdentifier(role) else {
      return "its name or its role is not an identifier"
    }
    if let concurrency, !(1...PipelineLimits.concurrency).contains(concurrency) {
      return "its concurrency is out of range"
    }
    guard (1...PipelineLimits.steps).contains(steps.count) else { return "it has \(steps.count) steps" }
    let names = Set(steps.map(\.name))
    guard names.count == steps.count else { return "two steps have the same name" }
    guard Set(parameters.map(\.variable)).count == parameters.count,
      parameters.allSatisfy({ PipelineParameter.isName($0.name) })
    else { return "its parameters do not have distinct names" }
    for step in steps {
      if let problem = step.problem { return "step \"\(step.name)\" \(problem)" }
      if let missing = step.needs.first(where: { !names.contains($0) }) {
        return "step \"\(step.name)\" needs \"\(missing)\", which does not exist"
      }
    }
    return PipelineGraph(steps).order == nil ? "its steps form a cycle" : nil
  }
}

extension PipelineStep {
  fileprivate var problem: String? {
    if !JobKey.isIdentifier(name) || name.utf8.count > 64 { return "does not have an identifier as name" }
    if command.isEmpty { return "has no command" }
    if !(0...PipelineLimits.retries).contains(retries) || retryDelay < .zero || retryDelay > .seconds(86_400 * 30) {
      return "has retries out of range"
    }
    if let parallel, !(1...PipelineLimits.partitions).contains(parallel) { return "has \"parallel\" out of range" }
    for time in [timeout, heartbeat].compactMap(\.self) where time <= .zero || time > .seconds(86_400 * 30) {
      return "has a time out of range"
    }
    switch partitions {
    case .none, .output: return nil
    case .count(let count): return (1...PipelineLimits.partitions).contains(count) ? nil : "has \(count) partitions"
    case .list(let names):
      if !(1...PipelineLimits.partitions).contains(names.count) { return "has \(names.count) partitions" }
      if Set(names).count != names.count { return "has a partition twice" }
      return names.compactMap(PartitionName.problem).first.map { "has a partition whose name \($0)" }
    }
  }
}
