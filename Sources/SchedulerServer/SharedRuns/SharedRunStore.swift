internal import PipelineDatabase
internal import Pipelines

/// The PostgreSQL with the runs of this cluster, on a thread of its own: its calls can take as long as the network
/// likes, and the scheduler does not wait for them.
actor SharedRunStore {
  private let database: PipelineDatabase
  private let executor = ThreadExecutor()
  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  init(_ settings: PipelineSettings, cluster: String) {
    database = PipelineDatabase(url: settings.store, cluster: cluster, duration: settings.leaseSeconds)
  }

  func acquire(holder: String, isRestart: Bool) throws(DatabaseProblem) -> PipelineLease {
    try database.acquire(holder: holder, isRestart: isRestart)
  }

  func write(_ runs: [RunWriting], _ lease: PipelineLease) throws(DatabaseProblem) {
    try database.write(runs, lease)
  }

  func release(_ lease: PipelineLease) throws(DatabaseProblem) { try database.release(lease) }

  func summaries() throws(DatabaseProblem) -> [String: RunSummary] { try database.summaries() }

  func runs(_ ids: [String]) throws(DatabaseProblem) -> [StoredRun] { try database.runs(ids) }
}
