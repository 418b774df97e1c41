import StarlarkSyntax

/// Counts steps and allocated bytes against their limits.
final class Meter {
  // One thread uses a meter at a time, and no access spans a call: run-time exclusivity checks are not needed, and
  // would cost more than the counting.
  @exclusivity(unchecked) private(set) var steps = 0
  @exclusivity(unchecked) private(set) var allocatedBytes = 0
  let limits: Limits
  /// The depth that equality, ordering, hashing and printing have reached in nested values.
  var depth = 0

  static let maximumDepth = 400

  init(_ limits: Limits = .standard) { self.limits = limits }

  @inline(__always)
  func step(_ count: Int = 1) throws {
    steps &+= count
    if steps > limits.steps || count < 0 { throw tooManySteps() }
  }

  @inline(__always)
  func allocate(_ bytes: Int) throws {
    let (sum, overflow) = allocatedBytes.addingReportingOverflow(bytes)
    if overflow || sum > limits.allocatedBytes { throw tooMuchMemory() }
    allocatedBytes = sum
  }

  /// Checks an allocation of `count` elements of `size` bytes.
  func allocate(_ count: Int, times size: Int) throws {
    let (bytes, overflow) = count.multipliedReportingOverflow(by: size)
    if overflow { throw tooMuchMemory() }
    try allocate(bytes)
  }

  /// Runs `body` one level further down in nested values.
  func descend<R>(_ body: () throws -> R) throws -> R {
    guard depth < Self.maximumDepth else {
      throw StarlarkError("value is nested too deeply (maximum recursion depth exceeded)", kind: .limit)
    }
    depth += 1
    defer { depth -= 1 }
    return try body()
  }

  @inline(never)
  private func tooManySteps() -> StarlarkError {
    StarlarkError("evaluation takes too long: more than \(limits.steps) steps", kind: .limit)
  }

  @inline(never)
  private func tooMuchMemory() -> StarlarkError {
    StarlarkError("evaluation needs too much memory: more than \(limits.allocatedBytes) bytes", kind: .limit)
  }
}
