internal import ArgumentParser
internal import Artifacts
internal import Diagnostics
internal import JSON
internal import SystemSupport

/// `kilt artifacts sbom`.
struct ArtifactsSBOM: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sbom", abstract: "Print the software bill of materials of an artifact.",
    discussion: """
      Prints CycloneDX 1.5 as JSON: the packages of the bundle with versions, package URLs and the digests of their \
      wheels. --format text prints one package per line.

      EXAMPLES
        kilt artifacts sbom fiddler_server@3f2c9d1
        kilt artifacts sbom fiddler_server@main > bom.json
        kilt artifacts sbom fiddler_server@main --format text
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var artifacts: ArtifactsOptions
  @OptionGroup var platform: PlatformOption

  @Option(help: .format)
  var format = OutputFormat.json

  @Argument(help: .artifact)
  var reference: String

  func run() throws {
    let repository = try artifacts.repository(global)
    let manifest = try repository.resolve(try ArtifactSelector(parsing: reference), platform: try platform.value)
    guard let bytes = try repository.sbom(of: manifest) else {
      throw Diagnostic(
        .input, "\(reference) was published without a bill of materials",
        remedies: ["publish the commit after the next change of its inputs with this version of Kilt"])
    }
    if format == .json { return writeBytes(bytes + [UInt8(ascii: "\n")], to: 1) }
    for component in try JSONValue(parsing: bytes)["components"]?.array ?? [] {
      let name = component["name"]?.string ?? "", version = component["version"]?.string ?? ""
      Terminal.standardOutput.print("\(name)  \(version)")
    }
  }
}
