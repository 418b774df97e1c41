internal import Actions
internal import ArgumentParser
internal import Artifacts
internal import ContentStore
internal import Diagnostics
internal import JSON
internal import RemoteCache
internal import SystemSupport
internal import Workspace

/// `kilt cache gc`.
struct CacheCollect: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gc", abstract: "Remove least recently used entries until the cache meets its quota.",
    discussion: """
      Entries that a running process uses stay. Builds do this automatically once a day, and when the cache exceeds \
      its quota.

      --remote removes entries of the remote cache instead: those older than --max-age, then the oldest until the \
      rest meets --quota. Other machines can use the remote cache meanwhile.

      EXAMPLES
        kilt cache gc
        kilt cache gc --quota 5GiB
        kilt cache gc --quota 0   all entries that no process uses
        kilt cache gc --remote --max-age 30d --quota 500GiB
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var output: FormatOption

  @Option(help: "Maximum size of the cache. Default: KILT_CACHE_QUOTA, [cache] quota in kilt.toml, or 20 GiB.")
  var quota: String?

  @Flag(help: "Remove entries of the remote cache. Requires --max-age or --quota.")
  var remote = false

  @Option(help: ArgumentHelp("With --remote, the maximum age since the upload, such as 30d.", valueName: "duration"))
  var maxAge: String?

  @Flag(help: .dryRun)
  var dryRun = false

  func validate() throws {
    if !remote, maxAge != nil || dryRun { throw ValidationError("--max-age and --dry-run require --remote") }
    if remote, maxAge == nil, quota == nil { throw ValidationError("--remote requires --max-age or --quota") }
    if let maxAge, DurationText.seconds(maxAge) == nil {
      throw ValidationError("invalid --max-age \"\(maxAge)\": expected a duration such as 30d or 12h")
    }
  }

  func run() throws {
    if remote { return try collectRemote() }
    let store = try ContentStore.userDefault()
    let limit = try CacheCommand.quota(quota, global)
    let sandboxes = try SandboxLeftovers.remove(in: store)
    guard let summary = try store.collect(quota: limit) else {
      global.note("another process is cleaning the cache")
      return
    }
    switch output.format {
    case .text:
      var text =
        "removed \(summary.removedBlobs) blobs, \(summary.removedRecords) records, "
        + "\(summary.removedFolders) directories and "
        + "\(summary.removedLeftovers + sandboxes) leftovers: \(ByteSize.text(summary.removedBytes))\n"
      if summary.keptInUse > 0 { text += "kept \(summary.keptInUse) entries that are in use\n" }
      writeText(
        text + "\(ByteSize.text(summary.remainingBytes)) of \(ByteSize.text(limit)) used in \(store.root)\n", to: 1)
    case .json:
      let value = JSONValue.members([
        "removed_blobs": .int(Int64(summary.removedBlobs)), "removed_records": .int(Int64(summary.removedRecords)),
        "removed_folders": .int(Int64(summary.removedFolders)),
        "removed_leftovers": .int(Int64(summary.removedLeftovers + sandboxes)),
        "removed_bytes": .int(summary.removedBytes), "kept_in_use": .int(Int64(summary.keptInUse)),
        "remaining_bytes": .int(summary.remainingBytes), "quota": .int(limit),
      ])
      writeText(value.text(.pretty) + "\n", to: 1)
    }
  }

  private func collectRemote() throws {
    let workspace = try Workspace.find(from: try global.workingDirectory)
    guard let settings = try workspace.configuration.remoteCache(in: workspace.root) else {
      throw Diagnostic(
        .input, "no remote cache is configured",
        remedies: ["add `remote = \"s3://BUCKET/PREFIX\"` to [cache] in kilt.toml, or set KILT_CACHE_REMOTE"])
    }
    let bytes = try quota.map { try ContentStore.quota(configured: $0) { _ in nil } }
    let summary = try RemoteCollection(
      try RemoteCollection.bucket(settings), maximumAge: maxAge.flatMap { DurationText.seconds($0) },
      maximumBytes: bytes, isDryRun: dryRun
    ).run()
    switch output.format {
    case .text:
      writeText(
        "\(dryRun ? "would remove" : "removed") \(summary.removedEntries) entries, \(summary.removedBlobs) blobs and "
          + "\(summary.removedFiles) wheels: \(ByteSize.text(summary.removedBytes))\n"
          + "\(summary.remainingEntries) entries remain, \(ByteSize.text(summary.remainingBytes))\n", to: 1)
    case .json:
      let value = JSONValue.members([
        "dry_run": .bool(dryRun), "removed_entries": .int(Int64(summary.removedEntries)),
        "removed_blobs": .int(Int64(summary.removedBlobs)), "removed_files": .int(Int64(summary.removedFiles)),
        "removed_bytes": .int(summary.removedBytes), "remaining_entries": .int(Int64(summary.remainingEntries)),
        "remaining_bytes": .int(summary.remainingBytes),
      ])
      writeText(value.text(.pretty) + "\n", to: 1)
    }
  }
}
