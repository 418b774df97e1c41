internal import BuildFiles
internal import Diagnostics
internal import Workspace

extension TargetGraph {
  /// The path that a target's `output_path` names in the output directory; nil where the field is not given.
  ///
  /// - Throws: `Diagnostic` for a path that leads out of the output directory.
  public func outputPath(of target: Target) throws -> String? {
    guard let given = target.value(of: "output_path").string, !given.isEmpty else { return nil }
    return try insidePath(given, field: "output_path", of: target, of: "the output directory dist")
  }

  /// A path that a field names, below the workspace root or another directory.
  ///
  /// - Parameter place: the directory, for messages.
  /// - Throws: `Diagnostic` for an absolute path, and one that leads upwards out of the directory.
  public func insidePath(
    _ text: String, field: String, of target: Target, of place: String = "the workspace"
  ) throws -> String {
    if !text.hasPrefix("/"), !text.utf8.contains(0), let path = Paths.normalized(text), !path.isEmpty { return path }
    throw Diagnostic(
      .input, "the \(field) \"\(text)\" of \"\(target.address)\" leads out of \(place)",
      at: target.declaration.site.location(field: field, text: text),
      remedies: ["write a relative path without \"..\""])
  }
}
