internal import BuildFiles
internal import Workspace

extension DependencyResolver {
  /// The files of targets and the BUILD files that declare them, as paths from the workspace root, sorted.
  public func files(of ids: [TargetID]) throws -> [String] {
    var found: Set<String> = []
    for id in ids {
      let target = graph[id]
      if let path = target.buildFile { found.insert(path) }
      if let file = target.file { found.insert(graph.files.path(of: file)) }
      for generated in graph.generated(by: id) {
        if let file = graph[generated].file { found.insert(graph.files.path(of: file)) }
      }
    }
    return found.sorted()
  }

  /// The globs of targets and the BUILD files that declare them, as paths from the workspace root, sorted: the paths to
  /// watch instead of existing files. Omits globs that exclude files, as Pants does.
  public func globs(of ids: [TargetID]) -> [String] {
    var found: Set<String> = []
    for id in ids {
      let target = graph[id]
      if let path = target.buildFile { found.insert(path) }
      if let file = target.file {
        found.insert(graph.files.path(of: file))
      } else {
        let globs = target.strings(of: "sources").filter { !$0.hasPrefix("!") }
        found.formUnion(globs.map { Paths.join(target.address.directory, $0) })
      }
    }
    return found.sorted()
  }
}

extension Target {
  /// The BUILD file that declares it, from the workspace root; nil for a lockfile, which the graph adds automatically.
  var buildFile: String? { type == .lockfile || type == .lockfiles ? nil : declaration.site.path }
}

extension TargetGraph {
  /// The source roots that have targets with sources below them, sorted; `.` for the root.
  public func usedSourceRoots() -> [String] {
    var found: Set<String> = []
    var seen: Set<DirectoryID> = []
    for id in allTargets {
      guard let file = file(of: id), type(of: id).isPythonSource || type(of: id) == .resource else { continue }
      let directory = files.directory(of: file)
      guard seen.insert(directory).inserted else { continue }
      if let root = sourceRoots.root(of: files.path(of: directory)) { found.insert(root.isEmpty ? "." : root) }
    }
    return found.sorted()
  }
}
