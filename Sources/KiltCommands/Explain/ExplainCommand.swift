internal import ArgumentParser

/// `kilt explain`: the verbs that say why things are as they are.
struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain", abstract: "Say why a target was rebuilt, and why something is in it.",
    discussion: """
      EXAMPLES
        kilt explain services/fiddler:server             which input changed since the last build
        kilt explain why services/fiddler:server bottle  the shortest way to a module or a wheel
      """,
    subcommands: [ExplainRebuild.self, ExplainWhy.self], defaultSubcommand: ExplainRebuild.self)
}
