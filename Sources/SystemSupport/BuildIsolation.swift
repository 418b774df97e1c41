/// How a command is kept from what it did not declare.
public enum BuildIsolation: Sendable, Hashable {
  /// Bubblewrap: a file system of the system's folders, the tools and the inputs; no network, no other processes.
  case bubblewrap(FilePath)
  /// A folder of its own and nothing else, with the reason.
  case none(reason: String)

  /// Tries bubblewrap as it will be used; that takes some 5 ms.
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

  /// The folders of the system, read-only. Home folders, `/var`, `/run` and all else is not there.
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
  /// A command as it runs in here, without network.
  ///
  /// - Parameters:
  ///   - readable: what is there besides the folders of the system.
  ///   - writable: what may be written to.
  ///   - directory: where it is started.
  /// - Returns: the whole command; as it was where there is no bubblewrap.
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
