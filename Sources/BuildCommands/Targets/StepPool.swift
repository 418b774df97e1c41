internal import Actions
internal import ContentStore
internal import Digests
internal import SystemSupport

/// Says that something cannot be made yet: steps are under way that it is made from.
struct StepsUnderWay: Error {
  /// The keys of the steps.
  var keys: Set<SHA256Digest>
}

/// Build steps on threads of their own. The one thread that plans hands them in and takes what came of them.
final class StepPool {
  /// What a step makes.
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

  /// Whether a step was handed in.
  func hasBegun(_ key: SHA256Digest) -> Bool { started.contains(key) }

  /// What came of a step, which is begun when it is new.
  ///
  /// - Throws: what the step threw; ``StepsUnderWay`` while it is not over.
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

  /// Begins no more steps; those that have begun go on to their ends, which are waited for.
  func stop() {
    work.stop()
    while wait() != nil {}
  }
}
