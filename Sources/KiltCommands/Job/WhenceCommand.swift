internal import ArgumentParser
internal import Diagnostics
internal import Digests
internal import JSON
internal import JobModel
internal import SchedulerClient
internal import SystemSupport

/// `kilt whence`.
struct WhenceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "whence", abstract: "Trace a process, port, instance or bundle to its source.",
    discussion: """
      Shows job, instance, release, commit, target, files and wheels with digests, and the user who deployed it. A \
      process ID and a port refer to the scheduler's machine. A bundle can be any copy of its file.

      All answers come from the scheduler: you need no workspace.

      EXAMPLES
        kilt whence 4711
        kilt whence 127.0.0.1:31002
        kilt whence devcluster/www-data/prod/fiddler/0
        kilt whence dist/fiddler_server-3f2c9d1e8a7b-bookworm-x86_64.pex
        kilt whence 9f86d081884c7d65 --format json
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var output: FormatOption

  @Option(help: .cluster)
  var cluster: String?

  @Argument(help: ArgumentHelp("Process ID, HOST:PORT, instance, bundle file, or digest.", valueName: "what"))
  var what: String

  func run() throws {
    let reference = JobReference(what)
    let session = try JobSession(global, cluster: cluster ?? reference?.key.cluster)
    let answer = try find(session, reference)
    guard !answer.found.isEmpty else {
      throw Diagnostic(
        .input, "no task of the scheduler matches \"\(what)\"", remedies: ["run `kilt job list` to list what runs"])
    }
    if output.format == .json {
      let values = answer.found.map { whence -> JSONValue in
        var object = whence.json.object ?? JSONObject()
        object["manifests"] = .array(answer.manifests(of: whence).map(\.json))
        return .object(object)
      }
      return writeText(JSONValue.array(values).text(.pretty) + "\n", to: 1)
    }
    for whence in answer.found {
      for line in Self.lines(whence, answer.manifests(of: whence)) {
        Terminal.standardOutput.print(PlainText.line(line))
      }
    }
  }

  private func find(_ session: JobSession, _ reference: JobReference?) throws -> WhenceAnswer {
    let client = try session.client
    let file = session.directory.pushing(FilePath(what))
    if let reference {
      let numbers =
        reference.instances.isEmpty ? try session.job(reference.key).instances.map(\.instance) : reference.instances
      var all = WhenceAnswer()
      for number in numbers {
        let answer = try client.whence(reference.key, instance: number)
        all.found += answer.found
        all.manifests += answer.manifests.filter { !all.manifests.contains($0) }
      }
      return all
    }
    if what.allSatisfy(\.isNumber), let pid = Int32(what) { return try client.whence("pid", "\(pid)") }
    if let colon = what.lastIndex(of: ":"), let port = Int(what[what.index(after: colon)...]),
      (1...65535).contains(port)
    {
      return try client.whence("port", "\(port)")
    }
    if FileSystem.exists(file) { return try find(file, client) }
    let digits = (what.hasPrefix("sha256:") ? String(what.dropFirst(7)) : what).lowercased()
    guard digits.utf8.count >= 8, digits.allSatisfy(\.isHexDigit) else {
      throw Diagnostic(
        .input, "\"\(what)\" is not a process ID, HOST:PORT, an instance, a bundle or a digest",
        remedies: ["write an instance as cluster/role/stage/name/0, a digest with at least 8 digits"])
    }
    return try client.whence("digest", digits)
  }

  /// The instances that run a bundle of which `file` is a copy: of those with its size, the ones whose segments match.
  private func find(_ file: FilePath, _ client: SchedulerClient) throws -> WhenceAnswer {
    let status = try FileSystem.status(of: file, followingLinks: true)
    guard status.kind == .file else {
      throw Diagnostic(
        .input, "\"\(what)\" is not a file", remedies: ["name the bundle itself: one file, as `kilt publish` stores it"]
      )
    }
    let answer = try client.whence("size", "\(status.size)")
    var matching: [BundleFacts] = []
    for facts in answer.manifests {
      if let problem = facts.problem, facts.segments.isEmpty {
        throw Diagnostic(
          .environment, "cannot compare \"\(what)\" with artifact \(facts.artifact)@\(facts.commit.prefix(12))",
          notes: [problem], remedies: ["run `kilt whence \(facts.digest.prefix(16))`, which needs no comparison"])
      }
      if try Self.isCopy(file, of: facts) { matching.append(facts) }
    }
    let copies = WhenceAnswer(found: answer.found, manifests: matching)
    return WhenceAnswer(found: answer.found.filter { !copies.manifests(of: $0).isEmpty }, manifests: matching)
  }

  private static func isCopy(_ file: FilePath, of facts: BundleFacts) throws -> Bool {
    let segments = facts.segments.compactMap { segment in
      SHA256Digest(hex: segment.digest).map { TreeDigest.Segment(digest: $0, size: Int64(segment.size)) }
    }
    let tree = TreeDigest(segments)
    if tree.digest.hex == facts.digest { return try tree.matches(file) }
    // Manifests of the first format name the digest of the whole file.
    return try SHA256Digest.ofFile(file).digest.hex == facts.digest
  }

  /// The maximum number of printed files.
  private static let shownFiles = 40

  private static func lines(_ whence: Whence, _ manifests: [BundleFacts]) -> [String] {
    let release = whence.release
    var lines = [
      "\(whence.key), instance \(whence.instance.instance) \(whence.instance.status.rawValue)",
      "  task      \(whence.instance.taskID)",
      "  release   \(release.number), \(release.submittedAt) by \(release.user ?? "unknown")"
        + (release.reason.map { ": \($0)" } ?? ""),
    ]
    if let source = release.source {
      let commit = source.commit.map { ", commit \($0.prefix(12))" } ?? ""
      lines.append("  job file  \(source.path)" + (source.template.map { ", template \($0)" } ?? "") + commit)
    }
    for artifact in whence.instance.artifacts {
      lines.append("  artifact  \(artifact.name), commit \(artifact.version), digest \(artifact.digest ?? "unknown")")
    }
    for manifest in manifests {
      if let target = manifest.target { lines.append("  target    \(target)") }
      let branch = manifest.branch.map { ", branch \($0)" } ?? ""
      let url = manifest.buildURL.map { ", \($0)" } ?? ""
      if !manifest.builder.isEmpty {
        lines.append(
          "  built     by \(manifest.builder)\(branch)\(manifest.isOnMain ? ", on the main branch" : "")\(url)")
      }
      lines += manifest.wheels.map { "  wheel     \($0.digest)  \($0.name)" }
      let files = manifest.files ?? []
      lines += files.prefix(shownFiles).map { "  file      \($0.digest)  \($0.path)" }
      if files.count > shownFiles {
        lines.append("  file      … \(files.count - shownFiles) more, with --format json")
      }
      if let problem = manifest.problem { lines.append("  note      \(problem)") }
    }
    return lines
  }
}
