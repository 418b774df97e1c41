internal import ArgumentParser
internal import Artifacts
internal import Digests
internal import JSON
internal import SystemSupport

/// `kilt artifacts fetch`.
struct ArtifactsFetch: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fetch", abstract: "Download a published bundle to a file.",
    discussion: """
      Kilt verifies every segment before the file appears. To run bundles on hosts, use `pex-runner`, which has a \
      cache.

      EXAMPLES
        kilt artifacts fetch fiddler_server@3f2c9d1
        kilt artifacts fetch fiddler_server@3f2c9d1 --output /tmp/fiddler.pex
        kilt artifacts fetch fiddler_server@main --format json
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var artifacts: ArtifactsOptions
  @OptionGroup var platform: PlatformOption
  @OptionGroup var form: FormatOption

  @Option(
    name: .shortAndLong, help: ArgumentHelp("File to write. Default: NAME-COMMIT-PLATFORM.pex.", valueName: "path"))
  var output: String?

  @Argument(help: .artifact)
  var reference: String

  func run() throws {
    let repository = try artifacts.repository(global)
    let manifest = try repository.resolve(try ArtifactSelector(parsing: reference), platform: try platform.value)
    let path = try global.workingDirectory.pushing(FilePath(output ?? manifest.fileName))
    let progress = TransferLine(Terminal.standardError, isShown: !global.quiet)
    try repository.fetch(manifest, to: path) { progress.show($0) }
    progress.clear()
    switch form.format {
    case .text: Terminal.standardOutput.print(path.string)
    case .json:
      let value = JSONValue.members([
        "name": .string(manifest.key.name.text), "commit": .string(manifest.key.commit.text),
        "platform": .string(manifest.key.platform.text), "path": .string(path.string), "size": .int(manifest.size),
        "digest": .string(manifest.digest.hex),
      ])
      Terminal.standardOutput.print(value.text(.pretty))
    }
  }
}
