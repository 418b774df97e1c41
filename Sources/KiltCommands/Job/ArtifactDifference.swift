internal import Artifacts
internal import Diagnostics
internal import Digests
internal import JSON
internal import JobModel
internal import SystemSupport
internal import Workspace
internal import Zip

/// The difference between an artifact of a job and the running one: commits, digests, wheels, bytes to fetch.
struct ArtifactDifference {
  struct Commit {
    var id: String
    var author: String
    var subject: String
  }

  /// A file of the workspace in both bundles, or in one of them.
  struct FileChange {
    var path: String
    /// Nil for a file that only the other bundle has.
    var old: SHA256Digest?
    var new: SHA256Digest?

    /// `+`, `-` or `~`.
    var sign: String { old == nil ? "+" : new == nil ? "-" : "~" }
  }

  let old: TaskArtifact?
  let new: TaskArtifact
  /// The commits from the old artifact to the new one that change a file of its bundle, the newest first; nil where git
  /// cannot say.
  private(set) var commits: [Commit]?
  /// Commits of the old artifact that the new one does not have: a return to an earlier one.
  private(set) var commitsUndone: [Commit] = []
  /// Commits in between that change none of its files.
  private(set) var otherCommits = 0
  /// Wheels by name that only the new file, or only the old one, has.
  private(set) var added: [String] = []
  private(set) var removed: [String] = []
  /// Files of the workspace that differ, by path; nil where they cannot be compared.
  private(set) var files: [FileChange]?
  /// The targets that own them in this checkout.
  private(set) var targets: [String] = []
  private(set) var bytesToFetch: Int64?
  /// Why commits, files or wheels cannot be compared; no error of the plan.
  private(set) var problems: [String] = []

  /// The code of a bundle is compared up to this many bytes.
  private static let largestCode: Int64 = 64 << 20

  /// Whether both are one file, of any commit.
  var isSameFile: Bool { old?.digest == new.digest && new.digest != nil }

  var isChanged: Bool { old?.digest != new.digest || old?.version != new.version }

  init(from old: TaskArtifact?, to new: TaskArtifact, session: JobSession) {
    self.old = old
    self.new = new
    guard isChanged, let workspace = session.workspace else { return }
    do {
      try compareSegments(workspace)
    } catch {
      problems.append("cannot compare the files: \(JobSession.summary(of: error))")
    }
    guard let old else { return }
    do {
      try compareCommits(old, workspace, session.global)
    } catch {
      problems.append("cannot list the commits: \(JobSession.summary(of: error))")
    }
  }

  private mutating func compareCommits(
    _ old: TaskArtifact, _ workspace: Workspace, _ global: GlobalOptions
  ) throws {
    guard let from = old.commit, let to = new.commit, from != to else { return }
    let sources = try BundleSources(ofArtifact: new.name, global)
    let changed = files ?? []
    targets = Set(changed.flatMap { sources?.targets(ofBundleFile: $0.path) ?? [] }).sorted()
    var paths = sources?.paths ?? []
    // A deleted file is no longer in the graph: git knows its directory.
    let gone = changed.filter { $0.new == nil }.map(\.path)
    if !gone.isEmpty {
      paths += try workspace.git.changedFiles(between: "\(from)..\(to)").filter { path in
        gone.contains { path == $0 || path.hasSuffix("/" + $0) }
      }
    }
    func list(_ from: String, _ to: String, _ paths: [String]) throws -> [Commit] {
      try workspace.git.log(from: from, to: to, paths: paths, limit: 1000).map {
        Commit(id: $0.commit, author: $0.author, subject: $0.subject)
      }
    }
    let related = try list(from, to, paths)
    otherCommits = max(0, try list(from, to, []).count - related.count)
    commits = related
    commitsUndone = try list(to, from, paths)
  }

  private mutating func compareSegments(_ workspace: Workspace) throws {
    let repository = try workspace.repository()
    guard let manifest = try Self.manifest(of: new, repository) else { return }
    let known = try old.flatMap { try Self.manifest(of: $0, repository) }
    let had = Set((known?.segments ?? []).map(\.digest))
    let fresh = manifest.segments.filter { !had.contains($0.digest) }
    bytesToFetch = fresh.reduce(0) { $0 + $1.size }
    guard let known else { return }
    let has = Set(manifest.segments.map(\.digest))
    added = fresh.filter { $0.kind == "wheel" }.map(\.name)
    removed = known.segments.filter { !has.contains($0.digest) && $0.kind == "wheel" }.map(\.name)
    if let before = try Self.files(of: known, repository), let after = try Self.files(of: manifest, repository) {
      files = Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }.sorted()
        .map { FileChange(path: $0, old: before[$0], new: after[$0]) }
    }
  }

  /// The workspace's files in a bundle with their digests; nil for more than is compared.
  private static func files(of manifest: Manifest, _ repository: Repository) throws -> [String: SHA256Digest]? {
    var files: [String: SHA256Digest] = [:]
    for segment in manifest.segments where segment.kind == "code" {
      guard let bytes = try repository.bytes(of: segment, limit: largestCode) else { return nil }
      try ZipRun.forEachMember(of: bytes, archive: manifest.fileName, limit: 512 << 20) { path, contents in
        files[path] = SHA256Digest.of(contents)
      }
    }
    return files
  }

  private static func manifest(of artifact: TaskArtifact, _ repository: Repository) throws -> Manifest? {
    guard artifact.hashType == .git, let commit = Artifacts.Commit(artifact.version), let platform = artifact.platform
    else { return nil }
    return try repository.manifest(
      ManifestKey(
        name: try ArtifactName(validating: artifact.name), commit: commit,
        platform: try ArtifactPlatform(validating: platform)))
  }

  var lines: [String] {
    let label = "  artifact   \(new.name) "
    guard let old, isChanged else {
      return [label + short(new) + (isChanged ? " for \(new.platform ?? "any platform")" : ", the same file")]
        + fetchLines
    }
    var lines = [label + "\(short(old)) to \(short(new))"]
    if old.digest == new.digest {
      lines.append("             the same file")
    } else if let before = old.digest, let after = new.digest {
      lines.append("             digest \(before.prefix(12)) to \(after.prefix(12))")
    }
    if let commits {
      let others = otherCommits > 0 ? ", \(otherCommits) others change none of its files" : ""
      lines.append("  commits    \(commits.count) that change its files\(others)")
      lines += Self.shown(commits.map { "             \($0.id.prefix(12))  \($0.author)  \($0.subject)" })
    }
    if !commitsUndone.isEmpty {
      lines.append("  undone     \(commitsUndone.count) commits that the current release has")
      lines += Self.shown(commitsUndone.map { "             \($0.id.prefix(12))  \($0.author)  \($0.subject)" })
    }
    lines += Self.shown(targets.map { "  target     \($0)" })
    lines += Self.shown((files ?? []).map { "  file       \($0.sign) \($0.path)" })
    lines += removed.map { "  wheel      - \($0)" } + added.map { "  wheel      + \($0)" }
    lines += problems.map { "             \($0)" }
    return lines + fetchLines
  }

  /// The maximum number of printed lines.
  private static func shown(_ lines: [String]) -> [String] {
    lines.count <= 20 ? lines : lines.prefix(20) + ["             … \(lines.count - 20) more, with --format json"]
  }

  private var fetchLines: [String] {
    guard let bytesToFetch, isChanged, bytesToFetch > 0 else { return [] }
    return ["  fetch      \(ByteSize.text(bytesToFetch)), unless the host has it"]
  }

  private func short(_ artifact: TaskArtifact) -> String {
    artifact.hashType == .git ? String(artifact.version.prefix(12)) : artifact.version
  }

  var json: JSONValue {
    var object = JSONObject([
      ("name", .string(new.name)), ("changed", .bool(isChanged)), ("to", new.json), ("from", old?.json ?? .null),
      ("wheels_added", .strings(added)), ("wheels_removed", .strings(removed)),
    ])
    object["commits"] = commits.map(Self.json)
    object["commits_undone"] = Self.json(commitsUndone)
    object["targets"] = .strings(targets)
    object["files"] = files.map { files in
      .array(
        files.map {
          .members([
            "path": .string($0.path), "from": $0.old.map { .string($0.hex) } ?? .null,
            "to": $0.new.map { .string($0.hex) } ?? .null,
          ])
        })
    }
    if !problems.isEmpty { object["problems"] = .strings(problems) }
    object["bytes_to_fetch"] = bytesToFetch.map { .int($0) }
    return .object(object)
  }

  private static func json(_ commits: [Commit]) -> JSONValue {
    .array(
      commits.map {
        .members(["commit": .string($0.id), "author": .string($0.author), "subject": .string($0.subject)])
      })
  }
}
