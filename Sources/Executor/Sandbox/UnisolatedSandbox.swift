/// No namespaces: the processes see the whole host, as their user, under the same system call filter and limits.
///
/// For a machine without bubblewrap, for tasks already inside a container, and for debugging.
struct UnisolatedSandbox: Sandbox {
  let settings: SandboxSettings
  /// The reason for missing isolation, if it was wanted.
  let reason: String?

  /// The task directory is closed to the role's user.
  var artifacts: String? { nil }
  var runner: String? { settings.runner }
  var home: String { settings.paths.sandbox }
  var secrets: String? { settings.secrets }
  var temporary: String { settings.paths.temporary }
  var warnings: [String] { reason.map { ["the task runs without isolation: \($0)"] } ?? [] }

  func launch(_ command: [String], environment: [String: String], hasTerminal: Bool) throws(ExecutorError) -> Launch {
    let channel = try RunChannel()
    var start = RunInit(
      command: command, environment: environment, directory: settings.paths.sandbox, isNamespace: false)
    start.isFiltered = true
    start.hasTerminal = hasTerminal
    let (arguments, descriptors) = try start.prepare(settings, channel: channel)
    return Launch(
      program: RunInit.program, arguments: ["kilt-init"] + arguments, descriptors: descriptors, channel: channel,
      group: try settings.openStartGroup(), isContained: false)
  }
}
