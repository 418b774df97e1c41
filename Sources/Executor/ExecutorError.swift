public import Diagnostics
import Glibc

/// The reason why the executor itself could not do its work. A failure of a task is not an error of the executor: it is
/// the task's end, written to its checkpoint.
public enum ExecutorError: DiagnosableError, Hashable {
  /// An option or its value that `kilt-executor` does not know.
  case usage(String)
  /// `task.json` is not a task assignment.
  case badAssignment(path: String, problem: String)
  /// The processes and constraints of a task make no runnable graph.
  case badProcessGraph(String)
  /// Another executor holds the task's lock.
  case alreadyRunning(directory: String)
  /// No executor runs the task.
  case notRunning(task: String)
  /// A system call on a path failed.
  case system(call: String, path: String, code: Int32)
  /// A program that the executor needs is not on this machine.
  case missingProgram(name: String, package: String)
  /// A program that the executor has started failed.
  case program(name: String, message: String)
  /// A program of Kilt's own is not beside this one.
  case notInstalled(program: String)
  /// The user that the task runs as does not exist here.
  case missingUser(String)
  /// Bubblewrap is there, but cannot make namespaces.
  case sandboxRefused(String)
  /// The user has the ID 0, and the host does not allow tasks of that user.
  case rootRefused(user: String)
  /// Only root can become another user.
  case cannotBecome(user: String, current: String)
  /// A library call that reports an error number failed.
  case library(call: String, code: Int32)

  /// The error of the system call that has just failed; reads `errno`.
  static func last(_ call: String, _ path: String) -> ExecutorError { .system(call: call, path: path, code: errno) }

  public var diagnostic: Diagnostic {
    switch self {
    case .usage(let problem):
      Diagnostic(.input, problem, remedies: ["run `kilt-executor --help`"])
    case .badAssignment(let path, let problem):
      Diagnostic(.input, "invalid task assignment \"\(path)\"", notes: [problem])
    case .badProcessGraph(let problem):
      Diagnostic(.input, problem)
    case .alreadyRunning(let directory):
      Diagnostic(.input, "another executor runs the task in \"\(directory)\"")
    case .notRunning(let task):
      Diagnostic(.input, "the task \"\(task)\" does not run")
    case .system(let call, let path, let code):
      Diagnostic(.environment, "\(call) of \"\(path)\" failed: \(errorText(code))")
    case .missingProgram(let name, let package):
      Diagnostic(
        .environment, "the program \"\(name)\" is not installed",
        remedies: ["install the package \(package), or add `--isolation none` to run without isolation"])
    case .program(let name, let message):
      Diagnostic(.environment, "\(name) failed\(message.isEmpty ? "" : ": \(message)")")
    case .notInstalled(let program):
      Diagnostic(
        .environment, "the program \"\(program)\" does not exist",
        remedies: ["install all executables of Kilt in one directory"])
    case .missingUser(let user):
      Diagnostic(
        .environment, "the user \"\(user)\" does not exist on this machine",
        remedies: [
          "Create it (useradd --system \(user)), or let such tasks run as 'nobody': --allow-missing-user."
        ])
    case .sandboxRefused(let message):
      Diagnostic(
        .environment, "bubblewrap cannot make a sandbox here: \(message)",
        remedies: ["Allow user namespaces, run as root, or run without isolation: --isolation none."])
    case .rootRefused(let user):
      Diagnostic(
        .input, "a task cannot run as \"\(user)\": the user ID is 0",
        remedies: [
          "name another user in the job file",
          "to allow such tasks on this host, start the scheduler with `--allow-root \(user)`",
        ])
    case .cannotBecome(let user, let current):
      Diagnostic(
        .environment, "the task runs as \"\(user)\", but this executor runs as \"\(current)\" and cannot change users",
        remedies: ["start the scheduler as root, or add `--allow-missing-user` to run such tasks as \"\(current)\""])
    case .library(let call, let code):
      Diagnostic(.environment, "\(call) failed: \(errorText(code))")
    }
  }
}

/// The system's words for an error number.
func errorText(_ code: Int32) -> String { String(cString: strerror(code)) }
