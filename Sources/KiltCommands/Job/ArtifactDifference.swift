internal import Artifacts
internal import Diagnostics
internal import JSON
internal import JobModel
internal import SystemSupport
internal import Workspace

/// How an artifact of a job differs from the one that the job runs: commits, digests, wheels, bytes to fetch.
struct ArtifactDifference {
  struct Commit {
    var id: String
    var author: String
    var subject: String
  }

  let old: JobModel.ArtifactReference?
  let new: JobModel.ArtifactReference
  /// The commits from the old artifact to the new one that change a file of its bundle, the newest first; nil where git
  /// cannot say.
  private(set) var commits: [Commit]?
  /// Commits in between that change none of its files.
  private(set) var otherCommits = 0
  /// Segments of the new file that the old one does not have, and the reverse: wheels by name, code as `code`.
  private(set) var added: [String] = []
  private(set) var removed: [String] = []
  private(set) var bytesToFetch: Int64?
  /// Why commits or wheels cannot be compared; no error of the plan.
  private(set) var problems: [String] = []

  var isChanged: Bool { old?.digest != new.digest || old?.version != new.version }

  init(from old: JobModel.ArtifactReference?, to new: JobModel.ArtifactReference, session: JobSession) {
    self.old = old
    self.new = new
    guard isChanged, let workspace = session.workspace else { return }
    do {
      if let from = old?.commit, let to = new.commit, from != to {
        let paths = try BundleSources.paths(ofArtifact: new.name, session.global) ?? []
        let related = try workspace.git.log(from: from, to: to, paths: paths)
        let all = try workspace.git.log(from: from, to: to, limit: 1000)
        otherCommits = max(0, all.count - related.count)
        commits = related.map { Commit(id: $0.commit, author: $0.author, subject: $0.subject) }
      }
    } catch {
      problems.append("cannot list the commits: \(JobSession.summary(of: error))")
    }
    do {
      try compareSegments(workspace)
    } catch {
      problems.append("cannot compare the files: \(JobSession.summary(of: error))")
    }
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
  }

  private static func manifest(of artifact: JobModel.ArtifactReference, _ repository: Repository) throws -> Manifest? {
    guard artifact.hashType == .git, let commit = Artifacts.Commit(artifact.version), let platform = artifact.platform
    else { return nil }
    return try repository.manifest(
      ManifestKey(
        name: try ArtifactName(validating: artifact.name), commit: commit,
        platform: try HostPlatform(validating: platform)))
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
      lines += commits.prefix(20).map { "             \($0.id.prefix(12))  \($0.author)  \($0.subject)" }
      if commits.count > 20 { lines.append("             … \(commits.count - 20) more") }
    }
    lines += removed.map { "  wheel      - \($0)" } + added.map { "  wheel      + \($0)" }
    lines += problems.map { "             \($0)" }
    return lines + fetchLines
  }

  private var fetchLines: [String] {
    guard let bytesToFetch, isChanged, bytesToFetch > 0 else { return [] }
    return ["  fetch      \(ByteSize.text(bytesToFetch)), unless the host has it"]
  }

  private func short(_ artifact: JobModel.ArtifactReference) -> String {
    artifact.hashType == .git ? String(artifact.version.prefix(12)) : artifact.version
  }

  var json: JSONValue {
    var object = JSONObject([
      ("name", .string(new.name)), ("changed", .bool(isChanged)), ("to", new.json), ("from", old?.json ?? .null),
      ("wheels_added", .strings(added)), ("wheels_removed", .strings(removed)),
    ])
    object["commits"] = commits.map { commits in
      .array(
        commits.map {
          .members(["commit": .string($0.id), "author": .string($0.author), "subject": .string($0.subject)])
        })
    }
    object["bytes_to_fetch"] = bytesToFetch.map { .int($0) }
    return .object(object)
  }
}
