internal import Diagnostics
internal import Executor
internal import JSON
internal import JobModel
internal import PipelineDatabase
internal import Pipelines
internal import SchedulerCore
internal import SchedulerStore
internal import SystemSupport

// Runs in a PostgreSQL that other programs read. The scheduler's own database is written first, then the other one, and
// only then an attempt starts. While the other one is away, ends of attempts are kept here, and nothing new starts.
extension HostScheduler {
  /// One round: takes the lease, takes runs over, writes what has changed.
  func shareRuns() async {
    guard let sharing, monotonicNanoseconds() >= sharing.retryAt else { return }
    do throws(DatabaseProblem) {
      if sharing.lease == nil { try await takeLease(sharing) }
      adoptRuns()
      try await writeRuns()
    } catch {
      sharingFailed(error)
    }
  }

  /// Lets another scheduler take over at once.
  func releaseRuns() async {
    guard let sharing, let lease = sharing.lease else { return }
    do throws(DatabaseProblem) {
      try await sharing.store.release(lease)
    } catch {
      // It expires by itself.
      warn("cannot give back the lease of pipeline runs: \(error.text)")
    }
  }

  /// Compares both databases: whoever had the lease last has the newer runs.
  private func takeLease(_ sharing: RunSharing) async throws(DatabaseProblem) {
    let lease = try await sharing.store.acquire(holder: sharing.holder, isRestart: sharing.isFirst)
    self.sharing?.isFirst = false
    let theirs = try await sharing.store.summaries()
    let wasOurs = try storing { () throws(StoreError) in try store.pipelineLease() } == lease.former
    if !wasOurs { abandonRuns(Set(theirs.keys)) }
    let unknown = theirs.keys.filter { store.state.pipelines[$0] == nil }.sorted()
    let found = try await sharing.store.runs(unknown)
    for stored in found {
      do throws(ModelError) {
        self.sharing?.adopting[stored.run.id] = try PipelineRecord(json: stored.body, run: stored.run)
      } catch {
        throw .damaged("run \(stored.run.id): \(error)")
      }
    }
    // Only now: a process that is killed before reads everything again.
    try storing { () throws(StoreError) in try store.setPipelineLease(lease.fence) }
    self.sharing?.lease = lease
    self.sharing?.known = Set(theirs.keys)
    self.sharing?.noteWhole(
      Set(
        store.state.pipelines.values.filter { record in
          let run = record.run
          return !run.status.isTerminal
            || theirs[run.id] != RunSummary(status: run.status.rawValue, fence: run.fence)
        }.map(\.run.id)))
  }

  private func storing<Result>(_ body: () throws(StoreError) -> Result) throws(DatabaseProblem) -> Result {
    do throws(StoreError) {
      return try body()
    } catch {
      throw .away(Self.summary(of: error))
    }
  }

  private func abandonRuns(_ ids: Set<String>) {
    let ours = ids.filter { store.state.pipelines[$0].map { !$0.run.status.isTerminal } ?? false }
    guard !ours.isEmpty else { return }
    sharing?.abandoned.formUnion(ours)
    report(.abandonPipelines(ours, message: "another scheduler has taken over its pipeline run"))
  }

  /// Takes over runs whose jobs have ended here.
  private func adoptRuns() {
    guard let adopting = sharing?.adopting, !adopting.isEmpty else { return }
    let state = store.state
    for (id, record) in adopting.sorted(by: { $0.key < $1.key }) {
      let steps = record.run.definition.steps.indices
      guard steps.allSatisfy({ state.jobs[record.jobKey(ofStep: $0)] == nil }) else { continue }
      sharing?.adopting[id] = nil
      sharing?.abandoned.remove(id)
      report(.adoptPipeline(record))
    }
  }

  private func writeRuns() async throws(DatabaseProblem) {
    guard let lease = sharing?.lease, let target = sharing?.store, !store.isAhead else { return }
    guard sharing?.hasWork == true || monotonicNanoseconds() >= sharing?.renewAt ?? 0 else { return }
    guard let (changes, whole, number) = sharing?.takeChanges() else { return }
    do throws(DatabaseProblem) {
      var writings: [RunWriting] = []
      for (id, outcome) in changes.sorted(by: { $0.key < $1.key }) {
        if let writing = try writing(id, outcome, isWhole: whole.contains(id)) { writings.append(writing) }
      }
      try await target.write(writings, lease)
    } catch {
      // It can have been written all the same: everything of these runs is written again.
      sharing?.noteWhole(Set(changes.keys))
      throw error
    }
    for id in changes.keys {
      if store.state.pipelines[id] == nil { sharing?.known.remove(id) } else { sharing?.known.insert(id) }
    }
    let renewal = sharing?.renewal ?? 0
    sharing?.renewAt = monotonicNanoseconds() + renewal
    if sharing?.problem != nil {
      sharing?.problem = nil
      report(.holdPipelines(false))
      writeText("pipeline runs are in step with \(options.monitoring.pipelines?.shownStore ?? "their store")\n", to: 2)
    }
    for assignment in sharing?.takeLaunches(upTo: number) ?? []
    where store.state.tasks[assignment.taskID]?.status == .assigned { start(assignment) }
    drain()
  }

  private func writing(_ id: String, _ outcome: PipelineOutcome, isWhole: Bool) throws(DatabaseProblem) -> RunWriting? {
    guard let record = store.state.pipelines[id] else {
      // One that is forgotten here because it is old is forgotten there, too.
      let isOthers = sharing?.abandoned.contains(id) == true || sharing?.adopting[id] != nil
      return isOthers ? nil : RunWriting(id: id, statements: PipelineTables.delete(id))
    }
    guard isWhole || sharing?.known.contains(id) != true else {
      return RunWriting(id: id, statements: PipelineTables.update(record.run, outcome))
    }
    let attempts = try storing { () throws(StoreError) in try store.pipelineAttempts(of: id) }
    return RunWriting(id: id, statements: PipelineTables.insert(record.run) + attempts, body: record.json)
  }

  private func sharingFailed(_ error: DatabaseProblem) {
    if case .taken = error, sharing?.lease != nil {
      sharing?.lease = nil
      // What it has of these runs is older than what the other scheduler has by now.
      abandonRuns(sharing?.known ?? [])
    }
    sharing?.retryAt = monotonicNanoseconds() + 1_000_000_000
    if sharing?.problem != error.text {
      warn("pipeline runs wait for \(options.monitoring.pipelines?.shownStore ?? "their store"): \(error.text)")
    }
    sharing?.problem = error.text
    report(.holdPipelines(true))
  }

  /// Why a run that is in progress does not go on; nil when nothing keeps it.
  func reasonToWait(_ record: PipelineRecord) -> String? {
    guard !record.run.status.isTerminal else { return nil }
    if let problem = sharing?.problem { return "waits for the store of runs: \(problem)" }
    guard let limit = record.run.definition.runLimit else { return nil }
    let earlier = store.state.runs(before: record)
    return earlier.count < limit ? nil : "waits for \(earlier.map(\.run.id).joined(separator: ", "))"
  }
}
