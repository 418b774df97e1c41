public import SystemPackage
public import SystemSupport

/// Where Kilt keeps what it knows about a workspace: `.kilt` at its root, or `KILT_STATE_DIR`.
public struct StateDirectory: Sendable {
  /// The directory; it need not be there yet.
  public let path: FilePath

  /// The state directory of the workspace at `root`.
  public init(workspaceRoot root: FilePath) {
    path =
      environmentVariable("KILT_STATE_DIR").flatMap { $0.isEmpty ? nil : FilePath($0) } ?? root.appending(".kilt")
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
