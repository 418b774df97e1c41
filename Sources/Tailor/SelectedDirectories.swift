public import BuildFiles
internal import Diagnostics
public import Workspace

extension FileTable {
  /// The directories that specs select, by path, including those of named files. A target selects its directory.
  ///
  /// - Throws: `Diagnostic` for a spec that names nothing that exists.
  public func directories(selectedBy specs: [Spec]) throws -> [DirectoryID] {
    var selected: Set<DirectoryID> = []
    for spec in specs where !spec.isExclusion { selected.formUnion(try directories(of: spec)) }
    for spec in specs where spec.isExclusion { selected.subtract(try directories(of: spec)) }
    return selected.sorted { path(of: $0).utf8.lexicographicallyPrecedes(path(of: $1).utf8) }
  }

  /// The existing directories of files, by path.
  public func directories(ofFiles paths: [String]) -> [DirectoryID] {
    Set(paths.map { Paths.parent($0) }).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
      .compactMap { directory(at: $0) }
  }

  private func directories(of spec: Spec) throws -> [DirectoryID] {
    switch spec.selection {
    case .descendants(let path): return subtree(of: try directory(path, spec))
    case .siblings(let path): return [try directory(path, spec)]
    case .path(let path): return [try directory(file(at: path) == nil ? path : Paths.parent(path), spec)]
    case .target(let reference):
      let path = reference.path
      return [try directory(file(at: path) == nil ? path : Paths.parent(path), spec)]
    case .glob(let pattern):
      guard let root else { return [] }
      let found = files(matching: SourceGlobs([pattern]), in: root)
      guard !found.isEmpty else { throw Diagnostic(.input, "no file matches \"\(spec.text)\"") }
      return found.map { directory(of: $0) }
    }
  }

  private func directory(_ path: String, _ spec: Spec) throws -> DirectoryID {
    if let found = directory(at: path) { return found }
    let parent = directory(at: Paths.parent(path))
    let names = parent.map { directories(in: $0).map { self.path(of: $0) } + files(in: $0).map { self.path(of: $0) } }
    throw Diagnostic(
      .input, "file or directory \"\(path)\" does not exist",
      remedies: Suggestions.remedy(for: path, among: names ?? []).map { [$0] } ?? [])
  }
}
