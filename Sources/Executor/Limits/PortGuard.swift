import Diagnostics
import Glibc

/// Whether tasks on this host can be kept from the ports of each other.
public enum PortGuard {
  /// Returns why tasks can take ports of other tasks; nil when the kernel keeps them from that.
  ///
  /// Guards the ports of a control group that it makes and removes again, with no process in it.
  ///
  /// - Parameter parent: the group below which the groups of tasks are made.
  public static func problem(parent: String) -> String? {
    guard geteuid() == 0 else { return "only a scheduler that is root can prevent that" }
    let limits = ControlGroupLimits(milliCPU: 0, memory: 0, processes: 0)
    do throws(ExecutorError) {
      let group = try ControlGroups.current().makeGroup(
        named: "port-guard-\(getpid())", parent: parent, limits: limits)
      defer { _ = group.remove() }
      try group.guardPorts(1...1, own: [])
      return nil
    } catch {
      return error.diagnostic.summary
    }
  }

  /// Returns the text about open ports in a task's record, in plans and in the status.
  public static func text(_ problem: String) -> String { "the task can take ports of other tasks: \(problem)" }
}
