// RemoteCache: results of other machines, in a bucket, a directory or behind a web server. Nothing that fails here fails
// a build: an object that is missing, late, damaged, foreign or not signed is a miss.

public import Artifacts
public import ContentStore
internal import Diagnostics
public import Digests
internal import Synchronization
public import SystemSupport

/// The team's cache, used by any number of threads for the time of one command.
public final class RemoteCache: SharedRecords {
  struct LookupID: Hashable, Sendable {
    var namespace: String
    var key: SHA256Digest
  }

  /// A lookup that was asked for.
  enum Lookup {
    case waiting
    /// Since a time of the monotonic clock.
    case underWay(UInt64)
    /// The entry is here, its large blobs are on their way.
    case fetching
    case done([UInt8]?)
  }

  /// A large blob: its bytes, and the entry that names it.
  struct Promise {
    var size: Int64
    var entry: LookupID
  }

  /// What the threads share.
  struct State {
    var lookups: [LookupID: Lookup] = [:]
    /// Entries whose objects cannot be used: an upload replaces them.
    var unusable: Set<LookupID> = []
    /// Large blobs of entries that were found.
    var promised: [SHA256Digest: Promise] = [:]
    var absentFiles: Set<SHA256Digest> = []
    var offered: Set<LookupID> = []
    var statistics = RemoteCacheStatistics()
    var pendingUploads = 0
    var failedUploads = 0
    var uploadFailure: String?
    var withheld: [WithheldReason: Int] = [:]
    var isFinished = false
  }

  let settings: RemoteCacheSettings
  let platform: String
  let storeRoot: FilePath
  /// For lookups.
  let bucket: ObjectBucket
  /// For blobs, files and uploads, which may take longer.
  let transfers: ObjectBucket
  let state = Mutex(State())
  let changed = Condition()
  let lookups = WorkQueue<Void>(threads: 24)
  let uploads = WorkQueue<Void>(threads: 4)
  let breaker: Breaker
  let notes: NoteLimit
  /// Seconds since 1970.
  let clock: @Sendable () -> Int64

  /// - Parameters:
  ///   - settings: with another mode than `off`.
  ///   - store: the root of the store whose statistics count.
  ///   - platform: the machines that share results; this machine's platform by default.
  ///   - note: is told what a person should know, a line each.
  /// - Throws: `ArtifactError` for an address that is none.
  public convenience init(
    _ settings: RemoteCacheSettings, store: ContentStore, platform: ArtifactPlatform = .current,
    clock: @escaping @Sendable () -> Int64 = { wallClockNanoseconds() / 1_000_000_000 },
    note: @escaping @Sendable (String) -> Void
  ) throws(ArtifactError) {
    let deadline = settings.lookupDeadline
    self.init(
      settings, store: store, platform: platform,
      bucket: try ObjectBucket(
        opening: settings.address, relativeTo: settings.base, silence: deadline, whole: deadline),
      transfers: try ObjectBucket(
        opening: settings.address, relativeTo: settings.base, silence: max(deadline, 10_000), whole: 60_000),
      clock: clock, note: note)
  }

  init(
    _ settings: RemoteCacheSettings, store: ContentStore, platform: ArtifactPlatform, bucket: ObjectBucket,
    transfers: ObjectBucket, clock: @escaping @Sendable () -> Int64, note: @escaping @Sendable (String) -> Void
  ) {
    self.settings = settings
    self.platform = platform.text
    self.clock = clock
    storeRoot = store.root
    self.bucket = bucket
    self.transfers = transfers
    notes = NoteLimit(note)
    let marker = Self.marker(bucket, store.root)
    breaker = Breaker { reason in
      note("note: continuing without the remote cache \(bucket.location): \(reason)")
      Self.noteUnreachable(marker)
    }
    // A cache that did not answer a moment ago is not asked again: each command would wait for it.
    if Self.isUnreachable(marker) { breaker.open() }
  }

  /// The place, for messages: never with credentials.
  public var location: String { bucket.location }

  /// Whether the cache is asked: it has not failed so far.
  public var answers: Bool { !breaker.isOpen }

  // MARK: Lookups

  public func prefetch(_ namespace: String, _ keys: [SHA256Digest], into store: ContentStore) {
    guard !breaker.isOpen else { return }
    for key in keys { begin(LookupID(namespace: namespace, key: key), store) }
  }

  public func bring(_ namespace: String, _ key: SHA256Digest, into store: ContentStore) -> [UInt8]? {
    let id = LookupID(namespace: namespace, key: key)
    if !breaker.isOpen { begin(id, store) }
    while true {
      let seen = changed.count
      let now = monotonicNanoseconds()
      var end = now + 1_000_000_000
      switch state.withLock({ $0.lookups[id] }) {
      case nil: return nil
      case .done(let value)?: return value
      case .underWay(let start)?:
        // The request has the same deadline; this one is for a disk that does not answer.
        end = start + UInt64(settings.lookupDeadline + 500) * 1_000_000
        if now >= end {
          breaker.fail("it did not answer within \(settings.lookupDeadline) ms")
          complete(id, with: nil)
          continue
        }
      case .waiting?, .fetching?: break
      }
      if breaker.isOpen {
        complete(id, with: nil)
        continue
      }
      changed.wait(after: seen, until: min(end, now + 200_000_000))
    }
  }

  public func noteLocalHit(_ namespace: String) { count(namespace) { $0.localHits += 1 } }

  private func begin(_ id: LookupID, _ store: ContentStore) {
    let isNew = state.withLock { state in
      guard state.lookups[id] == nil else { return false }
      state.lookups[id] = .waiting
      return true
    }
    if isNew { lookups.start(0) { self.look(id, store) } }
  }

  /// Ends a lookup, unless it was given up before, and counts its end before anybody hears of it.
  private func complete(
    _ id: LookupID, with value: [UInt8]?, _ change: (inout RemoteCacheStatistics.Counts) -> Void = { _ in }
  ) {
    let isFirst = state.withLock { state in
      if case .done? = state.lookups[id] { return false }
      state.lookups[id] = .done(value)
      change(&state.statistics.kinds[RemoteCacheStatistics.kind(of: id.namespace), default: .init()])
      return true
    }
    if isFirst { changed.notify() }
  }

  /// One request: an entry with its small blobs, which are in the store afterwards.
  private func look(_ id: LookupID, _ store: ContentStore) {
    guard !breaker.isOpen else {
      complete(id, with: nil)
      return
    }
    let isWanted = state.withLock { state in
      guard case .waiting? = state.lookups[id] else { return false }
      state.lookups[id] = .underWay(monotonicNanoseconds())
      return true
    }
    guard isWanted else { return }
    do {
      guard let (entry, size) = try read(id) else {
        complete(id, with: nil) { $0.misses += 1 }
        return
      }
      for part in entry.parts {
        if let bytes = part.bytes {
          try store.put(bytes)
        } else if !store.contains(part.blob.digest) {
          state.withLock { $0.promised[part.blob.digest] = Promise(size: part.blob.size, entry: id) }
        }
      }
      if !settings.fetchesWhenNeeded, !fetchAll(entry, id, store) {
        complete(id, with: nil) { $0.misses += 1 }
        return
      }
      complete(id, with: entry.value) { counts in
        counts.hits += 1
        counts.downloadedBytes += Int64(size)
        counts.savedMilliseconds += entry.milliseconds
      }
    } catch {
      // A store that takes nothing is met again, and told of, by what is built instead.
      complete(id, with: nil) { $0.misses += 1 }
    }
  }

  /// Fetches the large blobs of an entry. Returns whether all of them are in the store.
  private func fetchAll(_ entry: RemoteEntry, _ id: LookupID, _ store: ContentStore) -> Bool {
    let missing = entry.parts.filter { $0.bytes == nil && !store.contains($0.blob.digest) }
    guard !missing.isEmpty else { return true }
    state.withLock { state in
      if case .underWay? = state.lookups[id] { state.lookups[id] = .fetching }
    }
    return missing.allSatisfy { supply($0.blob.digest, into: store) }
  }

  /// The entry of a lookup with the size of its object; nil when there is none that can be used.
  private func read(_ id: LookupID) throws -> (RemoteEntry, size: Int)? {
    let remoteKey = remoteKey(id)
    let object = RemoteLayout.entry(id.namespace, remoteKey)
    let bytes: [UInt8]?
    do throws(ArtifactError) {
      // A directory that nobody has written to is empty; the first upload creates it.
      bytes = bucket.isAbsent ? nil : try bucket.read(object, limit: RemoteEntry.limit)
      breaker.succeed()
    } catch {
      fail(error)
      return nil
    }
    guard let bytes else { return nil }
    do throws(RemoteEntry.Problem) {
      return (
        try RemoteEntry(parsing: bytes, of: id.namespace, remoteKey, trusted: settings.trustedKeys), bytes.count
      )
    } catch {
      state.withLock { _ = $0.unusable.insert(id) }
      notes.add("note: ignored the remote cache entry \(object): \(error.text)")
      return nil
    }
  }

  func remoteKey(_ id: LookupID) -> SHA256Digest { RemoteLayout.remoteKey(id.namespace, id.key, platform: platform) }

  func count(_ namespace: String, _ change: (inout RemoteCacheStatistics.Counts) -> Void) {
    state.withLock { change(&$0.statistics.kinds[RemoteCacheStatistics.kind(of: namespace), default: .init()]) }
  }

  /// Counts a failure of the storage.
  func fail(_ error: ArtifactError) {
    let isFinal =
      switch error {
      case .denied, .missingBucket, .invalidRepository, .invalidSetting, .readOnly: true
      default: false
      }
    let diagnostic = error.diagnostic
    breaker.fail(([diagnostic.summary] + diagnostic.notes.prefix(1)).joined(separator: ": "), isFinal: isFinal)
  }
}

// MARK: Offline

extension RemoteCache {
  /// How long a cache that did not answer is left alone by later commands.
  private static let pause: Int64 = 30_000_000_000

  private static func marker(_ bucket: ObjectBucket, _ store: FilePath) -> FilePath {
    RemoteCacheStatistics.directory(in: store).appending(
      "unreachable-\(SHA256Digest.of(bucket.location).hex.prefix(16))")
  }

  private static func noteUnreachable(_ marker: FilePath) {
    // Without the note the next command asks again.
    do throws(SystemCallError) {
      try FileSystem.createDirectories(marker.removingLastComponent())
      try FileSystem.write([], to: marker)
    } catch {}
  }

  private static func isUnreachable(_ marker: FilePath) -> Bool {
    // What cannot be looked at says nothing.
    guard let status = try? FileSystem.statusIfPresent(of: marker) else { return false }
    let age = wallClockNanoseconds() - status.modificationTime
    return (0..<pause).contains(age)
  }
}

/// Passes on the first few notes of a run, and counts the others.
final class NoteLimit: Sendable {
  private let note: @Sendable (String) -> Void
  private let count = Mutex(0)
  private static let limit = 3

  init(_ note: @escaping @Sendable (String) -> Void) { self.note = note }

  func add(_ text: String) {
    let position = count.withLock { count in
      count += 1
      return count
    }
    if position <= Self.limit { note(text) }
  }

  /// Says how many were not passed on.
  func finish() {
    let rest = count.withLock { $0 } - Self.limit
    if rest > 0 { note("note: ignored \(rest) more remote cache entries") }
  }

  /// Passes on a note that is always said.
  func say(_ text: String) { note(text) }
}
