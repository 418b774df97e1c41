internal import Digests
internal import Glibc
public import SystemPackage
public import SystemSupport

/// The directory of Kilt's state of a workspace: `.kilt` at its root, or `KILT_STATE_DIR`.
public struct StateDirectory: Sendable {
  /// The directory; it need not be there yet.
  public let path: FilePath
  /// Why it is not the `.kilt` of the workspace; nil where it is, and where the user has named one.
  public let note: String?

  /// The state directory of the workspace at `root`.
  ///
  /// A `.kilt` that git tracks, that another user owns, or that is a link came with the files of the workspace. This
  /// user has not written it, so Kilt does not trust it, and uses a directory of the user instead.
  public init(workspaceRoot root: FilePath) {
    if let named = environmentVariable("KILT_STATE_DIR"), !named.isEmpty {
      (path, note) = (FilePath(named), nil)
      return
    }
    let own = root.appending(".kilt")
    guard let reason = Self.reason(against: own, root) else {
      (path, note) = (own, nil)
      return
    }
    path = Self.ofUser(root)
    note = "\"\(own)\" is not used: \(reason). State is kept in \"\(path)\""
  }

  /// Why a state directory is not believed; nil when it is.
  private static func reason(against directory: FilePath, _ root: FilePath) -> String? {
    // A directory that cannot be examined is not trusted either; writing to it then reports the problem.
    guard let status = try? FileSystem.status(of: directory) else { return nil }
    if status.kind == .symbolicLink { return "it is a symbolic link" }
    if status.kind == .directory, status.owner != geteuid() { return "another user owns it" }
    if GitIndex.tracks(".kilt", in: root) { return "git tracks files in it" }
    return nil
  }

  private static func ofUser(_ root: FilePath) -> FilePath {
    let state =
      environmentVariable("XDG_STATE_HOME").flatMap { $0.hasPrefix("/") ? FilePath($0) : nil }
      ?? FilePath(environmentVariable("HOME") ?? "/nonexistent").appending(".local/state")
    return state.appending("kilt/workspaces").appending(String(SHA256Digest.of(root.string).hex.prefix(32)))
  }

  /// Creates the directory, with a `.gitignore` that keeps it out of git.
  ///
  /// - Throws: `SystemCallError`.
  public func create() throws(SystemCallError) {
    try FileSystem.createDirectories(path)
    let ignore = path.appending(".gitignore")
    do throws(SystemCallError) {
      _ = try FileSystem.status(of: ignore)
    } catch {
      guard error.isMissing else { throw error }
      try FileSystem.write(text: "*\n", to: ignore)
    }
  }
}
