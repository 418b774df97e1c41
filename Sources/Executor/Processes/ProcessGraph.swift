import JobModel

/// The processes of one stage of a task that can run now, and the end of the stage.
///
/// A value without clock and without I/O: the runner reports starts and exits to it, and asks. The rules are Thermos':
/// a process starts when all processes that its constraints put before it have succeeded. A failed run counts toward
/// the process's `maxFailures`, and a process that has failed for good toward the task's.
struct ProcessGraph {
  /// The state of one process.
  enum State: Hashable {
    /// Not started, or to be started again.
    case waiting
    case running
    case succeeded
    /// It has reached its maximum of failures.
    case failed
  }

  /// One process of the graph.
  struct Entry {
    var process: ProcessConfiguration
    /// Positions of the processes that must have succeeded before.
    var predecessors: [Int]
    var state = State.waiting
    /// The number of started runs.
    var runs = 0
    var failures = 0
    /// No run starts before this moment (a minimum time separates the starts of two runs).
    var notBefore: Duration?
  }

  /// The end of a stage.
  enum Outcome: Hashable {
    case succeeded
    case failed(reason: String)
  }

  private(set) var entries: [Entry]
  private let maxFailures: Int
  private let maxConcurrency: Int

  /// The graph of the ordinary processes of a task, or of its final ones.
  init(task: TaskConfiguration, final: Bool) throws(ExecutorError) {
    try ProcessGraph.check(task)
    let processes = task.processes.filter { $0.final == final }
    let position = Dictionary(uniqueKeysWithValues: processes.enumerated().map { ($1.name, $0) })
    var predecessors = Array(repeating: Set<Int>(), count: processes.count)
    for constraint in task.constraints {
      for (before, after) in zip(constraint.order, constraint.order.dropFirst()) {
        guard let before = position[before], let after = position[after] else { continue }
        predecessors[after].insert(before)
      }
    }
    entries = processes.indices.map { Entry(process: processes[$0], predecessors: predecessors[$0].sorted()) }
    maxFailures = task.maxFailures
    maxConcurrency = task.maxConcurrency
    if let cycle = ProcessGraph.cycle(in: predecessors) {
      let names = cycle.map { processes[$0].name }.joined(separator: " -> ")
      throw .badProcessGraph("the constraints of task \"\(task.name)\" form a cycle: \(names)")
    }
  }

  var isEmpty: Bool { entries.isEmpty }
  var running: Int { entries.count { $0.state == .running } }

  /// The processes to start now, in the order of the configuration.
  func ready(at now: Duration) -> [Int] {
    let free = maxConcurrency > 0 ? max(0, maxConcurrency - running) : entries.count
    return Array(entries.indices.filter { mayStart($0) && (entries[$0].notBefore ?? now) <= now }.prefix(free))
  }

  /// When a process becomes ready merely by time passing; nil when none waits for that.
  func nextStart(after now: Duration) -> Duration? {
    if maxConcurrency > 0, running >= maxConcurrency { return nil }
    return entries.indices.compactMap { position in
      guard mayStart(position), let time = entries[position].notBefore, time > now else { return nil }
      return time
    }.min()
  }

  /// A run of the process has been started.
  mutating func start(_ position: Int, at now: Duration) {
    entries[position].state = .running
    entries[position].runs += 1
    entries[position].notBefore = now + entries[position].process.minDuration
  }

  /// The run of the process has ended.
  mutating func end(_ position: Int, succeeded: Bool) {
    let process = entries[position].process
    if succeeded {
      entries[position].state = process.daemon ? .waiting : .succeeded
    } else {
      entries[position].failures += 1
      let isFinal = process.maxFailures > 0 && entries[position].failures >= process.maxFailures
      entries[position].state = isFinal ? .failed : .waiting
    }
  }

  /// The end of the stage, or nil while it continues.
  var outcome: Outcome? {
    let failed = entries.filter { $0.state == .failed && !$0.process.ephemeral }
    if maxFailures > 0, failed.count >= maxFailures {
      return .failed(reason: ProcessGraph.describe(failed: failed))
    }
    let undecided = entries.indices.filter { position in
      let entry = entries[position]
      return !entry.process.ephemeral && (entry.state == .waiting || entry.state == .running)
    }
    if undecided.isEmpty { return .succeeded }
    // A process that waits for one that has failed for good never starts; if nothing else is left, the task is stuck.
    let canProgress = undecided.contains { entries[$0].state == .running || !isBlocked($0) }
    if canProgress { return nil }
    let names = undecided.map { "\"\(entries[$0].process.name)\"" }.joined(separator: ", ")
    return .failed(reason: "process \(names) can never start: a process before it has failed")
  }

  private func mayStart(_ position: Int) -> Bool {
    entries[position].state == .waiting
      && entries[position].predecessors.allSatisfy { entries[$0].state == .succeeded }
  }

  /// Whether a direct or transitive predecessor of the process has failed for good.
  private func isBlocked(_ position: Int) -> Bool {
    entries[position].predecessors.contains { entries[$0].state == .failed || isBlocked($0) }
  }

  private static func describe(failed: [Entry]) -> String {
    failed.map { entry in
      let times = entry.failures == 1 ? "once" : "\(entry.failures) times"
      return "process \"\(entry.process.name)\" failed \(times)"
    }.joined(separator: ", ")
  }
}
