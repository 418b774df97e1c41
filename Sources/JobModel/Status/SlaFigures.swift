/// The quality of a job's service, from the remembered tasks: Aurora's SLA figures, in the form of the API.
public struct SlaFigures: Sendable, Hashable {
  /// The median time from pending to assigned; nil before the first such task.
  public var timeToAssigned: Duration?
  /// The median time from pending to running; nil before the first such task.
  public var timeToRunning: Duration?
  /// For each percentile the time that so many percent of the wanted instances have been up for at least.
  public var uptime: [Int: Duration]
  /// The share of wanted instances that run now, from 0 to 100.
  public var running: Double

  /// Aurora's percentiles.
  public static let percentiles = [50, 75, 90, 95, 99]

  public init(timeToAssigned: Duration?, timeToRunning: Duration?, uptime: [Int: Duration], running: Double) {
    self.timeToAssigned = timeToAssigned
    self.timeToRunning = timeToRunning
    self.uptime = uptime
    self.running = running
  }
}
