import Digests
import Synchronization
import SystemSupport
import Testing

@testable import ContentStore

@Suite("The content store")
struct ContentStoreTests {
  /// A store in a new directory, gone with the value.
  final class Scratch {
    let path: FilePath
    let store: ContentStore

    init() throws {
      path = try FileSystem.makeTemporaryDirectory(prefix: "store-test")
      store = ContentStore(root: path.appending("store"))
    }

    deinit { try? FileSystem.removeTree(path) }
  }

  @Test("A blob is found by its digest, read-only, and no other file is left")
  func put() throws {
    let scratch = try Scratch()
    let bytes = Array("hello".utf8)
    let digest = try scratch.store.put(bytes)
    #expect(digest.hex == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")
    #expect(scratch.store.path(of: digest) == scratch.path.appending("store/blobs/sha256/2c/\(digest.hex)"))
    #expect(try FileSystem.status(of: scratch.store.path(of: digest)).permissions == 0o444)
    let file = try #require(try scratch.store.open(digest))
    #expect(Array(file.bytes) == bytes)
    #expect(try FileSystem.list(scratch.path.appending("store/incoming")).isEmpty)
    #expect(try scratch.store.put(bytes) == digest)
  }

  @Test("A missing blob is nil, not an error")
  func missing() throws {
    let scratch = try Scratch()
    let digest = SHA256Digest.of("never put")
    #expect(try scratch.store.open(digest) == nil)
    #expect(!scratch.store.contains(digest))
    try scratch.store.verify(digest)
  }

  @Test("A file is copied in, and refused if its digest differs from the expected one")
  func file() throws {
    let scratch = try Scratch()
    let source = scratch.path.appending("source")
    let bytes = [UInt8](repeating: 7, count: 1_000_000)
    try FileSystem.write(bytes, to: source)
    #expect(try scratch.store.put(file: source) == SHA256Digest.of(bytes))
    let other = SHA256Digest.of("other")
    #expect(throws: ContentStoreError.wrongDigest(expected: other, found: SHA256Digest.of(bytes))) {
      try scratch.store.put(file: source, expecting: other)
    }
    #expect(!scratch.store.contains(other))
    #expect(try FileSystem.list(scratch.path.appending("store/incoming")).isEmpty)
  }

  @Test("A blob that a power cut has cut short is noticed at its first use after the machine has started")
  func powerCut() throws {
    let scratch = try Scratch()
    for uses in [
      { (store: ContentStore, digest: SHA256Digest) in store.contains(digest) },
      { (store: ContentStore, digest: SHA256Digest) in try store.open(digest) != nil },
      { (store: ContentStore, digest: SHA256Digest) in
        try FileSystem.exists(store.path(of: store.put(Array("hello".utf8))))
      },
    ] {
      var store = ContentStore(root: scratch.store.root, verifiedShare: 0)
      let digest = try store.put(Array("hello".utf8))
      let path = store.path(of: digest)
      for kept in ["", "hel", "hello"] {
        try FileSystem.write(Array(kept.utf8), to: path)
        // Written before the last start of this machine: what is noticed is gone, or put again.
        store.bootTime = wallClockNanoseconds() + 30_000_000_000
        let isThere = try uses(store, digest)
        let found = FileSystem.exists(path) ? try FileSystem.read(path) : nil
        #expect(isThere == (found != nil) && (found ?? Array("hello".utf8)) == Array("hello".utf8), "\(kept)")
        if !FileSystem.exists(path) { try store.put(Array("hello".utf8)) }
      }
      // Once it was looked at, its time says so, and it is not hashed again.
      try FileSystem.touch(path)
      store.bootTime = try FileSystem.status(of: path).changeTime - 1
      try FileSystem.write(Array("hellO".utf8), to: path)
      #expect(store.contains(digest), "a file that was changed after the start is not hashed by looking it up")
      try FileSystem.removeFile(path)
    }
  }

  @Test("A blob from before the last boot is hashed once, and then trusted")
  func verifiedOnce() throws {
    let scratch = try Scratch()
    var store = ContentStore(root: scratch.store.root, verifiedShare: 0)
    let digest = try store.put(Array("hello".utf8))
    let before = try FileSystem.status(of: store.path(of: digest)).changeTime
    store.bootTime = before + 1
    #expect(store.contains(digest))
    #expect(try FileSystem.status(of: store.path(of: digest)).changeTime > before)
    #expect(!store.predatesBoot(try FileSystem.status(of: store.path(of: digest))))
  }

  @Test("A damaged blob is found by verification and removed")
  func damage() throws {
    let scratch = try Scratch()
    let digest = try scratch.store.put(Array("hello".utf8))
    let path = scratch.store.path(of: digest)
    try scratch.store.verify(digest)
    try FileSystem.write(Array("hellO".utf8), to: path)
    #expect(throws: ContentStoreError.damaged(path, expected: digest)) { try scratch.store.verify(digest) }
    #expect(!scratch.store.contains(digest))
  }

  @Test("Concurrent writers of the same bytes all succeed, and the blob is whole")
  func concurrent() throws {
    let scratch = try Scratch()
    let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0) }
    let store = scratch.store
    let digests = Mutex<[SHA256Digest]>([])
    performInParallel(count: 8, threads: 8) { _ in
      do {
        let writer = try ContentWriter(store)
        try writer.write(bytes)
        let digest = try writer.finish()
        digests.withLock { $0.append(digest) }
      } catch {
        Issue.record(error)
      }
    }
    #expect(digests.withLock { $0 } == Array(repeating: SHA256Digest.of(bytes), count: 8))
    try store.verify(SHA256Digest.of(bytes))
    #expect(try FileSystem.list(store.root.appending("incoming")).isEmpty)
  }

  @Test("Records are kept by namespace and key, and can be replaced")
  func records() throws {
    let scratch = try Scratch()
    let key = SHA256Digest.of("key")
    #expect(try scratch.store.record("a-1", key) == nil)
    try scratch.store.setRecord("a-1", key, to: [1, 2, 3])
    try scratch.store.setRecord("b-1", key, to: [])
    #expect(try scratch.store.record("a-1", key) == [1, 2, 3])
    #expect(try scratch.store.record("b-1", key) == [])
    try scratch.store.setRecord("a-1", key, to: [4])
    #expect(try scratch.store.record("a-1", key) == [4])
  }

  @Test("A half-written record counts as absent")
  func tornRecord() throws {
    let scratch = try Scratch()
    let key = SHA256Digest.of("key")
    try scratch.store.setRecord("a-1", key, to: [1, 2, 3])
    let path = scratch.store.root.appending("records/a-1/\(key.hex.prefix(2))/\(key.hex)")
    let whole = try FileSystem.read(path)
    for count in 0..<whole.count {
      try FileSystem.write(Array(whole[..<count]), to: path)
      #expect(try scratch.store.record("a-1", key) == nil)
    }
  }

  @Test("The default root follows KILT_CACHE_DIR, XDG_CACHE_HOME and HOME, in this order")
  func defaultRoot() throws {
    var environment = ["KILT_CACHE_DIR": "/k", "XDG_CACHE_HOME": "/x", "HOME": "/h"]
    #expect(try ContentStore.defaultRoot { environment[$0] } == "/k")
    environment["KILT_CACHE_DIR"] = nil
    #expect(try ContentStore.defaultRoot { environment[$0] } == "/x/kilt")
    environment["XDG_CACHE_HOME"] = "relative"
    #expect(try ContentStore.defaultRoot { environment[$0] } == "/h/.cache/kilt")
    environment["HOME"] = nil
    #expect(throws: ContentStoreError.noCacheDirectory) { try ContentStore.defaultRoot { environment[$0] } }
  }
}
