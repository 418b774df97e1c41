import Digests
import JSON
import Synchronization
import SystemSupport

/// The manifests and blobs that a collection keeps.
public struct RetentionRules: Sendable {
  /// Commits that stay at any age: those that branches, tags and jobs name.
  public var commits: Set<String>
  /// The number of newest commits that stay, of each artifact and platform.
  public var newest: Int
  /// Manifests that are younger stay, in seconds.
  public var age: Int64
  /// Seconds between marking and removing. No publication can take longer.
  public var grace: Int64

  public init(commits: Set<String> = [], newest: Int = 10, age: Int64 = 30 * 86_400, grace: Int64 = 86_400) {
    self.commits = commits
    self.newest = newest
    self.age = age
    self.grace = grace
  }
}

/// The result of a collection, or of its dry run.
public struct CollectionSummary: Sendable, Hashable {
  /// Manifests that nothing keeps, and blobs that no manifest names.
  public var unneededManifests: [String] = []
  public var unneededBlobs: [String] = []
  public var unneededBytes: Int64 = 0
  /// Objects that are marked now: the next collection removes them, after the grace period.
  public var marked = 0
  public var removed = 0
  public var removedBytes: Int64 = 0
  public var abandonedUploads = 0
  public var keptManifests = 0
  /// When the mark can be swept, in seconds since 1970; nil without a mark.
  public var sweepableFrom: Int64?
}

/// The candidates of a collection, as they are stored between its two phases.
struct CollectionMark: Sendable, Hashable {
  /// Seconds since 1970.
  var time: Int64
  var keys: Set<String>

  var bytes: [UInt8] {
    JSONValue.members([
      "format": 1, "time": .int(time), "keys": .strings(keys.sorted()),
    ]).bytes(.compact)
  }

  init(time: Int64, keys: Set<String>) {
    self.time = time
    self.keys = keys
  }

  init(parsing bytes: [UInt8]) throws(ManifestFault) {
    let value: JSONValue
    do throws(JSONError) { value = try JSONValue(parsing: bytes) } catch { throw ManifestFault("\(error)") }
    guard value["format"]?.int == 1, let time = value["time"]?.int, let keys = value["keys"]?.strings else {
      throw ManifestFault("it is not the mark of a collection")
    }
    self.init(time: time, keys: Set(keys))
  }
}

extension Repository {
  /// Removes unneeded objects, in two phases with a grace period between them.
  ///
  /// The first call marks: it stores which manifests and blobs nothing keeps. A later call, after the grace period,
  /// removes those that were marked and that still nothing keeps. Publishers read the mark: they upload marked blobs
  /// again, and check them once their manifest is stored. The next call marks blobs of a removed manifest, so that
  /// fetches in progress can end.
  ///
  /// - Parameters:
  ///   - applies: false only reports the effect, and changes nothing.
  ///   - now: seconds since 1970.
  public func collect(
    _ rules: RetentionRules, applies: Bool, now: Int64
  ) throws(ArtifactError) -> CollectionSummary {
    if storage.isReadOnly { throw .readOnly(repository: location) }
    var summary = CollectionSummary()
    let (mark, version) = try collectionMark()
    // Blobs first: one that a manifest uses which is stored between both listings is then not seen at all.
    let blobs = try storage.list(RepositoryLayout.blobs, recursive: true)
    let unneeded = try unneededManifests(rules, now: now, &summary)
    let used = try usedBlobs()
    var candidates: [String: Int64] = [:]
    for (key, size) in unneeded { candidates[key] = size }
    summary.unneededManifests = unneeded.keys.sorted()
    for entry in blobs {
      let key = RepositoryLayout.blobs + entry.name
      guard let hex = entry.name.split(separator: "/").last, let digest = SHA256Digest(hex: hex),
        !used.contains(digest), (entry.modified ?? .max) / 1_000_000_000 < now - rules.grace
      else { continue }
      candidates[key] = entry.size ?? 0
      summary.unneededBlobs.append(key)
    }
    summary.unneededBytes = candidates.values.reduce(0, +)
    summary.sweepableFrom = mark.map { $0.time + rules.grace }
    guard applies else { return summary }

    if let mark, now < mark.time + rules.grace { return summary }
    if let mark {
      let doomed = candidates.filter { mark.keys.contains($0.key) }
      try sweep(doomed, markedAt: mark.time, &summary)
      for key in doomed.keys { candidates[key] = nil }
    }
    summary.abandonedUploads = try storage.abandonUploads(before: now - rules.grace)
    let next = CollectionMark(time: now, keys: Set(candidates.keys))
    // Two collections at once: the other one's mark counts.
    if try storage.replace(RepositoryLayout.collection, next.bytes, expecting: version) {
      summary.marked = next.keys.count
      summary.sweepableFrom = now + rules.grace
    }
    return summary
  }

  func collectionMark() throws(ArtifactError) -> (mark: CollectionMark?, version: ObjectVersion?) {
    guard let (bytes, version) = try storage.readVersioned(RepositoryLayout.collection, limit: 256 << 20) else {
      return (nil, nil)
    }
    do throws(ManifestFault) {
      return (try CollectionMark(parsing: bytes), version)
    } catch {
      throw .badManifest(RepositoryLayout.collection, reason: error.reason, repository: location)
    }
  }

  private func sweep(
    _ doomed: [String: Int64], markedAt time: Int64, _ summary: inout CollectionSummary
  ) throws(ArtifactError) {
    let removed = Mutex((count: 0, bytes: Int64(0)))
    // Manifests first: nobody must find a manifest whose blobs are gone.
    for isManifest in [true, false] {
      let keys = doomed.filter { $0.key.hasPrefix(RepositoryLayout.artifacts) == isManifest }.sorted { $0.key < $1.key }
      try forEachInParallel(keys, threads: Self.transfers) { (key, size) throws(ArtifactError) in
        // One that was uploaded again after the mark is wanted again.
        if !isManifest, let modified = try storage.modified(key), modified >= time { return }
        try storage.remove(key)
        removed.withLock { $0 = ($0.count + 1, $0.bytes + size) }
      }
    }
    removed.withLock {
      summary.removed = $0.count
      summary.removedBytes = $0.bytes
    }
    try requireUnused(doomed)
  }

  /// The last look: a manifest that was stored during the sweep names none of the removed blobs.
  private func requireUnused(_ doomed: [String: Int64]) throws(ArtifactError) {
    let used = try usedBlobs()
    for key in doomed.keys.sorted() {
      guard let digest = key.split(separator: "/").last.flatMap({ SHA256Digest(hex: $0) }), used.contains(digest),
        try storage.size(of: key) == nil
      else { continue }
      throw .missingBlob(digest: digest.hex, segment: "a segment published during the collection", repository: location)
    }
  }

  // MARK: What is needed

  private typealias Stored = (key: ManifestKey, path: String, time: Int64, size: Int64)

  private func stored() throws(ArtifactError) -> [Stored] {
    var found: [Stored] = []
    for entry in try storage.list(RepositoryLayout.artifacts, recursive: true) {
      let parts = entry.name.split(separator: "/", maxSplits: 1)
      guard parts.count == 2, let name = ArtifactName(parts[0]),
        let (commit, platform) = RepositoryLayout.parse(commitEntry: String(parts[1]))
      else { continue }
      let key = ManifestKey(name: name, commit: commit, platform: platform)
      found.append(
        (key, RepositoryLayout.artifacts + entry.name, (entry.modified ?? 0) / 1_000_000_000, entry.size ?? 0))
    }
    return found
  }

  /// The manifests that no rule keeps, with the signatures beside them, and their sizes.
  private func unneededManifests(
    _ rules: RetentionRules, now: Int64, _ summary: inout CollectionSummary
  ) throws(ArtifactError) -> [String: Int64] {
    let all = try stored()
    var kept = Set<ManifestKey>()
    var lines: [String: [Stored]] = [:]
    for item in all { lines["\(item.key.name) \(item.key.platform)", default: []].append(item) }
    for line in lines.values {
      let sorted = line.sorted { ($0.time, $0.key.commit.text) > ($1.time, $1.key.commit.text) }
      for (index, item) in sorted.enumerated() {
        let isKept =
          index < rules.newest || item.time > now - rules.age || rules.commits.contains(item.key.commit.text)
        if isKept { kept.insert(item.key) }
      }
    }
    for branch in try branches() {
      for platform in Set(all.map(\.key.platform)) {
        for (name, entry) in try branchIndex(branch, platform: platform)?.entries ?? [:] {
          for commit in [entry.commit] + entry.packed.map(\.commit) {
            kept.insert(ManifestKey(name: name, commit: commit, platform: platform))
          }
        }
      }
    }
    // The origins of kept manifests have their segments, and are needed as well.
    let entries = try storage.list(RepositoryLayout.artifacts, recursive: true)
    kept.formUnion(try origins(of: all.filter { kept.contains($0.key) }, entries))
    summary.keptManifests = all.count { kept.contains($0.key) }
    var unneeded: [String: Int64] = [:]
    for item in all where !kept.contains(item.key) { unneeded[item.path] = item.size }
    if unneeded.isEmpty { return [:] }
    var doomed: [Substring: [Stored]] = [:]
    for item in all where !kept.contains(item.key) { doomed[Self.folder(of: item.path), default: []].append(item) }
    for entry in entries {
      let path = RepositoryLayout.artifacts + entry.name
      let folder = Self.folder(of: path)
      for item in doomed[folder] ?? []
      where RepositoryLayout.isCompanion(path.dropFirst(folder.utf8.count), of: item.key.platform.text) {
        unneeded[path] = entry.size ?? 0
      }
    }
    return unneeded
  }

  private static func folder(of path: String) -> Substring {
    path.prefix(upTo: path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)
  }

  /// The origins that manifests name, and later manifests of the same commits.
  private func origins(of items: [Stored], _ entries: [ObjectEntry]) throws(ArtifactError) -> [ManifestKey] {
    var later: [Substring: [String]] = [:]
    for entry in entries where entry.name.hasSuffix(".on-main") || entry.name.hasSuffix(".on-branch") {
      let path = RepositoryLayout.artifacts + entry.name
      later[Self.folder(of: path), default: []].append(path)
    }
    let beside = later
    let found = Mutex<[ManifestKey]>([])
    try forEachInParallel(items, threads: Self.transfers) { (item) throws(ArtifactError) in
      var commits = [try record(item.key)?.manifest.origin]
      let folder = Self.folder(of: item.path)
      for path in beside[folder] ?? []
      where RepositoryLayout.isCompanion(path.dropFirst(folder.utf8.count), of: item.key.platform.text) {
        guard let bytes = try storage.read(path, limit: ManifestLimits.file) else { continue }
        do throws(ManifestFault) {
          commits.append(try ManifestRecord(parsing: bytes, for: item.key, path: path).manifest.origin)
        } catch {
          throw .badManifest(path, reason: error.reason, repository: location)
        }
      }
      let keys = commits.compactMap { commit in
        commit.map { ManifestKey(name: item.key.name, commit: $0, platform: item.key.platform) }
      }
      found.withLock { $0 += keys }
    }
    return found.withLock { $0 }
  }

  /// The blobs that any manifest or release names, even one that nothing keeps.
  private func usedBlobs() throws(ArtifactError) -> Set<SHA256Digest> {
    let used = Mutex<Set<SHA256Digest>>([])
    try forEachInParallel(try stored(), threads: Self.transfers) { (item) throws(ArtifactError) in
      // One that another collection has just removed.
      guard let manifest = try record(item.key)?.manifest else { return }
      used.withLock {
        $0.formUnion(manifest.segments.map(\.digest))
        if let sbom = manifest.sbom { $0.insert(sbom.digest) }
      }
    }
    for (name, version) in try releases() {
      // One that somebody removed since it was listed.
      guard let release = try release(name, version) else { continue }
      used.withLock { $0.formUnion(release.files.map(\.digest)) }
    }
    return used.withLock { $0 }
  }
}
