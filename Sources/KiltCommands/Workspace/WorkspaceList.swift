internal import ArgumentParser
internal import BuildFiles
internal import JSON
internal import TargetGraph

/// `kilt list`.
struct WorkspaceList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the targets that specs and filters select.",
    discussion: """
      EXAMPLES
        kilt list ::                  every target
        kilt list services/fiddler:   the targets of one directory
        kilt list :: --filter-target-type=pex_binary
        kilt list :: --filter-address-regex='_test\\.py$'
        kilt list --documented services::
        kilt list --changed-since=main --changed-dependents=transitive
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var targets: TargetOptions
  @OptionGroup var output: FormatOption

  @Flag(help: "List only targets with a description, and print it.")
  var documented = false

  func run() throws {
    let session = try WorkspaceSession(global)
    let selected = try session.select(targets, verb: "list")
    defer { session.reportPluginTypes() }
    guard documented else { return session.write(selected, as: output.format) }
    let described = selected.compactMap { id in
      session.graph[id].value(of: "description").string.map { (name: session.name(of: id), text: $0) }
    }
    switch output.format {
    case .text:
      session.write(
        lines: described.flatMap { entry in
          [entry.name] + entry.text.split(whereSeparator: \.isNewline).map { "  " + $0.drop { $0 == " " } }
        }, as: .text)
    case .json: session.write(.object(JSONObject(described.map { ($0.name, .string($0.text)) })))
    }
  }
}
