internal import ArgumentParser
internal import TargetGraph

/// `kilt filedeps`.
struct WorkspaceFiledeps: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "filedeps", abstract: "List the files of targets, and the BUILD files that declare them.",
    discussion: """
      EXAMPLES
        kilt filedeps services/fiddler:server
        kilt filedeps --transitive services/fiddler:server
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var targets: TargetOptions
  @OptionGroup var output: FormatOption

  @Flag(help: "Include the files of all that the targets depend on.")
  var transitive = false

  @Flag(help: "Print the globs of targets instead of the files that match them.")
  var globs = false

  @Flag(help: "Print absolute paths.")
  var absolute = false

  func run() throws {
    let session = try WorkspaceSession(global)
    var selected = try session.select(targets, verb: "filedeps")
    if transitive { selected += try session.resolver.transitiveDependencies(of: selected) }
    let paths = try globs ? session.resolver.globs(of: selected) : session.resolver.files(of: selected)
    session.write(paths: absolute ? paths.map { session.absolutePath(of: $0) } : paths, as: output.format)
    try session.reportWarnings()
  }
}
