import CSystemShims
import Glibc
import SystemSupport

/// How a child ended.
enum ExitStatus: Hashable {
  case exited(Int32)
  case signalled(Int32)

  /// Decodes what waitpid(2) gives.
  init(wait status: Int32) {
    self = status & 0x7F == 0 ? .exited((status >> 8) & 0xFF) : .signalled(status & 0x7F)
  }

  var isSuccess: Bool { self == .exited(0) }
}

/// The children of this process: started here, reaped here, each with something to do at its end.
///
/// This process is a subreaper, so what a child leaves behind becomes a child too, and is reaped as well.
final class ChildProcesses {
  private var endings: [Int32: (ExitStatus) -> Void] = [:]

  /// The ids of the children started here that have not ended.
  var running: [Int32] { endings.keys.sorted() }

  /// Starts a program in a session of its own. Descriptors are what it gets as 0, 1 and 2; -1 is `/dev/null`.
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

  /// Reaps all that have ended. Called after SIGCHLD.
  func reap() {
    while true {
      var status: Int32 = 0
      let id = waitpid(-1, &status, WNOHANG)
      if id < 0, errno == EINTR { continue }
      guard id > 0 else { return }
      endings.removeValue(forKey: id)?(ExitStatus(wait: status))
    }
  }
}
