internal import JobModel
internal import PipelineDatabase
internal import Pipelines
internal import SchedulerCore

/// Where a scheduler stands with the PostgreSQL that has its runs, too. Everything here can be lost: a new process
/// compares both databases.
struct RunSharing {
  let store: SharedRunStore
  let cluster: String
  /// The name of this scheduler in the lease.
  let holder: String
  /// Renewals are this many nanoseconds apart.
  let renewal: UInt64
  var lease: PipelineLease?
  /// Whether no lease was asked for yet: an earlier process with this state directory is gone, since this one has the
  /// directory's lock.
  var isFirst = true
  /// Why runs cannot be written now; nil when they can.
  var problem: String? = "not connected yet"
  var renewAt: UInt64 = 0
  var retryAt: UInt64 = 0

  /// What was stored here and not there yet, by run.
  private(set) var changes: [String: PipelineOutcome] = [:]
  /// Runs of which everything must be written.
  private(set) var whole: Set<String> = []
  /// Runs that the other database has.
  var known: Set<String> = []
  /// Runs that another scheduler has taken over: gone here, and not there.
  var abandoned: Set<String> = []
  /// Runs to take over, as they were read.
  var adopting: [String: PipelineRecord] = [:]
  /// The number of the newest change.
  private(set) var newest = 0
  /// Attempts that start when the change that asks for them is written there.
  private(set) var launches: [(assignment: TaskAssignment, number: Int)] = []

  init(store: SharedRunStore, cluster: String, holder: String, renewal: UInt64) {
    self.store = store
    self.cluster = cluster
    self.holder = holder
    self.renewal = renewal
  }

  /// Whether something waits to be written, or to start once it is.
  var hasWork: Bool { !changes.isEmpty || !launches.isEmpty }

  mutating func note(_ outcomes: [String: PipelineOutcome], whole: Set<String>) {
    guard !outcomes.isEmpty else { return }
    newest += 1
    for (id, outcome) in outcomes { changes[id, default: PipelineOutcome()].formUnion(outcome) }
    self.whole.formUnion(whole)
  }

  mutating func noteWhole(_ ids: Set<String>) {
    note(Dictionary(uniqueKeysWithValues: ids.map { ($0, PipelineOutcome()) }), whole: ids)
  }

  mutating func hold(_ assignment: TaskAssignment) { launches.append((assignment, newest)) }

  /// Tasks that are not started yet.
  var waitingTasks: Set<TaskID> { Set(launches.map(\.assignment.taskID)) }

  /// The changes so far, which the caller writes.
  mutating func takeChanges() -> (changes: [String: PipelineOutcome], whole: Set<String>, number: Int) {
    defer {
      changes = [:]
      whole = []
    }
    return (changes, whole, newest)
  }

  /// Attempts whose changes are written up to a number.
  mutating func takeLaunches(upTo number: Int) -> [TaskAssignment] {
    let ready = launches.filter { $0.number <= number }.map(\.assignment)
    launches.removeAll { $0.number <= number }
    return ready
  }
}
