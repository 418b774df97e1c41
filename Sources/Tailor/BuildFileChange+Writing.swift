internal import Diagnostics
internal import SystemPackage
internal import SystemSupport

extension BuildFileChange {
  /// The state of a file, relative to a change.
  enum State { case before, after, other }

  /// Writes the change to the workspace: the file is replaced as a whole, and keeps its permissions. A link to a file
  /// of the workspace stays a link.
  ///
  /// - Throws: `Diagnostic` if the file has changed, or is outside; `SystemCallError`.
  func write(in root: FilePath) throws {
    let place = try check(in: root)
    try FileSystem.write(after, to: place, permissions: try permissions(of: place))
  }

  /// Undoes ``write(in:)``, unless somebody has changed the file since.
  func takeBack(in root: FilePath) throws {
    guard try state(in: root) == .after else { return }
    let place = try FileSystem.canonicalPath(root.appending(path))
    if let before {
      try FileSystem.write(before, to: place, permissions: try permissions(of: place))
    } else {
      try FileSystem.removeFile(place)
    }
  }

  /// Throws unless the change can be made; returns the file that is to be written.
  @discardableResult
  func check(in root: FilePath) throws -> FilePath {
    let named = root.appending(path)
    guard let before else {
      guard !FileSystem.exists(named) else { throw changed }
      return named
    }
    let place = try FileSystem.canonicalPath(named)
    guard place.starts(with: try FileSystem.canonicalPath(root)) else {
      throw Diagnostic(
        .input, "\"\(path)\" is a link to \"\(place)\", outside of the workspace, and is not changed",
        remedies: ["make it a file, or name it in ignore_paths under [tailor]"])
    }
    guard try FileSystem.read(place) == before else { throw changed }
    return place
  }

  /// Whether the file has its old or its new content.
  func state(in root: FilePath) throws -> State {
    let named = root.appending(path)
    guard FileSystem.exists(named) else { return before == nil ? .before : .other }
    let bytes = try FileSystem.read(named)
    return bytes == after ? .after : bytes == before ? .before : .other
  }

  private func permissions(of place: FilePath) throws -> UInt32 {
    isNew ? 0o644 : try FileSystem.status(of: place).permissions
  }

  private var changed: Diagnostic {
    Diagnostic(
      .input, "\"\(path)\" was changed by somebody else meanwhile, and is left as it is",
      notes: ["nothing else was changed"], remedies: ["run it again"])
  }
}
