internal import ArgumentParser
internal import JSON
internal import TargetGraph

/// `kilt peek`.
struct WorkspacePeek: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "peek", abstract: "Show the fields of targets as JSON.",
    discussion: """
      EXAMPLES
        kilt peek services/fiddler:server
        kilt peek --exclude-defaults ::
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var targets: TargetOptions

  @Flag(help: "Omit fields that have their default value.")
  var excludeDefaults = false

  func run() throws {
    let session = try WorkspaceSession(global)
    let selected = try session.select(targets, verb: "peek")
    try session.resolver.readImports(of: selected)
    session.write(.array(try selected.map { try session.resolver.peek($0, excludesDefaults: excludeDefaults) }))
    try session.reportWarnings()
  }
}
