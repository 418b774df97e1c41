internal import SystemSupport

/// A state that a test waited for and that never came.
public struct NeverHappened: Error, CustomStringConvertible {
  public var what: String

  public var description: String { "never happened: \(what)" }
}

/// Checks a condition until it holds. Gives up after two minutes, which is far more than any test needs.
///
/// - Throws: ``NeverHappened``, or the error of the condition.
public func waitUntil(_ what: String, _ condition: () throws -> Bool) throws {
  let deadline = monotonicNanoseconds() + 120_000_000_000
  while try !condition() {
    guard monotonicNanoseconds() < deadline else { throw NeverHappened(what: what) }
    pauseMilliseconds(20)
  }
}

/// The end of a test whose issue is already recorded.
public struct TestFailure: Error {
  public init() {}
}
