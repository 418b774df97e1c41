internal import ArgumentParser
internal import Artifacts
internal import SystemSupport

/// `kilt artifacts fetch`.
struct ArtifactsFetch: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fetch", abstract: "Download a published bundle into a file.",
    discussion: """
      It is verified by digest before it appears. To run one, pex-runner keeps a cache.

      EXAMPLES
        kilt artifacts fetch fiddler_server@3f2c9d1
        kilt artifacts fetch fiddler_server@3f2c9d1 --output /tmp/fiddler.pex
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var artifacts: ArtifactsOptions
  @OptionGroup var platform: PlatformOption

  @Option(name: .shortAndLong, help: ArgumentHelp("The file; NAME-COMMIT-PLATFORM.pex by default.", valueName: "path"))
  var output: String?

  @Argument(help: ArgumentHelp("Which bundle.", valueName: "name@commit"))
  var reference: String

  func run() throws {
    let repository = try artifacts.repository(global)
    let manifest = try repository.resolve(try ArtifactReference(parsing: reference), platform: try platform.value)
    let path = try global.workingDirectory.pushing(FilePath(output ?? manifest.fileName))
    try repository.fetch(manifest, to: path)
    Terminal.standardOutput.print(path.string)
  }
}
