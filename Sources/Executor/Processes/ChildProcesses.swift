import CSystemShims
import Glibc
import SystemSupport

/// The end of a child.
enum ExitStatus: Hashable {
  case exited(Int32)
  case signalled(Int32)

  /// Decodes the status of waitpid(2).
  init(wait status: Int32) {
    self = status & 0x7F == 0 ? .exited((status >> 8) & 0xFF) : .signalled(status & 0x7F)
  }

  var isSuccess: Bool { self == .exited(0) }
}

/// The children of this process: started here, reaped here, each with an action at its end.
///
/// This process is a subreaper, so processes that a child leaves behind become children too, and are reaped as well.
final class ChildProcesses {
  private var endings: [Int32: (ExitStatus) -> Void] = [:]

  /// The ids of the children started here that have not ended.
  var running: [Int32] { endings.keys.sorted() }

  /// Starts a program in its own session. Descriptors become its 0, 1 and 2; -1 means `/dev/null`.
  func start(
    _ program: String, arguments: [String], environment: [String], output: Int32, errors: Int32,
    directory: String? = nil, onEnd: @escaping (ExitStatus) -> Void
  ) throws(ExecutorError) -> Int32 {
    var id: pid_t = 0
    var options = kilt_spawn_options(
      standard_input: -1, standard_output: output, standard_error: errors, working_directory: nil, new_session: 1)
    let code = withCStrings([program] + arguments) { arguments in
      withCStrings(environment) { environment in
        guard let directory else { return kilt_spawn(&id, program, arguments, environment, &options) }
        return directory.withCString { directory in
          options.working_directory = directory
          return kilt_spawn(&id, program, arguments, environment, &options)
        }
      }
    }
    guard code == 0 else { throw .system(call: "posix_spawn", path: program, code: code) }
    endings[id] = onEnd
    return id
  }

  /// Starts a sandbox's command in a session of its own; it dies with this process.
  func start(
    _ launch: Launch, output: Int32, errors: Int32, input: Int32 = -1, onEnd: @escaping (Int32, ExitStatus) -> Void
  ) throws(ExecutorError) -> Int32 {
    var descriptors = launch.descriptors.map { kilt_descriptor(from: $0.value.number, to: $0.key) }
    for (number, ours) in [(Int32(0), input), (1, output), (2, errors)] where ours >= 0 {
      descriptors.append(kilt_descriptor(from: ours, to: number))
    }
    var id: pid_t = 0
    // It passes its environment to nobody: the command's inputs are among the descriptors.
    let code = withCStrings(launch.arguments) { arguments in
      withCStrings(["PATH=" + TaskEnvironment.usualPath.joined(separator: ":")]) { environment in
        kilt_spawn_bound(
          &id, launch.program, arguments, environment, descriptors, UInt32(descriptors.count),
          launch.group?.number ?? -1)
      }
    }
    withExtendedLifetime(launch) {}
    launch.channel.closeChildEnd()
    guard code == 0 else { throw .system(call: "exec", path: launch.program, code: code) }
    let started = id
    endings[started] = { onEnd(started, $0) }
    return started
  }

  /// Has a child that was started elsewhere in this process do something at its end.
  func adopt(_ id: Int32, onEnd: @escaping (ExitStatus) -> Void) { endings[id] = onEnd }

  /// Reaps all ended children. Called after SIGCHLD.
  func reap() {
    while true {
      var status: Int32 = 0
      let id = waitpid(-1, &status, WNOHANG)
      if id < 0, errno == EINTR { continue }
      guard id > 0 else { return }
      guard let onEnd = endings.removeValue(forKey: id) else {
        ForeignChildren.reaped(id, status: status)
        continue
      }
      onEnd(ExitStatus(wait: status))
    }
  }
}
