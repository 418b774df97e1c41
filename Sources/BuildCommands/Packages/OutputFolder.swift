internal import BuildFiles
internal import Diagnostics
public import SystemSupport
public import Workspace

extension Workspace {
  /// Creates a directory of `dist`, which keeps itself out of git: products must not make the workspace differ from its
  /// commit.
  ///
  /// - Throws: `Diagnostic` for a directory outside `dist`, or one that a link leads to: nothing is written elsewhere.
  ///   `SystemCallError`.
  public func createOutputFolder(_ path: FilePath) throws {
    try checkOutput(path)
    try FileSystem.createDirectories(path)
    let ignore = root.appending("dist/.gitignore")
    if FileSystem.exists(root.appending("dist")), !FileSystem.exists(ignore) {
      try FileSystem.write(text: "*\n", to: ignore)
    }
  }

  /// Refuses a place outside of `dist`, and links on the way to it.
  private func checkOutput(_ path: FilePath) throws {
    guard let relative = relativePath(of: path), let normal = Paths.normalized(relative),
      normal == "dist" || normal.hasPrefix("dist/")
    else {
      throw Diagnostic(
        .input, "cannot write to \"\(path)\": it is not in the output directory dist",
        remedies: ["remove \"..\" from the path"])
    }
    var place = ""
    for name in normal.split(separator: "/") {
      place = Paths.join(place, String(name))
      let status = try FileSystem.statusIfPresent(of: root.appending(place))
      guard status?.kind == .symbolicLink else { continue }
      throw Diagnostic(
        .input, "cannot write to \"\(normal)\": \"\(place)\" is a symbolic link",
        notes: ["Kilt writes products only below dist, and a link can lead elsewhere"],
        remedies: ["run `rm \(place)` to remove the link"])
    }
  }
}
