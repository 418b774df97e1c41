internal import JobModel

extension UpdateStrategy {
  /// Splits instances into batches, in their order. A queue has one.
  func batches(of instances: [Int]) -> [[Int]] {
    guard waitsForBatch else { return instances.isEmpty ? [] : [instances] }
    var batches: [[Int]] = []
    var rest = instances[...]
    while !rest.isEmpty {
      let size = max(1, size(ofBatch: batches.count))
      batches.append(Array(rest.prefix(size)))
      rest = rest.dropFirst(size)
    }
    return batches
  }
}

extension SlaPolicy {
  /// The time that an instance must have been running to count as up.
  var duration: Duration {
    switch self {
    case .count(_, let duration), .percentage(_, let duration): duration
    case .coordinator: .zero
    }
  }

  /// The number of instances that must stay up, of `instances` in total.
  func required(of instances: Int) -> Int {
    switch self {
    case .count(let count, _): min(count, instances)
    case .percentage(let share, _): Int((Double(instances) * share / 100).rounded(.up))
    // Refused at submission.
    case .coordinator: instances
    }
  }
}
