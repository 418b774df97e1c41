import Discovery
import JobModel
import SystemSupport

extension TaskRunner {
  /// The minimum time between the withdrawal of a task and the first request to end: consumers of discovery follow
  /// within it, so that nobody calls a process that ends. A job's `drain_secs` can only be longer.
  static let withdrawalPause = Duration.seconds(1)

  /// Announces the task once it is RUNNING and its last health check succeeded, and withdraws it otherwise.
  ///
  /// The record is in the checkpoint when this returns, so a withdrawal is known before any process is asked to end.
  func updateAnnouncement() {
    guard let announcement else { return }
    let obstacle = announcementObstacle
    if obstacle == nil, announced == nil {
      announced = announcement
      checkpoint.append(.announcement(announcement))
      let member = ServerSetMember(announcement, shard: assignment.instance)
      serverSetProcess()?.announce(member.json, at: Monotonic.now())
    } else if let obstacle, announced != nil {
      announced = nil
      checkpoint.append(.announcement(nil, reason: obstacle))
      serverSet?.announce(nil, at: Monotonic.now())
    }
    serverSet?.restartIfDue(at: Monotonic.now())
    if phase == .ended { serverSet?.end() }
  }

  /// The program that keeps the node in ZooKeeper, started when it is first needed.
  private func serverSetProcess() -> ServerSetProcess? {
    guard let settings = options.zooKeeper else { return nil }
    if let serverSet { return serverSet }
    do throws(SystemCallError) {
      let program = try executablePath().removingLastComponent().appending("kilt-zookeeper").string
      let made = ServerSetProcess(
        program: program, settings: settings, path: ServerSetMember.path(of: assignment.jobKey),
        log: paths.run + "/zookeeper.log", children: children)
      serverSet = made
      return made
    } catch {
      return nil
    }
  }

  /// The reason why the task is not announced now; nil if it can be announced.
  private var announcementObstacle: String? {
    guard phase == .active, ending == nil else { return "the task is being stopped" }
    guard status == .running else { return "the task is not running yet" }
    guard let report = health.report, !report.healthy else { return nil }
    return report.message.map { "the health check fails: \($0)" } ?? "the health check fails"
  }
}
