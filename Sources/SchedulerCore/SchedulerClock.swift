public import JobModel

/// The readings of a host's clocks at one moment.
public struct ClockReading: Sendable, Hashable {
  public var wall: Timestamp
  /// Time since the host was started, sleep included: it never jumps.
  public var steady: Duration
  /// Identifies the start of the host that `steady` counts from.
  public var boot: String

  public init(wall: Timestamp, steady: Duration, boot: String) {
    self.wall = wall
    self.steady = steady
    self.boot = boot
  }
}

/// The scheduler's time: it equals the wall clock while nobody sets that, but runs on the steady clock, so that a jump
/// moves no deadline. A jump becomes a `SchedulerInput.clockJumped`.
public struct SchedulerClock: Sendable, Hashable {
  /// The fixed point of a clock: kept over restarts of the scheduler.
  public struct Anchor: Sendable, Hashable {
    /// The wall clock's reading at the boot of the host, by the last accepted reading.
    public var start: Timestamp
    public var boot: String

    public init(start: Timestamp, boot: String) {
      self.start = start
      self.boot = boot
    }
  }

  /// The maximum drift between the clocks before the wall clock counts as set.
  private static let tolerance = Duration.seconds(2)

  public private(set) var anchor: Anchor

  /// Continues with a stored anchor if it belongs to the same boot of the host.
  ///
  /// - Returns: the clock, and the jump of the wall clock since the anchor was stored, if there was one.
  public static func resume(
    _ reading: ClockReading, anchor: Anchor?
  ) -> (clock: SchedulerClock, jump: Duration?) {
    guard let anchor, anchor.boot == reading.boot else {
      return (SchedulerClock(anchor: Anchor(start: reading.wall + (.zero - reading.steady), boot: reading.boot)), nil)
    }
    let clock = SchedulerClock(anchor: anchor)
    return (clock, clock.jump(reading))
  }

  /// The time by the steady clock.
  public func now(_ reading: ClockReading) -> Timestamp { anchor.start + reading.steady }

  /// By how much the wall clock was set since the clock was fixed; nil when it was not.
  public func jump(_ reading: ClockReading) -> Duration? {
    let difference = reading.wall - now(reading)
    return abs(difference.milliseconds) > Self.tolerance.milliseconds ? difference : nil
  }

  /// Fixes the clock again.
  public mutating func follow(_ reading: ClockReading) {
    anchor.start = reading.wall + (.zero - reading.steady)
  }
}
