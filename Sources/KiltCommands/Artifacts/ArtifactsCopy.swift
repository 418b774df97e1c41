internal import ArgumentParser
internal import Artifacts
internal import JSON
internal import SystemSupport

/// `kilt artifacts copy`.
struct ArtifactsCopy: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "copy", abstract: "Copy artifacts to another artifact repository.",
    discussion: """
      Copies manifests with their signatures, and the blobs that the other repository lacks. Copies only the \
      artifact platform of --platform from each commit.

      EXAMPLES
        kilt artifacts copy fiddler_server@3f2c9d1 --to s3://production/kilt
        kilt artifacts copy fiddler_server@main igorctl@main --to /mnt/mirror
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var artifacts: ArtifactsOptions
  @OptionGroup var platform: PlatformOption
  @OptionGroup var output: FormatOption

  @Option(help: ArgumentHelp("Artifact repository to copy to.", valueName: "url"))
  var to: String

  @Flag(help: "Store whole files instead of segments, for a plain web server.")
  var wholeFiles = false

  @Argument(help: ArgumentHelp("Artifacts to copy. Repeatable.", valueName: "name@commit"))
  var references: [String]

  func run() throws {
    let source = try artifacts.repository(global)
    let target = try Repository(opening: to, relativeTo: try global.workingDirectory)
    var summary = CopySummary()
    for text in references {
      let selector = try ArtifactSelector(parsing: text)
      let key = try source.resolve(selector, platform: try platform.value).key
      try source.copy(key, to: target, asWholeFile: wholeFiles, &summary)
      global.note("copied \(key)")
    }
    switch output.format {
    case .text:
      Terminal.standardOutput.print(
        "\(summary.manifests) manifests and \(summary.blobs) blobs copied, \(ByteSize.text(summary.bytes)); "
          + "\(summary.presentManifests) manifests were already present")
    case .json:
      let value = JSONValue.members([
        "manifests": .int(Int64(summary.manifests)), "present": .int(Int64(summary.presentManifests)),
        "blobs": .int(Int64(summary.blobs)), "bytes": .int(summary.bytes),
      ])
      Terminal.standardOutput.print(value.text(.pretty))
    }
  }
}
