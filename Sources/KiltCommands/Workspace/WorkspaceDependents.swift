internal import ArgumentParser
internal import JSON
internal import TargetGraph

/// `kilt dependents`.
struct WorkspaceDependents: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dependents", abstract: "List the dependents of targets.",
    discussion: """
      EXAMPLES
        kilt dependents lib/auth/tokens.py
        kilt dependents --transitive lib/auth::
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var targets: TargetOptions
  @OptionGroup var output: FormatOption

  @Flag(help: "List transitive dependents too.")
  var transitive = false

  @Flag(help: .closed)
  var closed = false

  func run() throws {
    let session = try WorkspaceSession(global)
    let selected = try session.select(targets, verb: "dependents")
    let depth: DependentsDepth = transitive ? .transitive : .direct
    switch output.format {
    case .text:
      var found = Set(try session.resolver.dependents(of: selected, depth: depth))
      if closed { found.formUnion(selected) } else { found.subtract(selected) }
      session.write(session.graph.sortedByAddress(Array(found)), as: .text)
    case .json:
      var object = JSONObject()
      for id in selected {
        var found = Set(try session.resolver.dependents(of: [id], depth: depth))
        if closed { found.insert(id) } else { found.remove(id) }
        object[session.name(of: id)] = session.names(of: Array(found))
      }
      session.write(.object(object))
    }
    try session.reportWarnings()
  }
}
