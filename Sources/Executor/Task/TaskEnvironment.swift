import JobModel

/// The environment of a task's processes: nothing of the executor's own.
enum TaskEnvironment {
  static let usualPath = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]

  /// The variables. A port `http` is in `PORT_http`; a character that shells refuse in a name becomes `_`.
  static func variables(
    for assignment: TaskAssignment, user: String, home: String, temporary: String, path: [String], shell: String
  ) -> [String: String] {
    var variables = [
      "HOME": home,
      "TMPDIR": temporary,
      "PATH": (path + usualPath).joined(separator: ":"),
      "SHELL": shell,
      "USER": user,
      "LOGNAME": user,
      "LANG": "C.UTF-8",
      "HOSTNAME": assignment.hostname,
      "TASK_ID": assignment.taskID.rawValue,
      "INSTANCE": "\(assignment.instance)",
      "KILT_JOB_KEY": "\(assignment.jobKey)",
      "KILT_STAGE": assignment.jobKey.stage,
      "PEX_ROOT": home + "/.pex",
    ]
    for (name, port) in assignment.ports {
      let safe = String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
      variables["PORT_" + safe] = "\(port)"
    }
    return variables
  }
}
