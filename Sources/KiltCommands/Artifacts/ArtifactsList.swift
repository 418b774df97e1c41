internal import ArgumentParser
internal import Artifacts
internal import Digests
internal import JSON
internal import SystemSupport

/// `kilt artifacts list`.
struct ArtifactsList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List artifacts, or the published commits of one artifact.",
    discussion: """
      Lists the commits of an artifact from newest to oldest: 12 digits, time, builder, branch, size, signature, \
      artifact platform. The word "signed" means that a signature exists; `kilt artifacts verify --policy FILE` checks \
      it. Versions of `kilt artifacts put` come after the commits.

      EXAMPLES
        kilt artifacts list
        kilt artifacts list fiddler_server --limit 5
        kilt artifacts list fiddler_server --format json
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var artifacts: ArtifactsOptions
  @OptionGroup var output: FormatOption

  @Option(help: "Number of the newest commits to list.")
  var limit = 50

  @Argument(help: "Name of an artifact. Default: list all artifacts.")
  var name: String?

  func run() throws {
    let repository = try artifacts.repository(global)
    guard let name else { return show(try repository.names().map { ($0.text, .string($0.text)) }) }
    let artifact = try ArtifactName(validating: name)
    let commits = try repository.commits(of: artifact)
    let versions = try repository.versions(of: artifact)
    if commits.isEmpty, versions.isEmpty {
      throw ArtifactError.unknownName(artifact, known: try repository.names(), repository: repository.location)
    }
    let keys = commits.prefix(max(0, limit)).flatMap { listing in
      listing.platforms.map { ManifestKey(name: artifact, commit: listing.commit, platform: $0) }
    }
    var rows: [(line: String, value: JSONValue)] = []
    for evidence in try repository.manifests(keys) {
      let manifest = evidence.manifest
      let isSigned = evidence.records.allSatisfy { !$0.envelopes.isEmpty }
      let line = [
        manifest.key.commit.abbreviated, RFC3339.text(manifest.created), manifest.builder, manifest.branch ?? "-",
        ByteSize.text(manifest.size), isSigned ? "signed" : "unsigned", manifest.key.platform.text,
      ].joined(separator: "  ")
      rows.append((line, Self.json(manifest, isSigned: isSigned)))
    }
    for version in versions {
      guard let release = try repository.release(artifact, version) else { continue }
      let line = [
        version.text, RFC3339.text(release.created), release.builder, version.kind.rawValue,
        ByteSize.text(release.size),
      ].joined(separator: "  ")
      rows.append((line, release.json))
    }
    if commits.count > limit { global.note("\(commits.count - limit) older commits are not shown: --limit") }
    show(rows)
  }

  private func show(_ entries: [(line: String, value: JSONValue)]) {
    switch output.format {
    case .text: for entry in entries { Terminal.standardOutput.print(entry.line) }
    case .json: Terminal.standardOutput.print(JSONValue.array(entries.map(\.value)).text(.pretty))
    }
  }

  private static func json(_ manifest: Manifest, isSigned: Bool) -> JSONValue {
    .members([
      "commit": .string(manifest.key.commit.text), "platform": .string(manifest.key.platform.text),
      "created": .string(RFC3339.text(manifest.created)), "builder": .string(manifest.builder),
      "branch": manifest.branch.map { .string($0) } ?? .null, "on_main": .bool(manifest.isOnMain),
      "size": .int(manifest.size), "digest": .string(manifest.digest.hex), "signed": .bool(isSigned),
      "origin": manifest.origin.map { .string($0.text) } ?? .null,
    ])
  }
}
