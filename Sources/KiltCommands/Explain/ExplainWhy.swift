internal import ArgumentParser
internal import BuildCommands
internal import ContentStore
internal import JSON

/// `kilt explain why`.
struct ExplainWhy: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "why", abstract: "Show the shortest path from a target to a module, file or wheel.",
    discussion: """
      EXAMPLES
        kilt explain why services/fiddler:server lib.auth.tokens      a module
        kilt explain why services/fiddler:server lib/auth/tokens.py   a file
        kilt explain why services/fiddler:server bottle               a wheel
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var output: FormatOption

  @Argument(help: ArgumentHelp("Target where the path starts.", valueName: "target"))
  var target: String

  @Argument(help: ArgumentHelp("Module, file, address, or name of a package or wheel.", valueName: "name"))
  var name: String

  func run() throws {
    let session = try WorkspaceSession(global)
    let explainer = InclusionExplainer(
      workspace: session.workspace, resolver: session.resolver, store: try ContentStore.userDefault())
    let path = try explainer.path(from: try session.single(target), to: name)
    switch output.format {
    case .text:
      let lines = path.enumerated().map { index, step in
        (index == 0 ? "" : String(repeating: "  ", count: index - 1) + "-> ") + step.name
          + (step.module.map { "  (\($0))" } ?? "")
      }
      session.write(lines: lines, as: .text)
    case .json:
      let steps = path.map { step in
        JSONValue.members([
          "kind": .string(step.kind.rawValue), "name": .string(step.name),
          "module": step.module.map { .string($0) } ?? .null,
        ])
      }
      session.write(.array(steps))
    }
    try session.reportWarnings()
  }
}
