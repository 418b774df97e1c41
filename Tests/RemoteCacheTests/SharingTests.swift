import Artifacts
import ContentStore
import Digests
import SigningKeys
import Synchronization
import SystemSupport
import Testing

@testable import RemoteCache

@Suite struct SharingTests {
  private static let small: [UInt8] = Array("small".utf8)
  private static let large = [UInt8](repeating: 7, count: Int(RemoteCache.inlineLimit) + 1)

  @Test("A record of one machine is known to another, with its blobs, in one object") func sharing() throws {
    let team = try Team()
    let ci = try team.machine("ci", .write)
    try ci.make("a", blobs: [Self.small])
    ci.cache.finish()
    #expect(try team.objects().count == 1)
    let laptop = try team.machine("laptop", .read)
    #expect(try laptop.find("a") == "value")
    #expect(laptop.store.contains(.of(Self.small)))
    #expect(try laptop.find("b") == nil)
    let counts = try #require(laptop.cache.statistics.kinds["tests"])
    #expect(counts.hits == 1 && counts.misses == 1 && counts.savedMilliseconds == 1500 && counts.downloadedBytes > 0)
    // Now it is known here: nobody else is asked.
    try FileSystem.removeTree(team.remote)
    #expect(try team.machine("laptop", .read).find("a") == "value")
  }

  @Test("A machine that reads uploads nothing, and one that is asked to write does not wait for a reader")
  func reading() throws {
    let team = try Team()
    let laptop = try team.machine("laptop", .read)
    try laptop.make("a", blobs: [Self.small])
    laptop.cache.finish()
    #expect(try team.objects() == [] && laptop.notes == [])
  }

  @Test("A large blob is an object of its own, which is fetched only when something needs it") func large() throws {
    let team = try Team()
    let ci = try team.machine("ci", .write)
    try ci.make("a", blobs: [Self.small, Self.large])
    ci.cache.finish()
    let digest = SHA256Digest.of(Self.large)
    #expect(try team.objects("blobs/").count == 1 && team.objects("refs/\(digest.hex)/").count == 1)
    let lazy = try team.machine("lazy", .read) { $0.fetchesWhenNeeded = true }
    #expect(try lazy.find("a") == "value")
    #expect(!lazy.store.contains(digest) && lazy.store.canRequire(digest))
    try lazy.store.require(digest)
    #expect(lazy.store.contains(digest))
    let eager = try team.machine("eager", .read)
    #expect(try eager.find("a") == "value")
    #expect(eager.store.contains(digest))
  }

  @Test("A large blob that is gone or changed makes its entry a miss, and the next writer replaces it")
  func lostBlob() throws {
    let team = try Team()
    let ci = try team.machine("ci", .write)
    try ci.make("a", blobs: [Self.large])
    ci.cache.finish()
    let object = try #require(try team.objects("blobs/").first)
    try FileSystem.write(Array(Self.large.dropLast()) + [8], to: team.path(object))
    let eager = try team.machine("eager", .read)
    #expect(try eager.find("a") == nil)
    #expect(eager.cache.statistics.total.misses == 1 && eager.cache.statistics.total.hits == 0)
    #expect(eager.notes.count == 1 && eager.notes[0].contains("do not match their digest"))
    let lazy = try team.machine("lazy", .write) { $0.fetchesWhenNeeded = true }
    #expect(try lazy.find("a") == "value")
    #expect(throws: ContentStoreError.missing(.of(Self.large))) { try lazy.store.require(.of(Self.large)) }
    // In the same command it counts as unknown from here on, and is built.
    #expect(lazy.cache.bring("test-1", .of("a"), into: lazy.store) == nil)
    try FileSystem.removeFile(team.path(object))
    try lazy.make("a", blobs: [Self.large])
    lazy.cache.finish()
    #expect(try team.machine("third", .read).find("a") == "value")
  }

  @Test(
    "A poisoned, truncated or older entry is a miss with a note, and the next writer replaces it",
    arguments: [
      "poisoned", "truncated", "older", "empty",
    ])
  func unusable(kind: String) throws {
    let team = try Team()
    let ci = try team.machine("ci", .write)
    try ci.make("a", value: "right", blobs: [Self.small])
    ci.cache.finish()
    let object = try #require(try team.objects("entries/").first)
    var bytes = try FileSystem.read(team.path(object))
    switch kind {
    case "poisoned": bytes[bytes.count - 3] ^= 1
    case "truncated": bytes.removeLast(bytes.count / 2)
    case "older": bytes[6] = UInt8(ascii: "0")
    default: bytes = []
    }
    try FileSystem.write(bytes, to: team.path(object))
    let next = try team.machine("next", .write)
    #expect(try next.find("a") == nil)
    #expect(next.notes.count == 1 && next.notes[0].hasPrefix("note: ignored the remote cache entry entries/test-1/"))
    try next.make("a", value: "right", blobs: [Self.small])
    next.cache.finish()
    #expect(try team.machine("third", .read).find("a") == "right")
  }

  @Test("Entries without a trusted signature are misses where a policy asks for one") func policy() throws {
    let team = try Team()
    let key = PrivateKey.generate()
    let stranger = try team.machine("stranger", .write)
    try stranger.make("a")
    stranger.cache.finish()
    let ci = try team.machine("ci", .write) { settings in
      settings.signer = key
      settings.trustedKeys = [key.publicKey]
    }
    #expect(try ci.find("a") == nil && ci.notes.first?.contains("it is not signed") == true)
    try ci.make("a", value: "signed")
    ci.cache.finish()
    let laptop = try team.machine("laptop", .read) { $0.trustedKeys = [key.publicKey] }
    #expect(try laptop.find("a") == "signed")
  }

  @Test("Machines of another platform do not share results") func platforms() throws {
    let team = try Team()
    let settings = RemoteCacheSettings(address: team.remote.string, base: team.folder, mode: .write)
    func machine(_ name: String, _ platform: String) throws -> Machine {
      try Machine(
        settings, store: ContentStore(root: team.folder.appending(name)),
        bucket: ObjectBucket(opening: team.remote.string), platform: try #require(ArtifactPlatform(platform)))
    }
    let first = try machine("first", "bookworm-x86_64")
    try first.make("a")
    first.cache.finish()
    #expect(try machine("second", "trixie-x86_64").find("a") == nil)
    #expect(try machine("third", "bookworm-aarch64").find("a") == nil)
    #expect(try machine("fourth", "bookworm-x86_64").find("a") == "value")
  }

  @Test("A clock that is wrong by a year changes nothing") func clocks() throws {
    let team = try Team()
    let year: Int64 = 365 * 86_400
    let settings = RemoteCacheSettings(address: team.remote.string, base: team.folder, mode: .write)
    for (name, offset) in [("past", -year), ("future", year)] {
      let machine = try Machine(settings, store: ContentStore(root: team.folder.appending(name))) {
        wallClockNanoseconds() / 1_000_000_000 + offset
      }
      try machine.make(name, blobs: [Self.large])
      machine.cache.finish()
      #expect(machine.notes == [])
    }
    let reader = try team.machine("reader", .read)
    for name in ["past", "future"] { #expect(try reader.find(name) == "value") }
  }

  @Test("The files of a lockfile are shared by digest, and other bytes are refused") func files() throws {
    let team = try Team()
    let wheel: [UInt8] = Array("a wheel".utf8)
    let ci = try team.machine("ci", .write)
    #expect(!ci.cache.supplyFile(.of(wheel), into: ci.store))
    try ci.store.put(wheel)
    ci.cache.offerFile(.of(wheel), from: ci.store)
    ci.cache.finish()
    let laptop = try team.machine("laptop", .read)
    #expect(laptop.cache.supplyFile(.of(wheel), into: laptop.store) && laptop.store.contains(.of(wheel)))
    try FileSystem.write(Array("another".utf8), to: team.path(RemoteLayout.file(.of(wheel))))
    let other = try team.machine("other", .read)
    #expect(!other.cache.supplyFile(.of(wheel), into: other.store) && !other.store.contains(.of(wheel)))
  }

  @Test("A result that is too large for one request is not uploaded") func tooLarge() throws {
    let team = try Team()
    let ci = try team.machine("ci", .write)
    try ci.make("a", value: String(repeating: "x", count: RemoteCache.entryLimit), blobs: [Self.large])
    ci.cache.finish()
    #expect(try team.objects() == [] && ci.notes == [])
  }

  @Test("Statistics add up over commands, and begin again when they are reset") func statistics() throws {
    let team = try Team()
    let ci = try team.machine("ci", .write)
    try ci.make("a")
    try ci.make("b") { $0.withheld = .flaky }
    ci.cache.finish()
    for _ in 0..<2 {
      let laptop = try team.machine("laptop", .read)
      _ = try laptop.find("a")
      laptop.cache.finish()
      laptop.cache.finish()
    }
    let laptop = try #require(RemoteCacheStatistics.read(in: team.folder.appending("laptop")).kinds["tests"])
    #expect(laptop.hits == 1 && laptop.localHits == 1)
    let counts = RemoteCacheStatistics.read(in: team.folder.appending("ci")).total
    #expect(counts.uploads == 1 && counts.withheld == 1 && counts.uploadedBytes > 0)
    try RemoteCacheStatistics.reset(in: team.folder.appending("ci"))
    #expect(RemoteCacheStatistics.read(in: team.folder.appending("ci")).kinds == [:])
  }

  @Test("The inputs of the newest entry explain a miss, without values of the environment") func nearest() throws {
    let team = try Team()
    var inputs = InputList()
    inputs.append("file", "a.py", SHA256Digest.of("1"))
    inputs.append("environment", "TOKEN", "a secret")
    let ci = try team.machine("ci", .write)
    try ci.make("a") { record in
      record.name = "lib:test"
      record.inputs = inputs
    }
    ci.cache.finish()
    var now = InputList()
    now.append("file", "a.py", SHA256Digest.of("2"))
    now.append("environment", "TOKEN", "a secret")
    let laptop = try team.machine("laptop", .read)
    let nearest = try #require(laptop.cache.nearest("test-1", "lib:test"))
    #expect(nearest.time != nil)
    #expect(RemoteCache.changes(now, since: nearest).map(\.input?.name) == ["a.py"])
    #expect(laptop.cache.nearest("test-1", "lib:other") == nil)
    let text = try FileSystem.readText(team.path(try #require(try team.objects("inputs/").first)))
    #expect(!text.contains("secret"))
  }
}
