internal import ArgumentParser
internal import Artifacts
internal import Diagnostics

/// `kilt artifacts verify`.
struct ArtifactsVerify: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Read published bundles whole and compare every digest.",
    discussion: """
      Without an argument all of the repository. Exit code 3 when something is missing or damaged.

      EXAMPLES
        kilt artifacts verify
        kilt artifacts verify fiddler_server@3f2c9d1
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var artifacts: ArtifactsOptions
  @OptionGroup var platform: PlatformOption

  @Argument(help: ArgumentHelp("Which bundle; all of them by default.", valueName: "name@commit"))
  var reference: String?

  func run() throws {
    let repository = try artifacts.repository(global)
    var faults: [Diagnostic] = []
    var count = 0
    for key in try keys(repository) {
      count += 1
      let found = try faultsOf(key, repository)
      faults += found
      if found.isEmpty { global.note("\(key): all digests are right") }
    }
    if !faults.isEmpty { throw DiagnosticList(faults) }
    Terminal.standardOutput.print("\(count) \(count == 1 ? "bundle" : "bundles") verified in \(repository.location)")
  }

  private func faultsOf(_ key: ManifestKey, _ repository: Repository) throws -> [Diagnostic] {
    do throws(ArtifactError) {
      guard let manifest = try repository.manifest(key) else { return [] }
      return try repository.verify(manifest).map(\.diagnostic)
    } catch {
      // One manifest that cannot be read does not end the search for others.
      if case .badManifest = error { return [error.diagnostic] }
      throw error
    }
  }

  private func keys(_ repository: Repository) throws -> [ManifestKey] {
    if let reference {
      return [try repository.resolve(try ArtifactReference(parsing: reference), platform: try platform.value).key]
    }
    return try repository.names().flatMap { name in
      try repository.commits(of: name).flatMap { listing in
        listing.platforms.map { ManifestKey(name: name, commit: listing.commit, platform: $0) }
      }
    }
  }
}
