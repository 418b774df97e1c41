internal import Actions
internal import ContentStore
internal import Digests
internal import SystemSupport

/// Reports that a target cannot be built yet, because some of its steps are running.
struct StepsUnderWay: Error {
  /// The keys of the steps.
  var keys: Set<SHA256Digest>
}

/// Build steps on separate threads. The one thread that plans adds them and takes their results.
final class StepPool {
  /// The output of a step.
  enum Output: Sendable {
    case action(ActionOutcome)
    case file(BlobReference, wasCached: Bool)
  }

  private let work: WorkQueue<Output>
  private var keys: [SHA256Digest] = []
  private var started: Set<SHA256Digest> = []
  private var results: [SHA256Digest: Result<Output, any Error>] = [:]

  /// - Parameters:
  ///   - jobs: how many steps run at a time.
  ///   - continuing: whether other steps begin after one has failed.
  init(jobs: Int, continuing: Bool = false) {
    work = WorkQueue(threads: jobs, stopsAtFailure: !continuing)
  }

  /// Whether a step was added.
  func hasBegun(_ key: SHA256Digest) -> Bool { started.contains(key) }

  /// The result of a step; starts a new step.
  ///
  /// - Throws: the error of the step; ``StepsUnderWay`` while it is running.
  func product(of key: SHA256Digest, _ step: @escaping @Sendable () throws -> Output) throws -> Output {
    if let result = results[key] { return try result.get() }
    if started.insert(key).inserted {
      work.start(keys.count, step)
      keys.append(key)
    }
    throw StepsUnderWay(keys: [key])
  }

  /// Waits until a step is over. After a failure no others begin.
  ///
  /// - Returns: its key; nil when none is under way.
  func wait() -> SHA256Digest? {
    guard let (id, result) = work.next() else { return nil }
    results[keys[id]] = result
    return keys[id]
  }

  /// Starts no more steps, and waits for the running ones.
  func stop() {
    work.stop()
    while wait() != nil {}
  }
}
