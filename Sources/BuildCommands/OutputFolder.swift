public import SystemSupport
public import Workspace

extension Workspace {
  /// Creates a folder of `dist`, which keeps itself out of git: what is built must not make the tree differ from its
  /// commit.
  ///
  /// - Throws: `SystemCallError`.
  public func createOutputFolder(_ path: FilePath) throws {
    try FileSystem.createDirectories(path)
    let ignore = root.appending("dist/.gitignore")
    if FileSystem.exists(root.appending("dist")), !FileSystem.exists(ignore) {
      try FileSystem.write(text: "*\n", to: ignore)
    }
  }
}
