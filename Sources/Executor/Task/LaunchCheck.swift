import Glibc
public import JobModel

/// Finds problems that prevent every start of a job's tasks: checked at submission, so that they are reported once.
public enum LaunchCheck {
  /// The longest argument of execve(2), its zero byte included: MAX_ARG_STRLEN.
  static let longestArgument = 131_072
  /// Space for the growth of texts in late binding.
  static let bindingRoom = 4096
  /// The longest name of a file: NAME_MAX.
  static let longestName = 255

  /// - Parameter readOnly: the directories of the host that sandboxes are to show.
  /// - Throws: ``ExecutorError`` with the first problem.
  public static func check(_ configuration: JobConfiguration, readOnly: [String]) throws(ExecutorError) {
    let task = configuration.task
    let key = configuration.key
    // The directory of a task is named after its role, stage, job and instance, and a moment.
    let name = "\(key.role)-\(key.stage)-\(key.name)"
    guard name.utf8.count + 48 <= longestName else {
      throw .badProcessGraph(
        "the role, stage and name of job \(key) have \(name.utf8.count) bytes: more than \(longestName - 48) make no "
          + "name of a directory")
    }
    for text in [key.cluster, key.role, key.stage, key.name, task.name, task.user ?? ""] where text.utf8.contains(0) {
      throw .badProcessGraph("a name of job \(key) contains a NUL byte")
    }
    for process in task.processes {
      try checkLine(process.cmdline, "the command line of process \"\(process.name)\"")
    }
    _ = try ProcessGraph(task: task, final: false)
    _ = try ProcessGraph(task: task, final: true)
    for (name, value) in task.environment {
      guard !name.isEmpty, !name.utf8.contains(0), !name.contains("="), !value.utf8.contains(0) else {
        throw .badProcessGraph("the variable \"\(name.filter { $0 != "\0" })\" is not a variable of an environment")
      }
      try checkLine("\(name)=\(value)", "the variable \"\(name)\"")
    }
    if let check = configuration.healthCheck, case .shell(let command) = check.checker {
      try checkLine(command, "the command of the health check")
    }
    try checkReadOnly(readOnly)
  }

  private static func checkLine(_ line: String, _ what: String) throws(ExecutorError) {
    guard !line.utf8.contains(0) else { throw .badProcessGraph("\(what) contains a NUL byte") }
    let limit = longestArgument - bindingRoom
    guard line.utf8.count < limit else {
      throw .badProcessGraph("\(what) has \(line.utf8.count) bytes: the system executes at most \(limit)")
    }
  }

  /// Finds directories that cannot be shown to tasks: then no sandbox can be made.
  public static func checkReadOnly(_ directories: [String]) throws(ExecutorError) {
    _ = try ExecutorOptions(
      parsing: ["--task-directory", "/"] + directories.flatMap { ["--read-only", $0] })
    for directory in directories {
      guard access(directory, F_OK) == 0 else { throw .last("open", directory) }
    }
  }
}
