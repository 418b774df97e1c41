internal import BuildFiles
public import Diagnostics
internal import Workspace

extension TargetGraph {
  /// The path that a target's `output_path` names in the output directory; nil where the field is not given.
  ///
  /// - Throws: `Diagnostic` for a path that leads out of the output directory.
  public func outputPath(of target: Target) throws -> String? {
    guard let given = target.value(of: "output_path").string, !given.isEmpty else { return nil }
    return try insidePath(given, field: "output_path", of: target, of: "the output directory dist")
  }

  /// The targets whose products would overwrite each other in the output directory, with the problem: one of them would
  /// silently disappear.
  public func sharedOutputs(of ids: [TargetID]) -> [TargetID: Diagnostic] {
    var owners: [String: [TargetID]] = [:]
    for id in ids where [.pexBinary, .archive].contains(type(of: id)) {
      do {
        if let path = try outputPath(of: self[id]) { owners[path, default: []].append(id) }
      } catch {
        // A path that leads out is an error of its own, when the target is built.
        continue
      }
    }
    var found: [TargetID: Diagnostic] = [:]
    for (path, same) in owners.sorted(by: { $0.key < $1.key }) {
      var place = path
      while !place.isEmpty {
        for other in owners[place] ?? [] {
          for id in same where id != other {
            for (one, another) in [(id, other), (other, id)] {
              found[one] = found[one] ?? sharedOutput(of: one, with: another)
            }
          }
        }
        place = Paths.parent(place)
      }
    }
    return found
  }

  private func sharedOutput(of id: TargetID, with other: TargetID) -> Diagnostic {
    let target = self[id]
    let path = target.value(of: "output_path").string ?? ""
    let others = self[other].value(of: "output_path").string ?? ""
    return Diagnostic(
      .input,
      path == others
        ? "\"\(target.address)\" and \"\(address(of: other))\" have the same output_path \"\(path)\""
        : "the output_path \"\(path)\" of \"\(target.address)\" and \"\(others)\" of \"\(address(of: other))\" conflict",
      at: target.declaration.site.location(field: "output_path", text: path),
      remedies: ["give each target its own output_path"])
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
      .input, "the \(field) \"\(text)\" of \"\(target.address)\" is outside \(place)",
      at: target.declaration.site.location(field: field, text: text),
      remedies: ["write a relative path without \"..\""])
  }
}
