internal import ArgumentParser
internal import Artifacts
internal import BuildCommands
internal import Diagnostics
internal import Digests
internal import JSON
internal import SigningKeys
internal import SystemSupport
internal import TargetGraph
internal import Workspace

/// `kilt publish`.
struct ArtifactsPublish: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "publish", abstract: "Build bundles and upload them under the current commit.",
    discussion: """
      Fails if any file differs from the commit. Uploads only blobs that the artifact repository lacks. Publishing the \
      same commit again changes nothing.

      With --changed-since, you can deploy every pex_binary of the workspace by this commit. Kilt builds the bundles \
      with new inputs. For each other bundle, it stores a small manifest that points to the file with equal inputs.

      KILT_SIGNING_KEY names a private key that signs the manifests. See `kilt artifacts keygen`.

      EXAMPLES
        kilt publish services/fiddler:server
        kilt publish --changed-since=HEAD~1   all bundles, after a push
        kilt publish --dry-run --changed-since=HEAD~1
        kilt publish :: --repository s3://builds/kilt
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var targets: TargetOptions
  @OptionGroup var output: FormatOption

  @Option(help: .repository)
  var repository: String?

  @Option(help: .signingKey)
  var key: String?

  @Flag(help: .dryRun)
  var dryRun = false

  func run() throws {
    let (packaging, comparesAll) = try session()
    let workspace = packaging.session.workspace
    let version = try SourceVersion(of: workspace)
    let publisher = try BundlePublisher(
      workspace: workspace, repository: try workspace.repository(override: repository), version: version,
      signer: try SigningKeySource(key: key).signer(relativeTo: try global.workingDirectory))
    publisher.isDryRun = dryRun
    let progress = TransferLine(Terminal.standardError, isShown: !global.quiet)
    publisher.progress = { progress.show($0) }
    try publisher.begin()
    let packager = packaging.packager(of: version)
    let selected = packaging.binaries
    let others = comparesAll ? packaging.otherBinaries : []
    try packaging.prepare(selected + others)
    var report = PublishReport(output.format)
    for binary in selected + others {
      if comparesAll {
        let (plan, inputs) = try packager.key(of: binary)
        if let (manifest, outcome) = try publisher.inherit(plan, inputs: inputs) {
          report.add(inherited: manifest, outcome, isDryRun: dryRun)
          continue
        }
      }
      let (manifest, outcome) = try publisher.publish(try packaging.package(binary, packager))
      progress.clear()
      report.add(manifest, outcome, isDryRun: dryRun)
    }
    if !dryRun { try publisher.finish() }
    try packaging.finish()
    if selected.isEmpty, others.isEmpty { global.note("nothing to do: the workspace has no pex_binary targets") }
    report.finish()
  }

  /// The selected binaries, and whether all others are compared by their inputs.
  ///
  /// In a shallow clone the revision can be missing. Then only inputs show changes.
  private func session() throws -> (ProductSession, comparesAll: Bool) {
    guard targets.changedSince != nil else { return (try ProductSession(global, targets, verb: "publish"), false) }
    do {
      return (try ProductSession(global, targets, verb: "publish"), true)
    } catch GitError.unknownRevision(let revision) {
      let workspace = try Workspace.find(from: try global.workingDirectory)
      guard try workspace.git.isShallow() else { throw GitError.unknownRevision(revision) }
      global.report(
        Diagnostic(
          .input, "the shallow clone does not contain \"\(revision)\": comparing all bundles by their inputs"),
        as: .note)
      var targets = targets
      targets.changedSince = nil
      targets.words = ["::"]
      return (try ProductSession(global, targets, verb: "publish"), true)
    }
  }
}

/// The report of a publication: a line for each binary, or JSON at the end.
private struct PublishReport {
  private let format: OutputFormat
  private var values: [JSONValue] = []

  init(_ format: OutputFormat) { self.format = format }

  mutating func add(inherited manifest: Manifest, _ outcome: PublishOutcome, isDryRun: Bool) {
    let origin = manifest.origin.map { $0.abbreviated } ?? ""
    let text =
      Self.present(manifest, outcome, isDryRun)
      ?? "\(isDryRun ? "would be published" : "published"), with the file of \(origin)"
    add(manifest, Self.work(outcome) ?? "inherited", uploaded: 0, reused: manifest.size, text)
  }

  /// The text about a commit that was published before; nil for a new one.
  private static func present(_ manifest: Manifest, _ outcome: PublishOutcome, _ isDryRun: Bool) -> String? {
    guard outcome.wasPublished else { return nil }
    guard outcome.addedLater else { return "already published" }
    let branch = manifest.branch.map { " for branch \($0)" } ?? ""
    return "already published, \(isDryRun ? "a manifest would be added" : "added a manifest")\(branch)"
  }

  private static func work(_ outcome: PublishOutcome) -> String? {
    outcome.wasPublished ? outcome.addedLater ? "added" : "present" : nil
  }

  mutating func add(_ manifest: Manifest, _ outcome: PublishOutcome, isDryRun: Bool) {
    let text =
      Self.present(manifest, outcome, isDryRun)
      ?? (isDryRun ? "would be published, " : "published, ")
      + "\(outcome.uploadedBytes >> 10) KiB uploaded, \(outcome.reusedBytes >> 10) KiB already present"
    add(
      manifest, Self.work(outcome) ?? "uploaded", uploaded: outcome.uploadedBytes,
      reused: outcome.reusedBytes, text)
  }

  private mutating func add(_ manifest: Manifest, _ work: String, uploaded: Int64, reused: Int64, _ text: String) {
    if format == .text {
      Terminal.standardOutput.print("\(manifest.key.name)@\(manifest.key.commit.abbreviated)  \(text)")
    }
    values.append(
      .members([
        "name": .string(manifest.key.name.text), "commit": .string(manifest.key.commit.text),
        "platform": .string(manifest.key.platform.text), "target": manifest.target.map { .string($0) } ?? .null,
        "work": .string(work), "digest": .string(manifest.digest.hex), "size": .int(manifest.size),
        "uploaded": .int(uploaded), "reused": .int(reused),
        "origin": manifest.origin.map { .string($0.text) } ?? .null,
      ]))
  }

  func finish() {
    if format == .json { Terminal.standardOutput.print(JSONValue.array(values).text(.pretty)) }
  }
}
