internal import BuildFiles
internal import Digests
internal import JSON
internal import SystemSupport

/// The calls of a run without their files, and which of them each file is for: a later run can make them for files whose
/// content has changed.
struct RecordedPlans: Sendable {
  /// A file's call, and what its result there is kept by.
  struct Use: Hashable, Sendable {
    var plan: Int
    var context: Int
  }

  private(set) var plans: [StepPlan] = []
  private(set) var contexts: [SHA256Digest] = []
  /// The uses of files, by assignment; the first is that of files for which there is no call.
  private(set) var assignments: [[Use]] = [[]]
  /// Whether results rest on nothing but the content of each file, as long as names and configurations stay.
  var isByContent = true
  /// For each call.
  var timeoutMilliseconds = 0

  private struct Step: Hashable {
    var assignment: UInt32
    var use: Use
  }

  private var steps: [Step: UInt32] = [:]
  private var places: [SHA256Digest: Int] = [:]

  init() {}

  /// Adds a call; returns its place.
  mutating func add(_ plan: StepPlan) -> Int {
    var plan = plan
    plan.files = []
    plan.known = []
    plans.append(plan)
    return plans.count - 1
  }

  /// The place of a context.
  mutating func place(of context: SHA256Digest) -> Int {
    if let known = places[context] { return known }
    contexts.append(context)
    places[context] = contexts.count - 1
    return contexts.count - 1
  }

  /// The assignment of a file that has one already, and gets one more use.
  mutating func extend(_ assignment: UInt32, by use: Use) -> UInt32 {
    let step = Step(assignment: assignment, use: use)
    if let known = steps[step] { return known }
    assignments.append(assignments[Int(assignment)] + [use])
    let added = UInt32(assignments.count - 1)
    steps[step] = added
    return added
  }

  // MARK: JSON

  var json: JSONValue {
    .members([
      "byContent": .bool(isByContent), "timeout": .int(Int64(timeoutMilliseconds)),
      "plans": .array(
        plans.map { plan in
          .members([
            "step": .string(plan.step.rawValue), "program": .string(plan.program.string),
            "arguments": .strings(plan.arguments), "fix": .strings(plan.fixArguments),
            "directory": .string(plan.directory), "variables": .strings(plan.variables),
          ])
        }),
      "contexts": .strings(contexts.map(\.hex)),
      "assignments": .array(
        assignments.map { uses in .array(uses.flatMap { [.int(Int64($0.plan)), .int(Int64($0.context))] }) }),
    ])
  }

  init?(_ json: JSONValue) {
    guard let isByContent = json["byContent"]?.bool, let timeout = json["timeout"]?.int,
      let plans = json["plans"]?.array,
      let contexts = json["contexts"]?.strings, let assignments = json["assignments"]?.array
    else { return nil }
    self.isByContent = isByContent
    timeoutMilliseconds = Int(timeout)
    for plan in plans {
      guard let step = plan["step"]?.string.flatMap({ ToolStep(rawValue: $0) }),
        let program = plan["program"]?.string, let arguments = plan["arguments"]?.strings,
        let fix = plan["fix"]?.strings, let directory = plan["directory"]?.string,
        let variables = plan["variables"]?.strings
      else { return nil }
      self.plans.append(
        StepPlan(
          step: step, program: FilePath(program), arguments: arguments, fixArguments: fix, directory: directory,
          variables: variables))
    }
    for context in contexts {
      guard let digest = SHA256Digest(hex: context) else { return nil }
      self.contexts.append(digest)
    }
    self.assignments = []
    for assignment in assignments {
      let numbers = (assignment.array ?? []).compactMap { $0.int.map { Int($0) } }
      var uses: [Use] = []
      for index in stride(from: 0, to: numbers.count - 1, by: 2) {
        let use = Use(plan: numbers[index], context: numbers[index + 1])
        guard self.plans.indices.contains(use.plan), self.contexts.indices.contains(use.context) else { return nil }
        uses.append(use)
      }
      self.assignments.append(uses)
    }
    if self.assignments.isEmpty { return nil }
  }
}
