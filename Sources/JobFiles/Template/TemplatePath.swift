import Diagnostics

/// Paths of templates, within the workspace.
enum TemplatePath {
  /// `name` as written in the file `path`: relative to that file's directory. Reads nothing outside the workspace.
  static func resolve(_ name: String, besides path: String, at location: SourceLocation?) throws -> String {
    if TemplateLibrary.owns(name) { return name }
    var parts = name.hasPrefix("//") ? [] : path.split(separator: "/").dropLast().map(String.init)
    let isInside = !name.hasPrefix("/") || name.hasPrefix("//")
    for part in name.split(separator: "/") where part != "." {
      if part == ".." {
        if parts.popLast() == nil { parts = []; throw outside(name, location) }
      } else {
        parts.append(String(part))
      }
    }
    if !isInside { throw outside(name, location) }
    return parts.joined(separator: "/")
  }

  private static func outside(_ name: String, _ location: SourceLocation?) -> Diagnostic {
    Diagnostic(
      .input, "the template \"\(name)\" is not in the workspace", at: location,
      remedies: ["write a path relative to this file, or one from the workspace's root that begins with //"])
  }
}
