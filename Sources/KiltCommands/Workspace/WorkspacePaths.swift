internal import ArgumentParser
internal import JSON
internal import TargetGraph

/// `kilt paths`.
struct WorkspacePaths: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "paths", abstract: "List the dependency paths between two targets.",
    discussion: """
      Lists the shortest paths first. Follows each edge only once, so some longer paths are not listed. Either end can \
      be a spec for several targets; a target generator selects its generated targets.

      EXAMPLES
        kilt paths --from services/fiddler:server --to lib/auth/tokens.py
        kilt paths --from services/fiddler:: --to lib/auth: --format=json
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var output: FormatOption

  @Option(help: ArgumentHelp("Target where the paths start: the dependent.", valueName: "spec"))
  var from: String

  @Option(help: ArgumentHelp("Target where the paths end: the dependency.", valueName: "spec"))
  var to: String

  func run() throws {
    let session = try WorkspaceSession(global)
    func targets(_ spec: String) throws -> [TargetID] {
      let selected = try session.graph.select(try session.parse([spec]), withStarters: false)
      return session.resolver.expandingGenerators(selected)
    }
    let (starts, ends) = (try targets(from), try targets(to))
    var found: [[TargetID]] = []
    for start in starts { for end in ends { found += try session.resolver.paths(from: start, to: end) } }
    let named = found.sorted { $0.count < $1.count }.map { path in path.map { session.name(of: $0) } }
    switch output.format {
    case .text: session.write(lines: named.map { $0.joined(separator: " -> ") }, as: .text)
    case .json: session.write(.array(named.map { .strings($0) }))
    }
    try session.reportWarnings()
  }
}
