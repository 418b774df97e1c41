internal import ArgumentParser
internal import ContentStore
internal import Diagnostics
internal import Workspace

/// `kilt cache`: the verbs on what is kept between runs.
struct CacheCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cache", abstract: "Look at, shrink and check what is kept between runs.",
    discussion: """
      The cache is KILT_CACHE_DIR, else kilt in XDG_CACHE_HOME, else ~/.cache/kilt. All of it can be made again.

      EXAMPLES
        kilt cache du
        kilt cache gc --quota 5GB
        kilt cache verify
      """,
    subcommands: [CacheUsage.self, CacheCollect.self, CacheVerify.self])

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
