import BuildFiles
import PythonProjects

/// Files that lie nowhere: a path and a text each.
struct Texts: ProjectFiles {
  var texts: [String: String]

  init(_ texts: [String: String]) { self.texts = texts }

  func read(_ path: String) -> [UInt8]? { texts[path].map { Array($0.utf8) } }

  func entries(of directory: String) -> [ProjectEntry]? {
    var found: Set<ProjectEntry> = []
    for path in texts.keys where Paths.contains(directory, path) && path != directory {
      let rest = Paths.relative(path, to: directory)
      let name = String(rest.prefix { $0 != "/" })
      found.insert(ProjectEntry(name: name, isDirectory: name != rest))
    }
    return found.isEmpty ? nil : Array(found)
  }

  /// The files of a directory, as paths from it.
  func paths(in directory: String, besides nested: [String] = []) -> [String] {
    texts.keys.filter { path in Paths.contains(directory, path) && !nested.contains { Paths.contains($0, path) } }
      .map { Paths.relative($0, to: directory) }.sorted()
  }

  /// The targets of a project.
  func targets(of directory: String) throws -> [TargetDeclaration] {
    guard let table = try ProjectSearch(self).table(), let entry = table.entry(at: directory) else { return [] }
    return try ProjectTargets(
      entry, in: table, paths: paths(in: directory, besides: table.nested(in: directory)), files: self
    ).declarations
  }

  /// What a target of a project selects.
  func sources(_ name: String = "sources", of directory: String = "") throws -> [String] {
    try targets(of: directory).first { $0.name == name }?.strings(of: "sources") ?? []
  }
}
