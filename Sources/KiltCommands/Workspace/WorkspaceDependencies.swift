internal import ArgumentParser
internal import BuildCommands
internal import ContentStore
internal import JSON
internal import TargetGraph

/// `kilt dependencies`.
struct WorkspaceDependencies: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dependencies", abstract: "List the dependencies of targets, explicit and inferred.",
    discussion: """
      EXAMPLES
        kilt dependencies services/fiddler:server
        kilt dependencies --transitive services/fiddler:server
        kilt dependencies --format=json ::       one object: target to dependencies
        kilt dependencies --packages api:serve   NAME==VERSION of each package
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var targets: TargetOptions
  @OptionGroup var output: FormatOption

  @Flag(help: "List transitive dependencies too.")
  var transitive = false

  @Flag(help: .closed)
  var closed = false

  @Flag(help: "List the locked packages that the targets come to on this machine.")
  var packages = false

  func run() throws {
    let session = try WorkspaceSession(global)
    let selected = try session.select(targets, verb: "dependencies")
    let resolver = session.resolver
    if packages {
      let listing = PackageListing(
        workspace: session.workspace, resolver: resolver, store: try ContentStore.userDefault())
      session.write(lines: try listing.packages(of: selected), as: output.format)
      return try session.reportWarnings()
    }
    switch output.format {
    case .text:
      var found: Set<TargetID> = []
      if transitive {
        try resolver.checkCycles(from: selected)
        found.formUnion(try resolver.listedTransitiveDependencies(of: selected))
      } else {
        try resolver.readImports(of: selected)
        for id in selected { found.formUnion(try resolver.dependencies(of: id)) }
        found = Set(resolver.expandingGenerators(Array(found)))
      }
      if closed { found.formUnion(selected) }
      session.write(session.graph.sortedByAddress(Array(found)), as: .text)
    case .json:
      var object = JSONObject()
      try resolver.readImports(of: selected)
      for id in selected {
        var found =
          try transitive
          ? resolver.listedTransitiveDependencies(of: [id])
          : resolver.expandingGenerators(resolver.dependencies(of: id))
        if closed, !found.contains(id) { found.append(id) }
        object[session.name(of: id)] = session.names(of: found)
      }
      session.write(.object(object))
    }
    try session.reportWarnings()
  }
}
