import CSystemShims
import Diagnostics
import Glibc

/// Keeps tasks of this host from the ports of each other.
///
/// A BPF program of the task's control group refuses bind(2), which needs root and control groups of version 2. Elsewhere
/// Landlock (landlock(7), Linux 6.7 or later) refuses it for TCP.
public enum PortGuard {
  /// Returns why tasks can take ports of other tasks; nil when the kernel keeps them from that.
  ///
  /// Guards the ports of a control group that it makes and removes again, with no process in it.
  ///
  /// - Parameter parent: the group below which the groups of tasks are made.
  public static func problem(parent: String) -> String? {
    if hasLandlock { return nil }
    guard geteuid() == 0 else { return "only a scheduler that is root, or Linux 6.7 with Landlock, can prevent that" }
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

  /// Whether the kernel can keep a process from TCP ports by Landlock.
  public static var hasLandlock: Bool {
    // No port is allowed, so no rule is made.
    let rules = kilt_make_port_rules(0, 65535, [], 0)
    if rules >= 0 { close(rules) }
    return rules >= 0
  }

  /// Makes the rules for a task that has some ports of a range. A process that takes them on loses the others.
  static func rules(_ range: ClosedRange<Int>, own: [Int]) throws(ExecutorError) -> OwnedDescriptor {
    let ports = own.filter { range.contains($0) }.map { UInt32($0) }
    let rules = kilt_make_port_rules(UInt32(range.lowerBound), UInt32(range.upperBound), ports, UInt32(ports.count))
    guard rules >= 0 else { throw .last("landlock", "ports \(range.lowerBound) to \(range.upperBound)") }
    return OwnedDescriptor(rules)
  }
}
