public import SystemSupport

/// Where a scheduler leaves its bearer token for clients of the same user on the same machine:
/// `$XDG_STATE_HOME/kilt/tokens/HOST_PORT`, by default below `~/.local/state`.
public enum TokenDirectory {
  /// Writes the token, readable by its owner only.
  public static func publish(token: String, host: String, port: Int) throws(SystemCallError) {
    guard let path = path(host: host, port: port) else { return }
    try FileSystem.createDirectories(path.removingLastComponent(), permissions: 0o700)
    try FileSystem.write(text: token, to: path, permissions: 0o600)
  }

  /// The token for an address: `KILT_TOKEN` of the environment, or what a scheduler left; nil when there is neither.
  public static func token(host: String, port: Int) throws(SystemCallError) -> String? {
    if let token = environmentVariable("KILT_TOKEN"), !token.isEmpty { return token }
    guard let path = path(host: host, port: port), FileSystem.exists(path) else { return nil }
    return try self.token(inFile: path)
  }

  /// The token that a file holds, without what an editor may have put around it.
  public static func token(inFile path: FilePath) throws(SystemCallError) -> String {
    let text = try FileSystem.readText(path, limit: 1000)
    return String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }

  private static func path(host: String, port: Int) -> FilePath? {
    let state =
      environmentVariable("XDG_STATE_HOME").map { FilePath($0) }
      ?? environmentVariable("HOME").map { FilePath($0).appending(".local").appending("state") }
    // One scheduler is reached by several names of the loopback.
    let name = "\(LoopbackAddress.isLoopback(host) ? "localhost" : host)_\(port)"
    guard let state, !name.utf8.contains(UInt8(ascii: "/")) else { return nil }
    return state.appending("kilt").appending("tokens").appending(name)
  }
}
