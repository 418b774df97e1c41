internal import BuildFiles
internal import Workspace

extension DependencyResolver {
  /// Whether every file of a target and of its transitive dependencies is, by stat(2), unchanged since this run checked
  /// it: then contents that were read since match the state.
  ///
  /// - Throws: as ``dependencies(of:)``.
  public func isUntouched(closureOf id: TargetID) throws -> Bool {
    guard let state = graph.state else { return false }
    var files: Set<FileID> = []
    var directories: Set<DirectoryID> = []
    for target in try transitiveDependencies(of: [id]) + [id] {
      guard let file = graph.file(of: target), files.insert(file).inserted else { continue }
      var directory = graph.files.directory(of: file)
      while directories.insert(directory).inserted {
        files.formUnion(graph.files.packageFiles(in: directory))
        directory = graph.files.parent(of: directory)
      }
    }
    return try graph.store.files.areAsKnown(Array(files), root: state.root)
  }
}
