internal import ArgumentParser
internal import Artifacts
internal import BuildCommands
internal import SystemSupport

/// `kilt publish`.
struct ArtifactsPublish: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "publish", abstract: "Pack binaries and upload them under the commit that is checked out.",
    discussion: """
      Refused while files differ from the commit: what is published is what its name says. Only what the repository \
      lacks is uploaded; publishing again changes nothing.

      EXAMPLES
        kilt publish services/fiddler:server
        kilt publish --changed-since=HEAD~1       what a push affects
        kilt publish :: --repository s3://builds/kilt
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var targets: TargetOptions

  @Option(help: ArgumentHelp("A folder, s3://BUCKET/PREFIX; that of kilt.toml by default.", valueName: "url"))
  var repository: String?

  func run() throws {
    let packaging = try PackagingSession(global, targets, verb: "publish")
    let version = try SourceVersion(of: packaging.session.workspace)
    let workspace = packaging.session.workspace
    let publisher = try BundlePublisher(
      workspace: workspace, repository: try workspace.repository(override: repository), version: version)
    _ = try packaging.packageAll(of: version) { packaged in
      let (manifest, outcome) = try publisher.publish(packaged)
      let what =
        outcome.wasPublished
        ? "already published"
        : "published, \(outcome.uploadedBytes >> 10) KiB uploaded, \(outcome.reusedBytes >> 10) KiB were there"
      Terminal.standardOutput.print("\(manifest.key.name)@\(manifest.key.commit.abbreviated)  \(what)")
    }
  }
}
