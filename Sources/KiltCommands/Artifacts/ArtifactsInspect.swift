internal import ArgumentParser
internal import Artifacts
internal import Digests
internal import JSON

/// `kilt artifacts inspect`.
struct ArtifactsInspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Show what is known of a published bundle.",
    discussion: """
      --format json writes the manifest.

      EXAMPLES
        kilt artifacts inspect fiddler_server@3f2c9d1
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var artifacts: ArtifactsOptions
  @OptionGroup var platform: PlatformOption
  @OptionGroup var output: FormatOption

  @Argument(help: ArgumentHelp("Which bundle.", valueName: "name@commit"))
  var reference: String

  func run() throws {
    let repository = try artifacts.repository(global)
    let manifest = try repository.resolve(try ArtifactReference(parsing: reference), platform: try platform.value)
    switch output.format {
    case .json: Terminal.standardOutput.print(manifest.json.text(.pretty))
    case .text: for line in Self.lines(manifest) { Terminal.standardOutput.print(line) }
    }
  }

  private static func lines(_ manifest: Manifest) -> [String] {
    var lines = [
      "artifact   \(manifest.key.name)",
      "commit     \(manifest.key.commit)\(manifest.isOnMain ? " (on the main branch)" : "")",
      "platform   \(manifest.key.platform)",
      "created    \(Timestamp.text(manifest.created))\(manifest.builder.isEmpty ? "" : " by \(manifest.builder)")",
      "sha256     \(manifest.digest)",
      "size       \(manifest.size) bytes",
    ]
    if !manifest.interpreterConstraints.isEmpty {
      lines.append("python     \(manifest.interpreterConstraints.joined(separator: " or "))")
    }
    if let branch = manifest.branch { lines.append("branch     \(branch)") }
    if let entryPoint = manifest.entryPoint { lines.append("entry      \(entryPoint)") }
    lines.append("segments   \(manifest.segments.count)")
    for segment in manifest.segments {
      lines.append("  \(segment.digest.hex.prefix(12))  \(segment.size)  \(segment.kind) \(segment.name)")
    }
    return lines
  }
}
