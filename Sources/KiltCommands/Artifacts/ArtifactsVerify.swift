internal import ArgumentParser
internal import Artifacts
internal import Diagnostics
internal import SystemSupport

/// `kilt artifacts verify`.
struct ArtifactsVerify: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Read published artifacts and compare every digest.",
    discussion: """
      Without an argument, Kilt verifies the whole repository. With --policy, it also checks the signatures, as a host \
      with this policy does. Exit code 3 if something is missing or damaged, 2 if the policy refuses an artifact.

      EXAMPLES
        kilt artifacts verify
        kilt artifacts verify fiddler_server@3f2c9d1
        kilt artifacts verify fiddler_server@main --policy policy.toml --stage prod
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var artifacts: ArtifactsOptions
  @OptionGroup var platform: PlatformOption

  @Option(help: ArgumentHelp("A policy that must admit the artifact.", valueName: "file"))
  var policy: String?

  @Option(help: "The stage for the policy.")
  var stage: String?

  @Flag(help: "Check manifests and signatures only, and read no segments.")
  var signaturesOnly = false

  @Argument(help: ArgumentHelp("The artifact. Default: all of them.", valueName: "name@commit"))
  var reference: String?

  func run() throws {
    let repository = try artifacts.repository(global)
    let trust = try trust()
    var faults: [Diagnostic] = []
    var count = 0
    for key in try keys(repository) {
      count += 1
      let found = try faultsOf(key, repository, trust)
      faults += found
      if found.isEmpty { global.note("\(key): \(signaturesOnly ? "the manifest is" : "all digests are") right") }
    }
    if !faults.isEmpty { throw DiagnosticList(faults) }
    Terminal.standardOutput.print("\(count) \(count == 1 ? "bundle" : "bundles") verified in \(repository.location)")
  }

  private func trust() throws -> TrustContext {
    guard let policy else { return .none }
    let path = try global.workingDirectory.pushing(FilePath(policy))
    guard FileSystem.exists(path) else {
      throw Diagnostic(.input, "the policy \"\(path)\" does not exist", remedies: ["correct `--policy`"])
    }
    return try TrustContext(policies: [path], stage: stage, now: wallClockNanoseconds() / 1_000_000_000)
  }

  private func faultsOf(_ key: ManifestKey, _ repository: Repository, _ trust: TrustContext) throws -> [Diagnostic] {
    do throws(ArtifactError) {
      guard let evidence = try repository.evidence(for: key, signedBy: trust.keyIDs) else { return [] }
      var found: [Diagnostic] = []
      do throws(ArtifactError) {
        try trust.require(evidence)
      } catch {
        guard case .refused = error else { throw error }
        found.append(error.diagnostic)
      }
      if signaturesOnly { return found }
      return found + (try repository.verify(evidence.manifest).map(\.diagnostic))
    } catch {
      // One manifest that cannot be read does not end the search for others.
      if case .badManifest = error { return [error.diagnostic] }
      throw error
    }
  }

  private func keys(_ repository: Repository) throws -> [ManifestKey] {
    guard let reference else { return try repository.keys() }
    return [try repository.resolve(try ArtifactSelector(parsing: reference), platform: try platform.value).key]
  }
}
