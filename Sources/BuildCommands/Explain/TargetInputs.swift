internal import Actions
internal import BuildFiles
internal import Diagnostics
public import Digests
public import TargetGraph

/// The current inputs of targets: the lists whose digests are the keys of their builds.
public struct TargetInputs {
  private let targets: TargetBuilder

  /// The inputs of a builder's products. Missing dependencies of a target are built first.
  public init(_ targets: TargetBuilder) { self.targets = targets }

  /// Those of the targets of which something is built, and what plain targets among them list.
  public func buildable(among ids: [TargetID]) throws -> [TargetID] {
    let commands = ids.filter { [.shellCommand, .adhocTool].contains(targets.graph[$0].type) }
    return targets.graph.sortedByAddress(Array(Set(try targets.resolver.packages(among: ids) + commands)))
  }

  /// The namespace of the record whose key is the digest of a target's inputs; nil for a target that consists of several
  /// records, or of none.
  public func recordNamespace(of id: TargetID) -> String? {
    switch targets.graph[id].type {
    case .shellCommand, .adhocTool: LocalActionCache.namespace
    case .archive: targets.archiveNamespace(id)
    default: nil
    }
  }

  /// The inputs of a target of which something is built.
  public func current(of id: TargetID) throws -> InputList {
    switch targets.graph[id].type {
    case .shellCommand, .adhocTool: try targets.commandAction(id).keyInputs
    case .archive: try targets.archiveInputs(id)
    case .pythonDistribution: try targets.distributionInputs(id)
    default: try targets.bundleInputs(try targets.resolver.bundlePlan(for: id)).inputs
    }
  }
}
