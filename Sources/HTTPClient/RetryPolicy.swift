/// When a request is sent again, and after how long.
///
/// Sent again: after a connection that could not be made, for every method; after a connection that broke, a timeout,
/// and the statuses 429, 500, 502, 503 and 504, for idempotent methods only. A `Retry-After` of the server counts when
/// it is longer than the policy's delay; one longer than ``maximumDelay`` ends the attempts instead.
public struct RetryPolicy: Sendable, Hashable {
  /// Attempts in all; 1 never repeats.
  public var attempts: Int
  /// Milliseconds before the second attempt; doubled for each further one.
  public var firstDelay: Int
  /// Milliseconds that a delay never exceeds.
  public var maximumDelay: Int

  public init(attempts: Int = 4, firstDelay: Int = 200, maximumDelay: Int = 20_000) {
    self.attempts = attempts
    self.firstDelay = firstDelay
    self.maximumDelay = maximumDelay
  }

  public static let standard = RetryPolicy()
  public static let never = RetryPolicy(attempts: 1)

  /// Milliseconds to wait after attempt number `attempt` (from 1) failed, or nil to give up. `random` in 0..<1 spreads
  /// the delay over its upper half, so that many clients do not come back at once.
  func delay(after attempt: Int, retryAfter seconds: Int64?, random: Double) -> Int? {
    guard attempt < attempts else { return nil }
    let doubled = min(firstDelay << min(attempt - 1, 20), maximumDelay)
    let spread = doubled / 2 + Int(Double(doubled) / 2 * random)
    guard let seconds, seconds > 0 else { return spread }
    guard seconds <= maximumDelay / 1000 else { return nil }
    return max(spread, Int(seconds) * 1000)
  }

  /// Whether an answer of this status justifies another attempt.
  static func isTransient(status: Int) -> Bool { [429, 500, 502, 503, 504].contains(status) }
}
