import JobModel

/// The environment of a task's processes: no variable of the executor.
enum TaskEnvironment {
  static let usualPath = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]

  /// The variables: the job file's, overridden by the task's own. A port `http` is in `PORT_http`; a character that
  /// shells refuse in a name becomes `_`.
  static func variables(
    for assignment: TaskAssignment, user: String, home: String, temporary: String, secrets: String?,
    runner: String? = nil, path: [String], shell: String
  ) throws(ExecutorError) -> [String: String] {
    var variables: [String: String] = [:]
    for (name, value) in assignment.configuration.task.environment {
      do {
        variables[name] = try LateBinding.bind(value, for: assignment)
      } catch {
        throw .badAssignment(path: name, problem: "\(error)")
      }
    }
    // A job file can set its locale, but no other of these variables.
    if variables["LANG"] == nil { variables["LANG"] = "C.UTF-8" }
    let own = [
      "HOME": home,
      "TMPDIR": temporary,
      "PATH": (path + usualPath).joined(separator: ":"),
      "SHELL": shell,
      "USER": user,
      "LOGNAME": user,
      "HOSTNAME": assignment.hostname,
      "TASK_ID": assignment.taskID.rawValue,
      "INSTANCE": "\(assignment.instance)",
      "KILT_JOB_KEY": "\(assignment.jobKey)",
      "KILT_STAGE": assignment.jobKey.stage,
      "PEX_ROOT": home + "/.pex",
    ]
    variables.merge(own) { $1 }
    if let release = assignment.release { variables["KILT_RELEASE"] = "\(release)" }
    // Not in command lines: there, each commit would make another job of a bundle that stays the same.
    if let commit = assignment.configuration.task.artifacts.lazy.compactMap(\.commit).first {
      variables["KILT_COMMIT"] = commit
    }
    TelemetryAttributes(assignment).add(to: &variables)
    if let secrets { variables["KILT_SECRETS"] = secrets }
    if let runner { variables["KILT_RUNNER"] = runner }
    for (name, port) in assignment.ports {
      let safe = String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
      variables["PORT_" + safe] = "\(port)"
    }
    return variables
  }
}
