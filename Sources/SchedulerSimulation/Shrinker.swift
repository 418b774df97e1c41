public import SchedulerCore

/// Shortens a failing run: removes steps while the world still fails.
public struct Shrinker: Sendable {
  let seed: UInt64
  let fault: PlantedFault?

  public init(seed: UInt64, fault: PlantedFault? = nil) {
    self.seed = seed
    self.fault = fault
  }

  /// A smallest run of the seed that fails: no step of it can be left out. Nil when the seed does not fail.
  public func shrink(_ steps: [Step]) -> [Step]? {
    guard let length = failure(steps) else { return nil }
    var steps = Array(steps.prefix(length))
    var size = max(1, steps.count / 2)
    while true {
      var index = 0
      var isSmaller = false
      while index < steps.count {
        let candidate = Array(steps[..<index] + steps[min(steps.count, index + size)...])
        if let length = failure(candidate) {
          steps = Array(candidate.prefix(length))
          isSmaller = true
        } else {
          index += size
        }
      }
      if size > 1 { size /= 2 } else if !isSmaller { return steps }
    }
  }

  /// The number of steps that lead to a finding; nil if none do.
  private func failure(_ steps: [Step]) -> Int? {
    var world = World(seed: seed, fault: fault)
    let count = world.run(steps)
    return world.findings.isEmpty ? nil : count
  }

  /// The run as a trace for people, with its findings at the end.
  public func trace(_ steps: [Step]) -> String {
    var world = World(seed: seed, fault: fault, isTracing: true)
    world.run(steps)
    return (world.trace + world.findings.map { "FOUND: \($0)" }).joined(separator: "\n")
  }
}
