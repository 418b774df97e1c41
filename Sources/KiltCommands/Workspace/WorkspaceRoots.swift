internal import ArgumentParser
internal import TargetGraph

/// `kilt roots`.
struct WorkspaceRoots: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "roots", abstract: "List the source roots: the directories that imports start at.",
    discussion: """
      EXAMPLES
        kilt roots
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var output: FormatOption

  func run() throws {
    let session = try WorkspaceSession(global)
    session.write(paths: session.graph.usedSourceRoots(), as: output.format)
  }
}
