internal import ArgumentParser

/// `kilt explain`: the verbs that say why things are as they are.
struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain", abstract: "Explain rebuilds, dependencies, bundle sizes and differences.",
    discussion: """
      EXAMPLES
        kilt explain services/fiddler:server   inputs changed since the last build
        # shortest path to a wheel
        kilt explain why services/fiddler:server bottle
        kilt explain size dist/server.pex      bytes per wheel and file type
        # differing members
        kilt explain diff dist/old.pex dist/new.pex
      """,
    subcommands: [ExplainRebuild.self, ExplainWhy.self, ExplainSize.self, ExplainDiff.self],
    defaultSubcommand: ExplainRebuild.self)
}
