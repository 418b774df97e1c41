internal import ContentStore
internal import Digests
internal import SystemSupport

/// The directory of one run of an action: `work` with the inputs, `bin` with the tools, `home`, and for people
/// `__run.sh`.
final class ActionSandbox {
  let folder: FilePath
  private let action: Action
  private let isolation: Isolation
  private let lock: FileLock
  private let lockPath: FilePath
  private var isKept = false

  /// The path of the directory inside the action.
  private var seen: FilePath { if case .bubblewrap = isolation { "/kilt" } else { folder } }
  var work: FilePath { folder.appending("work") }
  private var seenWork: FilePath { seen.appending("work") }

  /// Creates the directory and adds the inputs to it.
  init(_ action: Action, store: ContentStore, isolation: Isolation) throws {
    self.action = action
    self.isolation = isolation
    let parent = Self.parent(in: store)
    try FileSystem.createDirectories(parent)
    let name = action.name.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") ? $0 : "_" }.suffix(60)
    folder = try FileSystem.makeTemporaryDirectory(prefix: String(name), in: FileSystem.canonicalPath(parent))
    // Held while the action runs: a directory that nobody holds was left by a killed process.
    lockPath = Self.lockPath(of: folder)
    lock = try FileLock(waitingFor: lockPath)
    for name in ["work", "bin", "home", "tmp"] { try FileSystem.createDirectories(folder.appending(name)) }
    try store.write(action.inputs.tree, to: work, origins: action.inputs.origins)
    try FileSystem.createDirectories(work.pushing(FilePath(action.workingDirectory)))
    // The parent directories of outputs exist, as users expect.
    for path in action.outputFiles {
      try FileSystem.createDirectories(work.pushing(FilePath(path)).removingLastComponent())
    }
    for tool in action.tools {
      try FileSystem.createSymbolicLink(at: folder.appending("bin").appending(tool.name), to: tool.path)
    }
    for shared in action.sharedFolders.values {
      // Held before it is created, so that no collection removes it while the action runs.
      let name = onDisk(shared).lastComponent?.string ?? ""
      _ = store.uses(.shared(name))
      try FileSystem.createDirectories(onDisk(shared))
    }
  }

  static func parent(in store: ContentStore) -> FilePath { store.root.appending("sandboxes") }
  static func lockPath(of folder: FilePath) -> FilePath { FilePath(folder.string + ".lock") }

  /// The program with its arguments, environment and directory, as the system runs it.
  var command: Subprocess {
    let arguments = action.arguments.map(substituted)
    var environment = [
      "HOME": seen.appending("home").string,
      "TMPDIR": seen == folder ? folder.appending("tmp").string : "/tmp",
    ]
    for (name, value) in action.environment { environment[name] = substituted(value) }
    // The tools come first on the PATH.
    let folders = [seen.appending("bin").string] + action.searchFolders.map { seenWork.pushing(FilePath($0)).string }
    environment["PATH"] = (folders + [action.environment["PATH"]].compactMap(\.self)).joined(separator: ":")
    for (name, path) in action.sharedFolders {
      environment[name] = seen == folder ? onDisk(path).string : "/kilt/shared/" + name
    }
    let variables = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    guard case .bubblewrap(let program) = isolation else {
      return Subprocess(
        program(arguments[0]), Array(arguments.dropFirst()), environment: variables,
        workingDirectory: work.pushing(FilePath(action.workingDirectory)),
        deadlineMilliseconds: action.timeoutSeconds.map { $0 * 1000 })
    }
    var options = Isolation.namespaces(network: action.usesNetwork) + Isolation.system
    for path in Set(action.tools.flatMap(\.folders)).sorted(by: { $0.string < $1.string }) {
      options += ["--ro-bind", path.string, path.string]
    }
    options += ["--ro-bind", folder.appending("bin").string, "/kilt/bin"]
    options += ["--bind", folder.appending("home").string, "/kilt/home", "--bind", work.string, seenWork.string]
    for (name, path) in action.sharedFolders.sorted(by: { $0.key < $1.key }) {
      options += ["--bind", onDisk(path).string, "/kilt/shared/" + name]
    }
    options += ["--chdir", seenWork.pushing(FilePath(action.workingDirectory)).string, "--"]
    return Subprocess(
      program.string, options + [self.program(arguments[0])] + arguments.dropFirst(), environment: variables,
      workingDirectory: folder, deadlineMilliseconds: action.timeoutSeconds.map { $0 * 1000 })
  }

  private func substituted(_ text: String) -> String {
    guard text.contains("{chroot}") else { return text }
    return text.split(separator: "{chroot}", omittingEmptySubsequences: false).joined(separator: seenWork.string)
  }

  /// A shared directory: one for each path under which programs see it, because they can record the path.
  private func onDisk(_ shared: FilePath) -> FilePath { seen == folder ? FilePath(shared.string + "-plain") : shared }

  /// A tool by name is the link to it; a path is one of the inputs, or of the system.
  private func program(_ name: String) -> String {
    if name.hasPrefix("/") { return name }
    return name.contains("/") ? seenWork.pushing(FilePath(name)).string : seen.appending("bin/" + name).string
  }

  /// Keeps the directory, with a script that runs the action again.
  func keep() throws {
    isKept = true
    let command = command
    let quoted = ([command.executable] + command.arguments).map(Self.quoted).joined(separator: " ")
    let script = """
      #!/bin/sh
      # Runs "\(action.name.filter { !$0.isNewline })" again, in this folder, as it was run.
      cd \(Self.quoted((command.workingDirectory ?? folder).string)) || exit
      exec env -i \(command.environment.map(Self.quoted).joined(separator: " ")) \\
        \(quoted) "$@"

      """
    try FileSystem.write(text: script, to: folder.appending("__run.sh"), permissions: 0o755)
  }

  private static func quoted(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { byte in
      (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
        || "/_-.=+:,@".utf8.contains(byte)
    }
    if isPlain, !text.isEmpty { return text }
    return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }

  deinit {
    guard !isKept else { return }
    // "kilt cache gc" removes files that cannot be removed now.
    do throws(SystemCallError) {
      try FileSystem.removeTree(folder)
      try FileSystem.removeFile(lockPath)
    } catch {}
  }
}
