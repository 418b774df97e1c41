internal import Glibc
public import SystemSupport

/// The file in which a scheduler leaves the path of its socket for clients of the same user on the same machine:
/// `$XDG_STATE_HOME/kilt/schedulers/localhost_PORT`, by default below `~/.local/state`.
///
/// A client with the address `http://127.0.0.1:8081` finds the socket there, and sends nothing to the process that
/// holds the port.
public enum PublishedScheduler {
  /// Writes the path of the socket of the scheduler on a loopback port.
  public static func publish(socket: FilePath, port: Int) throws(SystemCallError) {
    guard let file = file(port: port, { environmentVariable($0) }) else { return }
    let directory = file.removingLastComponent()
    try FileSystem.createDirectories(directory, permissions: 0o700)
    guard try isOwn(directory) else { return }
    try FileSystem.write(text: socket.string + "\n", to: file, permissions: 0o600)
  }

  /// The socket of the scheduler on a loopback port; nil when none was left, or when another user could have left it.
  ///
  /// A scheduler that is down keeps its socket's directory. Without that directory its state was removed, and another
  /// server can have the port.
  static func socket(port: Int, _ environment: (String) -> String?) throws(SystemCallError) -> FilePath? {
    guard let file = file(port: port, environment), let status = try FileSystem.statusIfPresent(of: file),
      status.kind == .file, status.owner == geteuid(), status.permissions & 0o022 == 0,
      try isOwn(file.removingLastComponent())
    else { return nil }
    let text = try FileSystem.readText(file, limit: 8192).split(separator: "\n").first.map(String.init)
    guard let text, text.hasPrefix("/") else { return nil }
    let socket = FilePath(text)
    return try FileSystem.statusIfPresent(of: socket.removingLastComponent()) == nil ? nil : socket
  }

  /// Whether only this user can write to a directory.
  private static func isOwn(_ directory: FilePath) throws(SystemCallError) -> Bool {
    guard let status = try FileSystem.statusIfPresent(of: directory) else { return false }
    return status.kind == .directory && status.owner == geteuid() && status.permissions & 0o022 == 0
  }

  private static func file(port: Int, _ environment: (String) -> String?) -> FilePath? {
    let state =
      environment("XDG_STATE_HOME").map { FilePath($0) }
      ?? environment("HOME").map { FilePath($0).appending(".local").appending("state") }
    return state?.appending("kilt").appending("schedulers").appending("localhost_\(port)")
  }
}
