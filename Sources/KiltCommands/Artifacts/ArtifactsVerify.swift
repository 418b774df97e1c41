internal import ArgumentParser
internal import Artifacts
internal import Diagnostics
internal import JSON
internal import SystemSupport

/// `kilt artifacts verify`.
struct ArtifactsVerify: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Read published artifacts and compare every digest.",
    discussion: """
      Without an argument, verifies the whole artifact repository: bundles, versions, static files. With --policy, \
      also checks the signatures, as a host with this policy does.

      EXAMPLES
        kilt artifacts verify
        kilt artifacts verify fiddler_server@3f2c9d1 --format json
        kilt artifacts verify metrics:1.4.0
        kilt artifacts verify fiddler_server@main --policy policy.toml --stage prod

      EXIT CODES
        0  all artifacts are intact
        2  the policy refuses an artifact, or the usage is invalid
        3  something is missing or damaged
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var artifacts: ArtifactsOptions
  @OptionGroup var platform: PlatformOption
  @OptionGroup var output: FormatOption

  @Option(help: ArgumentHelp("Policy that must admit the artifact.", valueName: "file"))
  var policy: String?

  @Option(help: "Stage for the policy.")
  var stage: String?

  @Flag(help: "Check manifests and signatures only, and read no segments.")
  var signaturesOnly = false

  @Argument(
    help: ArgumentHelp("Artifact by commit, branch or version (NAME:VERSION). Default: all.", valueName: "name@commit"))
  var reference: String?

  /// An artifact that is verified.
  private enum Item {
    case bundle(ManifestKey)
    case release(ArtifactName, ReleaseVersion)

    var text: String {
      switch self {
      case .bundle(let key): "\(key)"
      case .release(let name, let version): "\(name):\(version)"
      }
    }

    var json: JSONObject {
      switch self {
      case .bundle(let key):
        JSONObject([
          ("name", .string(key.name.text)), ("commit", .string(key.commit.text)),
          ("platform", .string(key.platform.text)),
        ])
      case .release(let name, let version):
        JSONObject([("name", .string(name.text)), ("version", .string(version.text))])
      }
    }
  }

  func run() throws {
    let repository = try artifacts.repository(global)
    let trust = try trust()
    var faults: [Diagnostic] = []
    var known = VerifiedBlobs()
    var values: [JSONValue] = []
    for item in try items(repository) {
      let found = try faultsOf(item, repository, trust, &known)
      faults += found
      if found.isEmpty {
        global.note("\(item.text): \(signaturesOnly ? "the manifest is" : "all digests are") right")
      }
      var value = item.json
      value["right"] = .bool(found.isEmpty)
      value["faults"] = .array(
        found.map { .members(["summary": .string($0.summary), "notes": .strings($0.notes)]) })
      values.append(.object(value))
    }
    let error = faults.isEmpty ? nil : DiagnosticList(faults)
    switch output.format {
    case .json:
      Terminal.standardOutput.print(JSONValue.array(values).text(.pretty))
      if let error { throw ExitCode(DiagnosticRenderer.exitCode(for: error)) }
    case .text:
      if let error { throw error }
      let isPlain = values.count != 1
      Terminal.standardOutput.print(
        "\(values.count) \(isPlain ? "artifacts" : "artifact") verified in \(repository.location)")
    }
  }

  private func trust() throws -> TrustContext {
    guard let policy else { return .none }
    let path = try global.workingDirectory.pushing(FilePath(policy))
    guard FileSystem.exists(path) else {
      throw Diagnostic(.input, "the policy \"\(path)\" does not exist", remedies: ["correct `--policy`"])
    }
    return try TrustContext(policies: [path], stage: stage, now: wallClockNanoseconds() / 1_000_000_000)
  }

  private func faultsOf(
    _ item: Item, _ repository: Repository, _ trust: TrustContext, _ known: inout VerifiedBlobs
  ) throws -> [Diagnostic] {
    do throws(ArtifactError) {
      switch item {
      case .bundle(let key): return try faults(of: key, repository, trust, &known)
      case .release(let name, let version):
        guard let release = try repository.release(name, version) else { return [] }
        let refusals = try Self.refusals { () throws(ArtifactError) in try trust.require(release) }
        return signaturesOnly ? refusals : refusals + (try repository.verify(release, &known).map(\.diagnostic))
      }
    } catch {
      // One manifest that cannot be read does not end the search for others.
      if case .badManifest = error { return [error.diagnostic] }
      throw error
    }
  }

  private func faults(
    of key: ManifestKey, _ repository: Repository, _ trust: TrustContext, _ known: inout VerifiedBlobs
  ) throws(ArtifactError) -> [Diagnostic] {
    guard let evidence = try repository.evidence(for: key, signedBy: trust.keyIDs) else { return [] }
    let refusals = try Self.refusals { () throws(ArtifactError) in
      if !trust.isEmpty { _ = try repository.admitted(evidence, by: trust) }
    }
    return signaturesOnly ? refusals : refusals + (try repository.verify(evidence.manifest, &known).map(\.diagnostic))
  }

  private static func refusals(_ body: () throws(ArtifactError) -> Void) throws(ArtifactError) -> [Diagnostic] {
    do throws(ArtifactError) {
      try body()
      return []
    } catch {
      guard case .refused = error else { throw error }
      return [error.diagnostic]
    }
  }

  private func items(_ repository: Repository) throws -> [Item] {
    guard let reference else {
      return try repository.keys().map { .bundle($0) } + repository.releases().map { .release($0.name, $0.version) }
    }
    let selector = try ArtifactSelector(parsing: reference)
    if case .release(let name, let version) = selector {
      return [.release(name, try repository.release(name, version).version)]
    }
    return [.bundle(try repository.resolve(selector, platform: try platform.value).key)]
  }
}
