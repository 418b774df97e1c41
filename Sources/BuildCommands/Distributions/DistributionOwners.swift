internal import BuildFiles
internal import Diagnostics
internal import TargetGraph
internal import Workspace

/// The distribution that owns each file: of those that depend on it and whose directory is the file's or above it, the
/// nearest, as in Pants.
struct DistributionOwners {
  private var closures: [TargetID: Set<TargetID>] = [:]

  /// The dependencies of a distribution, including the distributions it depends on, but not files that only these add.
  mutating func closure(of id: TargetID, _ resolver: DependencyResolver) throws -> Set<TargetID> {
    if let known = closures[id] { return known }
    let found = Set(try resolver.buildDependencies(of: [id]))
    closures[id] = found
    return found
  }

  /// The distribution that owns a file's target; nil if none does.
  ///
  /// - Throws: `Diagnostic` if two of one directory both could own it.
  mutating func owner(of id: TargetID, _ resolver: DependencyResolver) throws -> TargetID? {
    let graph = resolver.graph
    var directory = graph[id].file.map { Paths.parent(graph.files.path(of: $0)) } ?? graph[id].address.directory
    while true {
      var owners: [TargetID] = []
      for candidate in graph.targets(inDirectory: directory) where graph[candidate].type == .pythonDistribution {
        if try closure(of: candidate, resolver).contains(id) { owners.append(candidate) }
      }
      if owners.count > 1 {
        let names = owners.map { "\"\(graph.address(of: $0))\"" }
        throw Diagnostic(
          .input, "\"\(graph.address(of: id))\" could belong to \(names.joined(separator: " and to "))",
          at: graph[owners[0]].declaration.site.location(),
          remedies: ["move one of the distributions nearer to its files: the nearest directory decides"])
      }
      if let owner = owners.first { return owner }
      if directory.isEmpty { return nil }
      directory = Paths.parent(directory)
    }
  }
}
