internal import ArgumentParser
internal import Artifacts
internal import JSON

/// `kilt artifacts list`.
struct ArtifactsList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the artifacts of a repository, or the published commits of one.",
    discussion: """
      The commits of one artifact stand newest first: 12 digits, when it was published, platforms.

      EXAMPLES
        kilt artifacts list
        kilt artifacts list fiddler_server --format json
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var artifacts: ArtifactsOptions
  @OptionGroup var output: FormatOption

  @Argument(help: "The name of an artifact.")
  var name: String?

  func run() throws {
    let repository = try artifacts.repository(global)
    guard let name else { return show(try repository.names().map { ($0.text, .string($0.text)) }) }
    let artifact = try ArtifactName(validating: name)
    let commits = try repository.commits(of: artifact)
    if commits.isEmpty {
      throw ArtifactError.unknownName(artifact, known: try repository.names(), repository: repository.location)
    }
    show(commits.map { ($0.line, Self.json($0)) })
  }

  private func show(_ entries: [(line: String, value: JSONValue)]) {
    switch output.format {
    case .text: for entry in entries { Terminal.standardOutput.print(entry.line) }
    case .json: Terminal.standardOutput.print(JSONValue.array(entries.map(\.value)).text(.pretty))
    }
  }

  private static func json(_ listing: CommitListing) -> JSONValue {
    .members([
      "commit": .string(listing.commit.text), "platforms": .strings(listing.platforms.map(\.text)),
      "published": listing.published.map { .string(Timestamp.text($0)) } ?? .null,
    ])
  }
}
