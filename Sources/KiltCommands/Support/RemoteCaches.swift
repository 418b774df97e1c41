internal import Artifacts
internal import ContentStore
internal import Diagnostics
internal import RemoteCache
internal import SigningKeys
internal import Synchronization
internal import SystemSupport
internal import Workspace

/// The remote caches that this command uses: their uploads end before the command does.
enum RemoteCaches {
  private static let open = Mutex<[RemoteCache]>([])

  /// Waits for uploads, within their bound.
  static func finish() {
    let caches = open.withLock { caches in
      defer { caches = [] }
      return caches
    }
    for cache in caches { cache.finish() }
  }

  static func add(_ cache: RemoteCache) { open.withLock { $0.append(cache) } }
}

extension WorkspaceConfiguration {
  /// The remote cache of a workspace; nil where none is configured.
  ///
  /// - Throws: `Diagnostic` for variables and keys that cannot be used.
  func remoteCache(in root: FilePath) throws -> RemoteCacheSettings? {
    let variable = environmentVariable("KILT_CACHE_REMOTE")
    guard let address = variable ?? cacheRemote, !address.isEmpty else { return nil }
    var settings = RemoteCacheSettings(
      address: address, base: root, mode: try RemoteCacheSettings.mode(for: address))
    guard settings.mode != .off else { return settings }
    settings.trustedKeys = try cacheTrustedKeys.map { try SigningKeySource.publicKey($0, relativeTo: root) }
    if settings.mode == .write { settings.signer = try SigningKeySource().signer(relativeTo: root) }
    settings.lookupDeadline = try RemoteCacheSettings.milliseconds(of: "KILT_CACHE_REMOTE_TIMEOUT", default: 3_000)
    settings.uploadWait = try RemoteCacheSettings.milliseconds(of: "KILT_CACHE_REMOTE_UPLOAD_WAIT", default: 60_000)
    settings.localPaths = [root.string]
    // A home such as "/root" is the same on many machines.
    if let home = environmentVariable("HOME"), home.split(separator: "/").count > 1 {
      settings.localPaths.append(home)
    }
    return settings
  }
}

extension WorkspaceSession {
  /// The user's store, with the team's cache where one is configured.
  ///
  /// - Parameters:
  ///   - fetchesWhenNeeded: whether large outputs are fetched when something needs them.
  ///   - isReading: whether nothing is uploaded, whatever the mode of this machine is.
  func contentStore(fetchesWhenNeeded: Bool = false, isReading: Bool = false) throws -> ContentStore {
    var store = try ContentStore.userDefault()
    store.shared = try remoteCache(for: store, fetchesWhenNeeded: fetchesWhenNeeded, isReading: isReading)
    return store
  }

  /// The team's cache; nil where none is configured, or this machine does not use it.
  func remoteCache(
    for store: ContentStore, fetchesWhenNeeded: Bool = false, isReading: Bool = false
  ) throws -> RemoteCache? {
    guard var settings = try workspace.configuration.remoteCache(in: workspace.root), settings.mode != .off else {
      return nil
    }
    settings.fetchesWhenNeeded = fetchesWhenNeeded
    if isReading { settings.mode = .read }
    let isQuiet = isQuiet
    let cache = try RemoteCache(settings, store: store) { text in
      if !isQuiet { Terminal.standardError.print(text) }
    }
    RemoteCaches.add(cache)
    return cache
  }
}
