internal import Diagnostics
public import SystemPackage
internal import SystemSupport

extension BuildFileChange {
  /// Puts the change into the workspace: the file is replaced whole, and keeps its permissions. A link to a file of the
  /// workspace stays one.
  ///
  /// - Throws: `Diagnostic` where the file is another by now, or lies outside; `SystemCallError`.
  public func write(in root: FilePath) throws {
    let named = root.appending(path)
    guard let before else {
      guard !FileSystem.exists(named) else { throw changed }
      return try FileSystem.write(after, to: named)
    }
    let place = try FileSystem.canonicalPath(named)
    guard place.starts(with: try FileSystem.canonicalPath(root)) else {
      throw Diagnostic(
        .input, "\"\(path)\" is a link to \"\(place)\", outside of the workspace, and is not changed",
        remedies: ["make it a file, or name it in ignore_paths under [tailor]"])
    }
    guard try FileSystem.read(place) == before else { throw changed }
    try FileSystem.write(after, to: place, permissions: try FileSystem.status(of: place).permissions)
  }

  private var changed: Diagnostic {
    Diagnostic(
      .input, "\"\(path)\" was changed by somebody else meanwhile, and is left as it is", remedies: ["run it again"])
  }
}
