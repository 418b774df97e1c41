public import Artifacts
internal import Digests
internal import SystemSupport

/// Removes old objects of a remote cache, while other machines read and write it.
///
/// Times are those of the storage: it tells when it wrote an object, and what time it is there, so a clock that is wrong
/// on any machine keeps or removes nothing.
///
/// An entry can go at any time: whoever looks for it builds. A large blob goes when no entry refers to it, and only a day
/// after it was written: whoever uploads an entry has written its blobs, or found them fresh, within half a day.
public struct RemoteCollection {
  public struct Summary: Sendable, Hashable {
    public var removedEntries = 0
    public var removedBlobs = 0
    public var removedFiles = 0
    public var removedBytes: Int64 = 0
    public var remainingEntries = 0
    public var remainingBytes: Int64 = 0

    public init() {}
  }

  private let bucket: ObjectBucket
  private let maximumAge: Int64?
  private let maximumBytes: Int64?
  private let isDryRun: Bool
  /// Seconds for which blobs and references stay whatever refers to them.
  private static let grace = 2 * RemoteCache.blobFreshness

  /// - Parameters:
  ///   - maximumAge: seconds since the upload.
  ///   - maximumBytes: the size that is left; the oldest go first.
  ///   - isDryRun: whether nothing is removed.
  public init(_ bucket: ObjectBucket, maximumAge: Int64?, maximumBytes: Int64?, isDryRun: Bool = false) {
    self.bucket = bucket
    self.maximumAge = maximumAge
    self.maximumBytes = maximumBytes
    self.isDryRun = isDryRun
  }

  /// The bucket of an address, with the time limits of a collection.
  ///
  /// - Throws: `ArtifactError` for an address that is none.
  public static func bucket(_ settings: RemoteCacheSettings) throws(ArtifactError) -> ObjectBucket {
    try ObjectBucket(opening: settings.address, relativeTo: settings.base, silence: 30_000, whole: 300_000)
  }

  private typealias Listed = ObjectBucket.Listed

  public func run() throws(ArtifactError) -> Summary {
    if bucket.isReadOnly { throw .readOnly(repository: bucket.location) }
    if bucket.isAbsent { return Summary() }
    let now = try time()
    var summary = Summary()
    // Entries after their blobs are listed: an entry that appears in between keeps its blobs.
    let blobs = try bucket.listing(RemoteLayout.blobs)
    let references = try bucket.listing(RemoteLayout.references)
    let files = try bucket.listing(RemoteLayout.files)
    let entries = try bucket.listing(RemoteLayout.entries)
    var sizes: [Substring: Int64] = [:]
    for blob in blobs { sizes[Self.name(blob)] = blob.size }
    // Which blobs an entry needs, and how many entries need a blob.
    var needs: [Substring: [Substring]] = [:]
    var users: [Substring: Set<Substring>] = [:]
    for reference in references {
      guard let (blob, entry) = Self.parts(reference) else { continue }
      needs[entry, default: []].append(blob)
    }
    for entry in entries {
      for blob in needs[Self.identity(entry)] ?? [] { users[blob, default: []].insert(Self.identity(entry)) }
    }
    var total = (entries + blobs + files).reduce(0) { $0 + $1.size }
    var gone: Set<Substring> = []
    var remaining = 0
    for object in (entries + files).sorted(by: { ($0.modified, $0.key) < ($1.modified, $1.key) }) {
      let isTooOld = maximumAge.map { now - object.modified > $0 } ?? false
      let isTooMuch = maximumBytes.map { total > $0 } ?? false
      let isEntry = object.key.hasPrefix(RemoteLayout.entries)
      guard isTooOld || isTooMuch else {
        if isEntry { remaining += 1 }
        continue
      }
      try remove(object)
      total -= object.size
      summary.removedBytes += object.size
      guard isEntry else {
        summary.removedFiles += 1
        continue
      }
      summary.removedEntries += 1
      let identity = Self.identity(object)
      gone.insert(identity)
      // What nothing needs any longer is gone as well, or as soon as it is old enough.
      for blob in needs[identity] ?? [] {
        users[blob]?.remove(identity)
        if users[blob]?.isEmpty == true { total -= sizes[blob] ?? 0 }
      }
    }
    for blob in blobs where users[Self.name(blob)]?.isEmpty != false {
      guard try isOld(blob, now) else { continue }
      try remove(blob)
      summary.removedBlobs += 1
      summary.removedBytes += blob.size
    }
    let present = Set(entries.map(Self.identity)).subtracting(gone)
    for reference in references {
      guard let (_, entry) = Self.parts(reference), !present.contains(entry), try isOld(reference, now) else {
        continue
      }
      try remove(reference)
    }
    for inputs in try bucket.listing(RemoteLayout.inputs) {
      if let maximumAge, now - inputs.modified > maximumAge { try remove(inputs) }
    }
    for clock in try bucket.listing(RemoteLayout.clocks) where now - clock.modified > Self.grace { try remove(clock) }
    summary.remainingEntries = remaining
    summary.remainingBytes = total
    return summary
  }

  /// Whether an object is old enough, also by now: another machine may have written it again since it was listed.
  private func isOld(_ object: Listed, _ now: Int64) throws(ArtifactError) -> Bool {
    guard now - object.modified > Self.grace else { return false }
    guard let modified = try bucket.modified(object.key) else { return false }
    return now - modified > Self.grace
  }

  private func remove(_ object: Listed) throws(ArtifactError) {
    if !isDryRun { try bucket.remove(object.key) }
  }

  /// What time it is where the objects are.
  private func time() throws(ArtifactError) -> Int64 {
    var generator = SystemRandomNumberGenerator()
    let key = RemoteLayout.clocks + "\(UInt64.random(in: 0 ... .max, using: &generator))"
    try bucket.overwrite(key, [])
    let now = try bucket.modified(key)
    try bucket.remove(key)
    guard let now else {
      throw .server(repository: bucket.location, reason: "it does not tell when objects were written")
    }
    return now
  }

  // MARK: Keys

  /// The last part of a key: the digest of a blob.
  private static func name(_ object: Listed) -> Substring {
    object.key[(object.key.lastIndex(of: "/").map(object.key.index(after:)) ?? object.key.startIndex)...]
  }

  /// `NAMESPACE.KEY` of an entry, as in references.
  private static func identity(_ entry: Listed) -> Substring {
    let parts = entry.key.split(separator: "/")
    return parts.count == 4 ? Substring("\(parts[1]).\(parts[3])") : Substring(entry.key)
  }

  /// The blob and the entry of a reference; nil for an object of another form.
  private static func parts(_ reference: Listed) -> (blob: Substring, entry: Substring)? {
    let parts = reference.key.split(separator: "/")
    return parts.count == 3 ? (parts[1], parts[2]) : nil
  }
}
