internal import ArgumentParser
internal import BuildFiles
internal import Diagnostics
internal import JSON
internal import SystemSupport
internal import TargetGraph
internal import Workspace

/// `kilt owners`.
struct WorkspaceOwners: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "owners", abstract: "List the targets that own files.",
    discussion: """
      EXAMPLES
        kilt owners lib/auth/tokens.py
        kilt owners --format=json lib/auth/tokens.py README.md
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var output: FormatOption

  @Argument(help: ArgumentHelp("Files, relative to the top of the workspace.", valueName: "file"))
  var files: [String]

  func run() throws {
    let session = try WorkspaceSession(global)
    var object = JSONObject()
    var all: Set<TargetID> = []
    for text in files {
      guard let path = Paths.normalized(text), let file = session.graph.files.file(at: path) else {
        throw Diagnostic(.input, "\"\(text)\" does not exist in the workspace")
      }
      let owners = Array(session.graph.owners(of: file)) + session.graph.foreignOwners(of: path)
      all.formUnion(owners)
      object[path] = session.names(of: owners)
      if owners.isEmpty, output.format == .text { global.note("no target owns \"\(path)\"") }
    }
    switch output.format {
    case .text: session.write(session.graph.sortedByAddress(Array(all)), as: .text)
    case .json: session.write(.object(object))
    }
  }
}
