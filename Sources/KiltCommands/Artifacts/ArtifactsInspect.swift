internal import ArgumentParser
internal import Artifacts
internal import Digests
internal import JSON

/// `kilt artifacts inspect`.
struct ArtifactsInspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Show the manifest of a published bundle.",
    discussion: """
      --format json prints the whole manifest, with its segments. If a commit was published again, the member "later" \
      names the branch of the later manifest, and whether the manifest is signed.

      EXAMPLES
        kilt artifacts inspect fiddler_server@3f2c9d1
        kilt artifacts inspect fiddler_server@main --format json
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var artifacts: ArtifactsOptions
  @OptionGroup var platform: PlatformOption
  @OptionGroup var output: FormatOption

  @Argument(help: .artifact)
  var reference: String

  func run() throws {
    let text = reference
    let repository = try artifacts.repository(global)
    let platform = try platform.value
    let reference = try repository.reference(try ArtifactSelector(parsing: reference), platform: platform)
    let evidence = try repository.resolveEvidence(reference, platform: platform)
    let manifest = evidence.manifest
    let isSigned = evidence.records.allSatisfy { !$0.envelopes.isEmpty }
    let later = try repository.publications(of: evidence, on: Self.branch(text)).dropFirst()
    switch output.format {
    case .json:
      guard case .object(var object) = manifest.json else { return }
      // The origin's segments, of which the artifact consists.
      object["segments"] = .array(
        manifest.segments.map {
          .members([
            "kind": .string($0.kind), "name": .string($0.name), "sha256": .string($0.digest.hex), "size": .int($0.size),
          ])
        })
      object["signed"] = .bool(isSigned)
      object["later"] = .array(later.map(Self.json))
      object["manifest_sha256"] = evidence.records.first.map { .string($0.digest.hex) }
      Terminal.standardOutput.print(JSONValue.object(object).text(.pretty))
    case .text:
      for line in Self.lines(manifest, isSigned: isSigned) { Terminal.standardOutput.print(line) }
      for evidence in later {
        let manifest = evidence.manifest
        let isSigned = evidence.records.allSatisfy { !$0.envelopes.isEmpty }
        Terminal.standardOutput.print(
          "later      \(RFC3339.text(manifest.created)) for branch \(manifest.branch ?? "-")"
            + "\(manifest.isOnMain ? " (on the main branch)" : ""), \(isSigned ? "signed" : "not signed")")
      }
    }
  }

  /// The branch of `NAME@BRANCH`; nil for a commit.
  private static func branch(_ text: String) throws(ArtifactError) -> BranchName? {
    guard case .branch(_, let branch) = try ArtifactSelector(parsing: text) else { return nil }
    return branch
  }

  private static func json(_ later: Evidence) -> JSONValue {
    let manifest = later.manifest
    return .members([
      "branch": manifest.branch.map { .string($0) } ?? .null, "pushed": .strings(manifest.pushed),
      "on_main": .bool(manifest.isOnMain), "created": .string(RFC3339.text(manifest.created)),
      "signed": .bool(later.records.allSatisfy { !$0.envelopes.isEmpty }),
    ])
  }

  private static func lines(_ manifest: Manifest, isSigned: Bool) -> [String] {
    var lines = [
      "artifact   \(manifest.key.name)",
      "commit     \(manifest.key.commit)\(manifest.isOnMain ? " (on the main branch)" : "")",
      "platform   \(manifest.key.platform)",
      "created    \(RFC3339.text(manifest.created))\(manifest.builder.isEmpty ? "" : " by \(manifest.builder)")",
      "digest     \(manifest.digest)\(manifest.format == 1 ? "" : " (tree)")",
      "size       \(manifest.size) bytes",
      "signed     \(isSigned ? "yes" : "no")",
    ]
    if let origin = manifest.origin { lines.append("origin     \(origin), with equal inputs") }
    if !manifest.interpreterConstraints.isEmpty {
      lines.append("python     \(manifest.interpreterConstraints.joined(separator: " or "))")
    }
    if let branch = manifest.branch { lines.append("branch     \(branch)") }
    if !manifest.pushed.isEmpty { lines.append("pushed     \(manifest.pushed.joined(separator: ", "))") }
    if let target = manifest.target { lines.append("target     \(target)") }
    if let inputs = manifest.inputs { lines.append("inputs     \(inputs)") }
    if let lockfile = manifest.lockfile { lines.append("lockfile   \(lockfile)") }
    if let entryPoint = manifest.entryPoint { lines.append("entry      \(entryPoint)") }
    if let url = manifest.buildURL { lines.append("build      \(url)") }
    lines.append("segments   \(manifest.segments.count)")
    for segment in manifest.segments {
      lines.append("  \(segment.digest.hex.prefix(12))  \(segment.size)  \(segment.kind) \(segment.name)")
    }
    return lines
  }
}
