internal import BuildFiles
public import Diagnostics
internal import JSON

/// The declared requirements of a project, by their origin.
public struct ProjectDeclarations: Sendable {
  /// A requirement as written.
  public struct Entry: Sendable {
    public var text: String
    /// In the form in which indexes compare names.
    public var name: String
    /// Whether it is in `dependencies`, not in an extra or a dependency group.
    public var isUnconditional: Bool
  }

  /// The requirements of the project itself and its extras.
  public let entries: [Entry]
  /// The requirements of dependency groups: only tests and tools can use them.
  public let groups: [Entry]
  /// The extras, as indexes compare names.
  public let extras: [String]
  /// Whether only the build backend knows the dependencies.
  public let isDynamic: Bool
  /// The place of `dependencies`.
  public let location: SourceLocation
  /// The `pyproject.toml`, from the workspace root.
  public let path: String

  /// The declarations of the project in a directory; nil if there is no project.
  public init?(at directory: String, files: any ProjectFiles) throws {
    let path = Paths.join(directory, "pyproject.toml")
    guard let bytes = try files.read(path) else { return nil }
    let document = try ProjectDocument(parsing: bytes, path: path)
    guard let project = document.project else { return nil }
    func entries(_ value: JSONValue?, _ isUnconditional: Bool) -> [Entry] {
      (value?.array ?? []).compactMap(\.string).map { text in
        let name = text.prefix { $0.isLetter || $0.isNumber || "-_.".contains($0) }
        return Entry(text: text, name: normalizedProjectName(String(name)), isUnconditional: isUnconditional)
      }
    }
    let optional = project["optional-dependencies"]?.object?.members ?? []
    self.entries = entries(project["dependencies"], true) + optional.flatMap { entries($0.value, false) }
    extras = optional.map { normalizedProjectName($0.name) }
    groups =
      (document.root["dependency-groups"]?.object?.members ?? []).flatMap { entries($0.value, false) }
      + entries(document.uv?["dev-dependencies"], false)
    let dynamic = project["dynamic"]?.strings ?? []
    isDynamic = dynamic.contains("dependencies") || dynamic.contains("optional-dependencies")
    location = document.location(of: ["project", "dependencies"])
    self.path = path
  }

  /// Whether a package is declared for the code of the wheel.
  public func declares(_ name: String) -> Bool { entries.contains { $0.name == name } }
}
