internal import ArgumentParser
internal import ContentStore
internal import Diagnostics
internal import Workspace

/// `kilt cache`: the verbs on what is kept between runs.
struct CacheCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cache", abstract: "Inspect, shrink and verify the cache; remote cache statistics.",
    discussion: """
      The cache is in KILT_CACHE_DIR, otherwise in kilt below XDG_CACHE_HOME, otherwise in ~/.cache/kilt. You can \
      delete it safely: Kilt creates its contents again.

      EXAMPLES
        kilt cache du
        kilt cache gc --quota 5GiB
        kilt cache verify
        kilt cache stats
      """,
    subcommands: [CacheUsage.self, CacheCollect.self, CacheVerify.self, CacheStatistics.self])

  /// The quota: that of the option, of `KILT_CACHE_QUOTA`, of the workspace's `[cache] quota`, or the default.
  static func quota(_ option: String?, _ global: GlobalOptions) throws -> Int64 {
    if let option { return try ContentStore.quota(configured: option) { _ in nil } }
    // The cache can be looked after from anywhere; a workspace only adds its setting.
    let configured: String?
    do {
      configured = try Workspace.find(from: try global.workingDirectory).configuration.cacheQuota
    } catch {
      configured = nil
    }
    return try ContentStore.quota(configured: configured)
  }
}
