/// The isolation of a command from everything that the command did not declare.
public enum BuildIsolation: Sendable, Hashable {
  /// Bubblewrap: a file system of the system's directories, the tools and the inputs; no network, no other processes.
  case bubblewrap(FilePath)
  /// Only a separate directory, with the reason.
  case none(reason: String)

  /// Tries bubblewrap exactly as commands use it, which takes some 5 ms.
  public static func detect() -> BuildIsolation {
    guard let program = Subprocess.find("bwrap") else { return .none(reason: "bwrap is not installed") }
    let arguments = Self.namespaces(network: false) + Self.system + ["/bin/sh", "-c", ":"]
    do throws(SystemCallError) {
      let outcome = try Subprocess(program.string, arguments, deadlineMilliseconds: 10_000).run()
      if outcome.termination.isSuccess { return .bubblewrap(program) }
      let text = outcome.errorText.split(separator: "\n").last.map(String.init) ?? "\(outcome.termination)"
      return .none(reason: "bwrap does not work here: " + text)
    } catch {
      return .none(reason: "bwrap does not work here: \(error)")
    }
  }

  /// Arguments of bubblewrap: namespaces of its own, no other processes.
  public static func namespaces(network: Bool) -> [String] {
    ["--unshare-all"] + (network ? ["--share-net"] : []) + ["--die-with-parent", "--hostname", "kilt"]
  }

  /// The directories of the system, read-only. The sandbox has no home directories, no `/var`, no `/run` and nothing
  /// else.
  public static let system: [String] = {
    var arguments: [String] = []
    for name in ["bin", "sbin", "lib", "lib32", "lib64", "libx32"] {
      let path = FilePath("/" + name)
      // Merged into /usr on most systems.
      if let target = try? FileSystem.readLink(path) {
        arguments += ["--symlink", target.string, path.string]
      } else if FileSystem.exists(path) {
        arguments += ["--ro-bind", path.string, path.string]
      }
    }
    arguments += ["--ro-bind", "/usr", "/usr", "--ro-bind", "/etc", "/etc", "--proc", "/proc", "--dev", "/dev"]
    return arguments + ["--tmpfs", "/tmp", "--tmpfs", "/var/tmp"]
  }()
}

extension BuildIsolation {
  /// Returns a command that runs in this isolation, without network.
  ///
  /// - Parameters:
  ///   - readable: paths to show in addition to the directories of the system.
  ///   - writable: paths that the command can write to.
  ///   - directory: the working directory.
  /// - Returns: the whole command, unchanged if there is no bubblewrap.
  public func command(
    _ command: [String], readable: [FilePath], writable: [FilePath], directory: FilePath
  ) -> [String] {
    guard case .bubblewrap(let program) = self else { return command }
    var arguments = [program.string] + Self.namespaces(network: false) + Self.system
    for path in readable where !path.starts(with: "/usr") { arguments += ["--ro-bind", path.string, path.string] }
    for path in writable { arguments += ["--bind", path.string, path.string] }
    return arguments + ["--chdir", directory.string, "--"] + command
  }
}
