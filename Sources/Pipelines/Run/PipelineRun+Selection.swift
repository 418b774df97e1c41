internal import JSON

extension PipelineRun {
  /// Limits a new run to one step, or to one step and those that need it. The outputs of the other steps come from
  /// earlier runs with the same parameters.
  ///
  /// - Parameter earlier: runs of the same pipeline, the newest first.
  /// - Returns: the name of a step that is needed and that no earlier run has; nil when the run can begin.
  public mutating func select(_ step: Int, withFollowers: Bool, outputsFrom earlier: [PipelineRun]) -> String? {
    let chosen = (withFollowers ? graph.allFollowers(of: step) : []).union([step])
    let needed = Set(chosen.flatMap { graph.needs[$0] }).subtracting(chosen)
    for position in steps.indices where !chosen.contains(position) {
      let name = steps[position].name
      let former = earlier.lazy.filter { [parameters] in $0.parameters == parameters }
        .compactMap { run in run.definition.index(of: name).map { run.steps[$0] } }
        .first { $0.status == .succeeded }
      if let former, needed.contains(position) {
        steps[position] = StepRun(
          name: name, status: .succeeded,
          partitions: former.partitions.map { partitions in
            partitions.map { PartitionRun(name: $0.name, status: .succeeded, output: $0.output) }
          },
          startedAt: former.startedAt, endedAt: former.endedAt, message: "from an earlier run")
      } else if needed.contains(position) {
        return name
      } else {
        steps[position].status = .excluded
      }
    }
    return nil
  }
}
