internal import ArgumentParser
internal import Artifacts
internal import Diagnostics
internal import Digests
internal import JSON
internal import JobModel
internal import SchedulerClient
internal import SystemSupport
internal import Workspace

/// `kilt whence`.
struct WhenceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "whence", abstract: "Trace a process, port, instance or bundle to its source.",
    discussion: """
      Shows job, instance, release, commit, target and wheels with digests, and who deployed it. A process ID and a
      port are those of the scheduler's machine.

      EXAMPLES
        kilt whence 4711
        kilt whence 127.0.0.1:31002
        kilt whence devcluster/www-data/prod/fiddler/0
        kilt whence dist/fiddler_server-3f2c9d1e8a7b-bookworm-x86_64.pex
        kilt whence 9f86d081884c7d65 --format json
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var output: FormatOption

  @Option(help: ArgumentHelp("The cluster; the first of kilt.toml by default.", valueName: "name"))
  var cluster: String?

  @Argument(help: ArgumentHelp("A process ID, HOST:PORT, an instance, a bundle file, or a digest.", valueName: "what"))
  var what: String

  func run() throws {
    let reference = JobReference(what)
    let session = try JobSession(global, cluster: cluster ?? reference?.key.cluster)
    let found = try find(session, reference)
    guard !found.isEmpty else {
      throw Diagnostic(
        .input, "no task of the scheduler is behind \"\(what)\"", remedies: ["run `kilt job list` to list what runs"])
    }
    let known = try found.map { try manifests(of: $0, session) }
    if output.format == .json {
      let values = zip(found, known).map { whence, manifests -> JSONValue in
        var object = whence.json.object ?? JSONObject()
        object["manifests"] = .array(manifests.map(Self.json))
        return .object(object)
      }
      return writeText(JSONValue.array(values).text(.pretty) + "\n", to: 1)
    }
    for (whence, manifests) in zip(found, known) {
      for line in Self.lines(whence, manifests) { Terminal.standardOutput.print(PlainText.line(line)) }
    }
  }

  private func find(_ session: JobSession, _ reference: JobReference?) throws -> [Whence] {
    let client = try session.client
    let file = session.directory.pushing(FilePath(what))
    if let reference {
      let numbers =
        reference.instances.isEmpty ? try session.job(reference.key).instances.map(\.instance) : reference.instances
      return try numbers.flatMap { try client.whence(reference.key, instance: $0) }
    }
    if what.allSatisfy(\.isNumber), let pid = Int32(what) { return try client.whence("pid", "\(pid)") }
    if let colon = what.lastIndex(of: ":"), let port = Int(what[what.index(after: colon)...]),
      (1...65535).contains(port)
    {
      return try client.whence("port", "\(port)")
    }
    if FileSystem.exists(file) { return try client.whence("digest", try SHA256Digest.ofFile(file).digest.hex) }
    let digits = what.hasPrefix("sha256:") ? String(what.dropFirst(7)) : what
    guard digits.utf8.count >= 8, digits.allSatisfy(\.isHexDigit) else {
      throw Diagnostic(
        .input, "\"\(what)\" is not a process ID, HOST:PORT, an instance, a bundle or a digest",
        remedies: ["write an instance as cluster/role/stage/name/0, a digest with at least 8 digits"])
    }
    return try client.whence("digest", digits)
  }

  /// What the workspace's repository knows of the artifacts; nothing outside of a workspace.
  private func manifests(of whence: Whence, _ session: JobSession) throws -> [Manifest] {
    guard let workspace = session.workspace, workspace.configuration.repositoryURL != nil else { return [] }
    let repository = try workspace.repository()
    return try whence.instance.artifacts.compactMap { artifact in
      guard let commit = Commit(artifact.version), let platform = artifact.platform else { return nil }
      return try repository.manifest(
        ManifestKey(
          name: try ArtifactName(validating: artifact.name), commit: commit,
          platform: try HostPlatform(validating: platform)))
    }
  }

  private static func lines(_ whence: Whence, _ manifests: [Manifest]) -> [String] {
    let release = whence.release
    var lines = [
      "\(whence.key), instance \(whence.instance.instance) \(whence.instance.status.rawValue)",
      "  task      \(whence.instance.taskID)",
      "  release   \(release.number), \(release.submittedAt) by \(release.user ?? "unknown")"
        + (release.reason.map { ": \($0)" } ?? ""),
    ]
    if let source = release.source {
      lines.append("  job file  \(source.path)" + (source.template.map { ", template \($0)" } ?? ""))
    }
    for artifact in whence.instance.artifacts {
      lines.append("  artifact  \(artifact.name), commit \(artifact.version), digest \(artifact.digest ?? "unknown")")
    }
    for manifest in manifests {
      if let target = manifest.provenance["target"]?.string { lines.append("  target    \(target)") }
      for segment in manifest.segments where segment.kind == "wheel" {
        lines.append("  wheel     \(segment.name)  \(segment.digest.hex)")
      }
    }
    return lines
  }

  private static func json(_ manifest: Manifest) -> JSONValue {
    .members([
      "artifact": .string("\(manifest.key.name)"), "commit": .string(manifest.key.commit.text),
      "digest": .string(manifest.digest.hex), "target": manifest.provenance["target"] ?? .null,
      "segments": .array(
        manifest.segments.map {
          .members([
            "kind": .string($0.kind), "name": .string($0.name), "digest": .string($0.digest.hex), "size": .int($0.size),
          ])
        }),
    ])
  }
}
