internal import ArgumentParser
internal import Artifacts
internal import SystemSupport
internal import Workspace

/// `kilt artifacts`: commands for published artifacts.
struct ArtifactsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "artifacts", abstract: "Inspect, fetch, verify and sign published artifacts.",
    discussion: """
      EXAMPLES
        kilt artifacts list fiddler_server           published commits
        kilt artifacts inspect fiddler_server@main   the manifest of the newest
        kilt artifacts verify                        compare every digest
        kilt artifacts who-has requests              commits and jobs with a package
      """,
    subcommands: [
      ArtifactsList.self, ArtifactsInspect.self, ArtifactsFetch.self, ArtifactsVerify.self, ArtifactsKeygen.self,
      ArtifactsSign.self, ArtifactsSBOM.self, ArtifactsWhoHas.self, ArtifactsPut.self, ArtifactsCopy.self,
      ArtifactsCollect.self,
    ])
}

/// The options that all verbs on artifacts have.
struct ArtifactsOptions: ParsableArguments {
  @Option(help: .repository)
  var repository: String?

  /// The repository that the option names, or else the workspace of the working directory.
  func repository(_ global: GlobalOptions) throws -> Repository {
    let directory = try global.workingDirectory
    if let repository { return try Repository(opening: repository, relativeTo: directory) }
    if let variable = environmentVariable("KILT_REPOSITORY"), !variable.isEmpty {
      return try Repository(opening: variable, relativeTo: directory)
    }
    return try Workspace.find(from: directory).repository()
  }
}

/// `--platform` of the verbs that mean one bundle.
struct PlatformOption: ParsableArguments {
  @Option(help: ArgumentHelp("Artifact platform, such as bookworm-x86_64. Default: this machine's.", valueName: "name"))
  var platform: String?

  var value: ArtifactPlatform {
    get throws { try platform.map { try ArtifactPlatform(validating: $0) } ?? ArtifactPlatform.current }
  }
}
