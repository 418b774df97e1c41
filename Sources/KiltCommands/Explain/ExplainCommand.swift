internal import ArgumentParser

/// `kilt explain`: the verbs that say why things are as they are.
struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain", abstract: "Say why a target was rebuilt, why something is in it, and what it holds.",
    discussion: """
      EXAMPLES
        kilt explain services/fiddler:server             which input changed since the last build
        kilt explain why services/fiddler:server bottle  the shortest way to a module or a wheel
        kilt explain size dist/server.pex                where a bundle's bytes go
        kilt explain diff dist/old.pex dist/new.pex      what differs, member by member
      """,
    subcommands: [ExplainRebuild.self, ExplainWhy.self, ExplainSize.self, ExplainDiff.self],
    defaultSubcommand: ExplainRebuild.self)
}
