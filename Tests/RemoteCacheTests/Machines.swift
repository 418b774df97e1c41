import Artifacts
import ContentStore
import Digests
import Synchronization
import SystemSupport
import Testing

@testable import RemoteCache

/// A team with one cache in a directory: each machine has a store of its own.
final class Team: Sendable {
  let folder: FilePath
  var remote: FilePath { folder.appending("remote") }

  init() throws {
    folder = try FileSystem.canonicalPath(FileSystem.makeTemporaryDirectory(prefix: "remote-cache-test"))
  }

  deinit { try? FileSystem.removeTree(folder) }

  func machine(_ name: String, _ mode: RemoteCacheMode, _ change: (inout RemoteCacheSettings) -> Void = { _ in })
    throws -> Machine
  {
    var settings = RemoteCacheSettings(address: remote.string, base: folder, mode: mode)
    change(&settings)
    return try Machine(settings, store: ContentStore(root: folder.appending(name)))
  }

  /// The keys of all objects.
  func objects(_ prefix: String = "") throws -> [String] {
    guard FileSystem.exists(remote) else { return [] }
    return try ObjectBucket(opening: remote.string).list("").map(\.name).filter { $0.hasPrefix(prefix) }.sorted()
  }

  func path(_ object: String) -> FilePath { FilePath(remote.string + "/" + object) }
}

/// A store with the team's cache, for the time of one command.
final class Machine: Sendable {
  let store: ContentStore
  let cache: RemoteCache
  private let told: Told

  final class Told: Sendable {
    let lines = Mutex<[String]>([])
  }

  var notes: [String] { told.lines.withLock { $0 } }

  init(
    _ settings: RemoteCacheSettings, store: ContentStore,
    clock: @escaping @Sendable () -> Int64 = { wallClockNanoseconds() / 1_000_000_000 }
  ) throws {
    let told = Told()
    self.told = told
    cache = try RemoteCache(settings, store: store, clock: clock) { line in told.lines.withLock { $0.append(line) } }
    var store = store
    store.shared = cache
    self.store = store
  }

  init(
    _ settings: RemoteCacheSettings, store: ContentStore, bucket: ObjectBucket, platform: ArtifactPlatform = .current
  ) throws {
    let told = Told()
    self.told = told
    cache = RemoteCache(
      settings, store: store, platform: platform, bucket: bucket, transfers: bucket,
      clock: { wallClockNanoseconds() / 1_000_000_000 }
    ) { line in told.lines.withLock { $0.append(line) } }
    var store = store
    store.shared = cache
    self.store = store
  }

  /// Makes a record with a value and blobs, and gives it to the team.
  func make(
    _ name: String, value: String = "value", blobs: [[UInt8]] = [], _ change: (inout SharedRecord) -> Void = { _ in }
  ) throws {
    for blob in blobs { try store.put(blob) }
    var record = SharedRecord(
      "test-1", .of(name), value: Array(value.utf8), blobs: blobs.map { .of($0) }, milliseconds: 1500, name: name)
    change(&record)
    try store.setRecord("test-1", .of(name), to: record.value)
    cache.offer(record, from: store)
  }

  /// What is known of a record here, or by the team.
  func find(_ name: String) throws -> String? {
    try store.value("test-1", .of(name)) { String(decoding: $0, as: UTF8.self) }
  }
}
