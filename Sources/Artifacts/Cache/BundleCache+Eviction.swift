import Digests
import Glibc
import SystemSupport

/// One bundle in the cache.
public struct CacheEntry: Sendable, Hashable {
  /// `NAME@COMMIT (PLATFORM)` of each reference to it, newest first.
  public var references: [String]
  /// 64 hexadecimal digits.
  public var digest: String
  /// Bytes.
  public var size: Int64
  /// When it was used last, in seconds since 1970; exact to the hour.
  public var lastUsed: Int64
  /// It holds the newest commit of a name for a platform.
  public var isNewest: Bool
}

/// The result of an eviction.
public struct EvictionSummary: Sendable, Hashable {
  public var removed: [CacheEntry] = []
  /// Bytes that were freed.
  public var freed: Int64 = 0
  /// Bytes that are left.
  public var left: Int64 = 0
  /// Bundles over the quota that stay: they run, or are the newest of their name.
  public var kept: Int = 0
}

extension BundleCache {
  /// The quota where none is set, in bytes.
  public static let defaultQuota: Int64 = 10 << 30

  /// The bundles of the cache, most recently used first.
  public func contents() throws(ArtifactError) -> [CacheEntry] {
    try inventory().map(\.entry).sorted { ($0.lastUsed, $0.digest) > ($1.lastUsed, $1.digest) }
  }

  /// Removes the least recently used bundles until the rest fits into `quota` bytes, and the leftovers of killed
  /// processes. Running bundles, and the newest commit of each name and platform, stay even if they do not fit.
  public func evict(quota: Int64) throws(ArtifactError) -> EvictionSummary {
    var summary = EvictionSummary()
    try removeLeftovers(&summary)
    let found = try inventory()
    summary.left = found.reduce(0) { $0 + $1.entry.size }
    for item in found.sorted(by: { ($0.entry.lastUsed, $0.entry.digest) < ($1.entry.lastUsed, $1.entry.digest) }) {
      guard summary.left > quota else { break }
      guard !item.entry.isNewest, try remove(item) else {
        summary.kept += 1
        continue
      }
      summary.removed.append(item.entry)
      summary.freed += item.entry.size
      summary.left -= item.entry.size
    }
    return summary
  }

  private struct Item {
    var entry: CacheEntry
    var digest: SHA256Digest
    var file: FilePath
    var references: [FilePath]
  }

  /// Removes a bundle unless somebody uses or is making it.
  private func remove(_ item: Item) throws(ArtifactError) -> Bool {
    try onFiles { () throws(SystemCallError) in
      guard let lock = try DigestLock.attempt(item.digest, in: locks.appending("bundles")) else { return false }
      defer { _ = lock }
      do throws(SystemCallError) {
        let file = try FileSystem.open(item.file, .readOnly)
        defer { FileSystem.close(file) }
        // A runner, and the program it became, hold it shared. See CachedBundle.
        guard flock(file.rawValue, LOCK_EX | LOCK_NB) == 0 else { return false }
        try removeFiles(of: item)
      } catch {
        guard error.isMissing else { throw error }
        try removeFiles(of: item)
      }
      return true
    }
  }

  private func removeFiles(of item: Item) throws(SystemCallError) {
    for path in item.references {
      try FileSystem.removeFile(path)
      if let key = key(ofReference: path) { try FileSystem.removeFile(evidencePath(of: key)) }
      // The directories of the commit and the name are removed when they are empty.
      for folder in [path.removingLastComponent(), path.removingLastComponent().removingLastComponent()] {
        _ = folder.withPlatformString { rmdir($0) }
      }
    }
    try FileSystem.removeTree(folder(of: item.digest))
  }

  /// The key that the path of a reference means.
  private func key(ofReference path: FilePath) -> ManifestKey? {
    let parts = path.components.suffix(3).map(\.string)
    guard parts.count == 3, let name = ArtifactName(parts[0]), let commit = Commit(parts[1]),
      let platform = ArtifactPlatform(parts[2])
    else { return nil }
    return ManifestKey(name: name, commit: commit, platform: platform)
  }

  private func inventory() throws(ArtifactError) -> [Item] {
    var items: [SHA256Digest: Item] = [:]
    for name in try entries(bundles) {
      guard let digest = SHA256Digest(hex: name) else { continue }
      let record = try record(at: bundles.appending(name).appending("record"))
      let file = bundles.appending(name).appending(record?.fileName ?? "missing")
      let status = try onFiles { () throws(SystemCallError) in try FileSystem.statusIfPresent(of: file) }
      let entry = CacheEntry(
        references: [], digest: name, size: status?.size ?? 0,
        lastUsed: (status?.modificationTime ?? 0) / 1_000_000_000, isNewest: false)
      items[digest] = Item(entry: entry, digest: digest, file: file, references: [])
    }
    var newest: [String: (created: Int64, digest: SHA256Digest)] = [:]
    for (key, path) in try allReferences() {
      guard let record = try record(at: path), var item = items[record.digest] else { continue }
      let status = try onFiles { () throws(SystemCallError) in try FileSystem.statusIfPresent(of: path) }
      let used = (status?.modificationTime ?? 0) / 1_000_000_000
      item.references.append(path)
      item.entry.references.append(key.description)
      item.entry.lastUsed = max(item.entry.lastUsed, used)
      items[record.digest] = item
      let line = "\(key.name) \(key.platform)"
      if let best = newest[line], best.created >= record.created { continue }
      newest[line] = (record.created, record.digest)
    }
    for (_, digest) in newest.values { items[digest]?.entry.isNewest = true }
    return Array(items.values)
  }

  /// Every reference with its path.
  private func allReferences() throws(ArtifactError) -> [(ManifestKey, FilePath)] {
    var found: [(ManifestKey, FilePath)] = []
    for name in try entries(references).compactMap({ ArtifactName($0) }) {
      for commit in try entries(references.appending(name.text)).compactMap({ Commit($0) }) {
        for platform in try entries(FilePath("\(references)/\(name)/\(commit)")).compactMap({ ArtifactPlatform($0) }) {
          let key = ManifestKey(name: name, commit: commit, platform: platform)
          found.append((key, path(of: key)))
        }
      }
    }
    return found
  }

  /// Segments and drafts that nobody has touched for an hour belong to a dead process.
  private func removeLeftovers(_ summary: inout EvictionSummary) throws(ArtifactError) {
    let limit = wallClockNanoseconds() - 3_600_000_000_000
    for folder in [segments, bundles] {
      for name in try entries(folder) where folder == segments || name.hasPrefix(".") {
        let path = folder.appending(name)
        try onFiles { () throws(SystemCallError) in
          guard let status = try FileSystem.statusIfPresent(of: path), status.modificationTime < limit else { return }
          try FileSystem.removeTree(path)
          summary.freed += status.kind == .file ? status.size : 0
        }
      }
    }
  }
}
