import ContentStore
import Digests
import SystemSupport
import Testing

@Suite("Collection, quota and checks")
struct CollectionTests {
  /// Puts blobs of 8 KiB, the first the one that was not used for longest, from another store object: that of another
  /// process.
  private func fill(_ scratch: ContentStoreTests.Scratch, count: Int) throws -> [SHA256Digest] {
    let other = ContentStore(root: scratch.store.root)
    let hour: Int64 = 3_600_000_000_000
    return try (0..<count).map { index in
      let digest = try other.put([UInt8](repeating: UInt8(index), count: 8192))
      try FileSystem.setModificationTime(
        wallClockNanoseconds() - Int64(count - index + 2) * hour, of: other.path(of: digest))
      return digest
    }
  }

  @Test("The least recently used entries go, until nine tenths of the quota are left")
  func leastRecentlyUsed() throws {
    let scratch = try ContentStoreTests.Scratch()
    let digests = try fill(scratch, count: 10)
    let store = ContentStore(root: scratch.store.root)
    #expect(try store.collect(quota: 100 << 10)?.removedBlobs == 0)
    let summary = try #require(try store.collect(quota: 60 << 10))
    #expect(summary.removedBlobs == 4)
    #expect(summary.remainingBytes == 48 << 10)
    let left = digests.map { FileSystem.exists(store.path(of: $0)) }
    #expect(left == Array(repeating: false, count: 4) + Array(repeating: true, count: 6))
  }

  @Test("A read entry counts as used")
  func use() throws {
    let scratch = try ContentStoreTests.Scratch()
    let digests = try fill(scratch, count: 3)
    // By a process that is over then.
    do { _ = try ContentStore(root: scratch.store.root).open(digests[0]) }
    #expect(try ContentStore(root: scratch.store.root).collect(quota: 10 << 10)?.removedBlobs == 2)
    #expect(FileSystem.exists(scratch.store.path(of: digests[0])))
  }

  @Test("An entry that a process has found or stored stays until the process ends")
  func leases() throws {
    let scratch = try ContentStoreTests.Scratch()
    let digests = try fill(scratch, count: 4)
    let collector = ContentStore(root: scratch.store.root)
    do {
      let user = ContentStore(root: scratch.store.root)
      #expect(user.contains(digests[1]))
      let own = try user.put(Array("own".utf8))
      let summary = try #require(try collector.collect(quota: 0))
      #expect(summary.removedBlobs == 3)
      #expect(summary.keptInUse == 2)
      #expect(user.contains(digests[1]) && user.contains(own))
    }
    #expect(try collector.collect(quota: 0)?.removedBlobs == 2)
    #expect(try collector.usage().blobs.count == 0)
  }

  @Test("A killed process keeps no lease, and its incomplete files are removed")
  func killed() throws {
    let scratch = try ContentStoreTests.Scratch()
    let root = scratch.store.root
    let kept = try scratch.store.put(Array("kept".utf8))
    // A writer of another process, killed in the middle: a file without a holder.
    let leftover = root.appending("incoming/.blob.1.x.y.tmp")
    try FileSystem.write(text: "half", to: leftover)
    try FileSystem.setModificationTime(wallClockNanoseconds() - 120_000_000_000, of: leftover)
    // One that is being written, for as long.
    let writer = try ContentWriter(scratch.store)
    try writer.write(Array("being ".utf8))
    let being = try #require(try FileSystem.list(root.appending("incoming")).first { !$0.name.contains(".1.x.y.") })
    try FileSystem.setModificationTime(
      wallClockNanoseconds() - 120_000_000_000, of: root.appending("incoming").appending(being.name))
    let summary = try #require(try ContentStore(root: root).collect(quota: 1 << 30))
    #expect(summary.removedLeftovers == 1)
    #expect(!FileSystem.exists(leftover))
    try writer.write(Array("written".utf8))
    #expect(try writer.finish() == SHA256Digest.of("being written"))
    #expect(scratch.store.contains(kept))
  }

  @Test("Damage in blobs and records is found, removed, and repaired by storing again")
  func verification() throws {
    let scratch = try ContentStoreTests.Scratch()
    let store = scratch.store
    let good = try store.put(Array("good".utf8))
    let bad = try store.put(Array("bad".utf8))
    try store.setRecord("kind-1", good, to: [1, 2, 3])
    try store.setRecord("kind-1", bad, to: [4, 5, 6])
    try FileSystem.write(text: "BAD", to: store.path(of: bad))
    let record = store.root.appending("records/kind-1/\(bad.hex.prefix(2))/\(bad.hex)")
    try FileSystem.write(Array(try FileSystem.read(record).dropLast()), to: record)
    let summary = try store.verifyAll()
    #expect(summary.checkedBlobs == 2 && summary.checkedRecords == 2)
    #expect(Set(summary.removed) == [store.path(of: bad), record])
    #expect(try store.put(Array("bad".utf8)) == bad)
    #expect(try store.verifyAll().removed.isEmpty)
    #expect(try store.record("kind-1", good) == [1, 2, 3])
  }

  @Test("The configured share of reads is verified: all or none")
  func sampling() throws {
    let scratch = try ContentStoreTests.Scratch()
    let digest = try scratch.store.put(Array("bytes".utf8))
    try FileSystem.write(text: "BYTES", to: scratch.store.path(of: digest))
    #expect(try ContentStore(root: scratch.store.root, verifiedShare: 0).open(digest) != nil)
    #expect(try ContentStore(root: scratch.store.root, verifiedShare: 1).open(digest) == nil)
    #expect(!FileSystem.exists(scratch.store.path(of: digest)))
  }

  @Test("The quota comes from the variable, the workspace, the default")
  func quotas() throws {
    #expect(try ContentStore.quota { _ in nil } == 20 << 30)
    #expect(try ContentStore.quota(configured: "5GB") { _ in nil } == 5 << 30)
    #expect(try ContentStore.quota(configured: "5GB") { _ in "1.5 GB" } == 3 << 29)
    #expect(throws: ContentStoreError.invalidQuota("much")) { try ContentStore.quota { _ in "much" } }
  }

  @Test("Collection is due once a day, and when new entries can exceed the quota")
  func due() throws {
    let scratch = try ContentStoreTests.Scratch()
    try scratch.store.put([UInt8](repeating: 1, count: 8192))
    #expect(try scratch.store.collectIfDue(quota: 1 << 20) != nil)
    #expect(try scratch.store.collectIfDue(quota: 1 << 20) == nil)
    #expect(try scratch.store.collectIfDue(quota: 10 << 10) != nil)
    try FileSystem.write(
      text: "\(wallClockNanoseconds() - 90_000_000_000_000) 0\n", to: scratch.store.root.appending("gc.state"))
    #expect(try scratch.store.collectIfDue(quota: 1 << 20) != nil)
  }
}
