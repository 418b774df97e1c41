import JobModel

/// Which processes of one stage of a task may run now, and how the stage ends.
///
/// A value without clock and without I/O: the runner tells it what started and what exited, and asks. The rules are
/// those of Thermos: a process starts when all that its constraints put before it have succeeded; a failed run counts
/// towards the process's `maxFailures`, and a process that has failed for good towards the task's.
struct ProcessGraph {
  /// Where one process stands.
  enum State: Hashable {
    /// Not started, or to be started again.
    case waiting
    case running
    case succeeded
    /// It has failed as often as it may.
    case failed
  }

  /// One process of the graph.
  struct Entry {
    var process: ProcessConfiguration
    /// Positions of the processes that must have succeeded before.
    var predecessors: [Int]
    var state = State.waiting
    /// How many runs were started.
    var runs = 0
    var failures = 0
    /// No run starts before this moment (a minimum time lies between the starts of two runs).
    var notBefore: Duration?
  }

  /// How a stage ended.
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

  /// How the stage has ended, or nil while it goes on.
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
    // What waits for a process that has failed for good never starts; when nothing else is left, the task is stuck.
    let canProgress = undecided.contains { entries[$0].state == .running || !isBlocked($0) }
    if canProgress { return nil }
    let names = undecided.map { "\"\(entries[$0].process.name)\"" }.joined(separator: ", ")
    return .failed(reason: "process \(names) can never start: a process before it has failed")
  }

  private func mayStart(_ position: Int) -> Bool {
    entries[position].state == .waiting
      && entries[position].predecessors.allSatisfy { entries[$0].state == .succeeded }
  }

  /// Whether something before the process, however far, has failed for good.
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
