internal import ArgumentParser
internal import TargetGraph

/// `kilt roots`.
struct WorkspaceRoots: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "roots", abstract: "List the source roots: the directories where imports start.",
    discussion: """
      EXAMPLES
        kilt roots
        kilt roots --format json
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var output: FormatOption

  func run() throws {
    let session = try WorkspaceSession(global)
    session.write(paths: session.graph.usedSourceRoots(), as: output.format)
  }
}
