internal import Actions
internal import ArgumentParser
internal import ContentStore
internal import JSON
internal import SystemSupport

/// `kilt cache gc`.
struct CacheCollect: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gc", abstract: "Remove least recently used entries until the cache meets its quota.",
    discussion: """
      Entries that a running process uses stay. Builds do this automatically once a day, and when the cache exceeds \
      its quota.

      EXAMPLES
        kilt cache gc
        kilt cache gc --quota 5GiB
        kilt cache gc --quota 0   all entries that no process uses
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var output: FormatOption

  @Option(help: "Maximum size of the cache. Default: KILT_CACHE_QUOTA, [cache] quota in kilt.toml, or 20 GiB.")
  var quota: String?

  func run() throws {
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
}
