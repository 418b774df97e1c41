/// No namespaces: the processes see the whole host, as their user, under the same system call filter and limits.
///
/// For a machine without bubblewrap, for tasks already inside a container, and for debugging.
struct UnisolatedSandbox: Sandbox {
  let settings: SandboxSettings
  /// Why there is no isolation, if it was wanted.
  let reason: String?

  /// The task directory is closed to the role's user.
  var artifacts: String? { nil }
  var home: String { settings.paths.sandbox }
  var temporary: String { settings.paths.temporary }
  var warnings: [String] { reason.map { ["the task runs without isolation: \($0)"] } ?? [] }

  func launch(cmdline: String, environment: [String: String], label: String) throws(ExecutorError) -> Launch {
    // The variables pass by a file: given to the entry itself, its loader would act on them while it is still root.
    let file = "\(settings.paths.run)/\(label).environment"
    try PrivateFile.write(environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)\0" }.joined(), to: file)
    var entry = Entry(memberFiles: settings.memberFiles)
    entry.limits = settings.fallbackLimits
    entry.environmentFile = file
    entry.directory = settings.paths.sandbox
    entry.isFiltered = true
    if settings.isRoot { entry.user = settings.user }
    return Launch(entry: entry, arguments: [settings.shell, "-c", cmdline], statusFile: nil)
  }
}
