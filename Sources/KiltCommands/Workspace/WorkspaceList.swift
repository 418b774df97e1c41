internal import ArgumentParser

/// `kilt list`.
struct WorkspaceList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the targets that specs select.",
    discussion: """
      EXAMPLES
        kilt list ::                                every target
        kilt list services/fiddler:                 the targets of one directory
        kilt list :: --filter-target-type=pex_binary
        kilt list --changed-since=main --changed-dependents=transitive
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var targets: TargetOptions
  @OptionGroup var output: FormatOption

  func run() throws {
    let session = try WorkspaceSession(global)
    session.write(try session.select(targets, verb: "list"), as: output.format)
  }
}
