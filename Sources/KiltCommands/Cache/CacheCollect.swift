internal import Actions
internal import ArgumentParser
internal import ContentStore
internal import JSON
internal import SystemSupport

/// `kilt cache gc`.
struct CacheCollect: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gc", abstract: "Remove what was not used for longest until the cache fits its quota.",
    discussion: """
      What a running process uses stays. Builds do this by themselves once a day, and when the quota is passed.

      EXAMPLES
        kilt cache gc
        kilt cache gc --quota 5GB
        kilt cache gc --quota 0        all that nobody uses
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var output: FormatOption

  @Option(help: "How large it may be; KILT_CACHE_QUOTA, [cache] quota in kilt.toml, or 20GB by default.")
  var quota: String?

  func run() throws {
    let store = try ContentStore.userDefault()
    let limit = try CacheCommand.quota(quota, global)
    let sandboxes = try SandboxLeftovers.remove(in: store)
    guard let summary = try store.collect(quota: limit) else {
      global.note("another process is at it")
      return
    }
    switch output.format {
    case .text:
      var text =
        "removed \(summary.removedBlobs) blobs, \(summary.removedRecords) records, "
        + "\(summary.removedFolders) folders and "
        + "\(summary.removedLeftovers + sandboxes) leftovers: \(ByteSize.text(summary.removedBytes))\n"
      if summary.keptInUse > 0 { text += "\(summary.keptInUse) things are in use and stay\n" }
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
}
