import ContentStore
import Digests
import Synchronization
import SystemSupport
import Testing

@testable import Artifacts
@testable import RemoteCache

/// A directory whose requests fail, or bring other bytes, as a seed has it.
private struct FaultyStorage: ObjectStorage {
  final class Dice: Sendable {
    private let state: Mutex<UInt64>
    init(_ seed: UInt64) { state = Mutex(seed &* 0x9E37_79B9_7F4A_7C15 | 1) }

    /// A number below `limit` (xorshift64*).
    func roll(_ limit: UInt64) -> UInt64 {
      state.withLock { state in
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return (state &* 0x2545_F491_4F6C_DD1D) >> 33
      } % limit
    }
  }

  let base: DirectoryStorage
  let dice: Dice
  /// One request in so many goes wrong.
  let rarity: UInt64

  var location: String { base.location }
  var isReadOnly: Bool { false }
  var isAbsent: Bool { base.isAbsent }

  private func mayFail() throws(ArtifactError) {
    guard dice.roll(rarity) == 0 else { return }
    switch dice.roll(3) {
    case 0: throw .unreachable(repository: location, cause: "the seed said so")
    case 1: throw .server(repository: location, reason: "status 503")
    default: throw .file(SystemCallError("read", nil, .ioError))
    }
  }

  private func changed(_ bytes: [UInt8]) -> [UInt8] {
    guard dice.roll(rarity) == 0, !bytes.isEmpty else { return bytes }
    var bytes = bytes
    let place = Int(dice.roll(UInt64(bytes.count)))
    switch dice.roll(3) {
    case 0: bytes[place] ^= UInt8(1 + dice.roll(255))
    case 1: bytes.removeLast(bytes.count - place)
    default: bytes += bytes.prefix(place + 1)
    }
    return bytes
  }

  func prepareForWriting() throws(ArtifactError) { try base.prepareForWriting() }
  func size(of key: String) throws(ArtifactError) -> Int64? { try base.size(of: key) }

  func read(_ key: String, limit: Int) throws(ArtifactError) -> [UInt8]? {
    try mayFail()
    if dice.roll(rarity) == 0 { return nil }
    return try base.read(key, limit: limit).map(changed)
  }

  func download(_ key: String, limit: Int64, receive: BytesReceiver) throws(ArtifactError) -> Bool {
    try mayFail()
    guard let bytes = try base.read(key, limit: Int(limit)).map(changed) else { return false }
    let outcome: Result<Void, ArtifactError> = bytes.withUnsafeBytes { buffer in
      do throws(ArtifactError) { return .success(try receive(buffer)) } catch { return .failure(error) }
    }
    try outcome.get()
    return true
  }

  func download(_ key: String, range: Range<Int64>, receive: BytesReceiver) throws(ArtifactError) -> Bool {
    try base.download(key, range: range, receive: receive)
  }

  func upload(_ piece: FilePiece, digest: SHA256Digest, to key: String) throws(ArtifactError) {
    try mayFail()
    try base.upload(piece, digest: digest, to: key)
  }

  func create(_ key: String, _ bytes: [UInt8]) throws(ArtifactError) -> Bool {
    try mayFail()
    // Also one that another program has written half of.
    return try base.create(key, changed(bytes))
  }

  func overwrite(_ key: String, _ bytes: [UInt8]) throws(ArtifactError) {
    try mayFail()
    try base.overwrite(key, changed(bytes))
  }

  func readVersioned(_ key: String, limit: Int) throws(ArtifactError) -> (bytes: [UInt8], version: ObjectVersion)? {
    try base.readVersioned(key, limit: limit)
  }

  func replace(_ key: String, _ bytes: [UInt8], expecting version: ObjectVersion?) throws(ArtifactError) -> Bool {
    try base.replace(key, bytes, expecting: version)
  }

  func modified(_ key: String) throws(ArtifactError) -> Int64? {
    try mayFail()
    return try base.modified(key)
  }

  func remove(_ key: String) throws(ArtifactError) { try base.remove(key) }

  func list(_ prefix: String, recursive: Bool) throws(ArtifactError) -> [ObjectEntry] {
    try base.list(prefix, recursive: recursive)
  }
}

@Suite struct FaultTests {
  /// `KILT_FAULT_RUNS`: how many seeds; `scripts/check-remote-cache` takes 1,000.
  private static let runs = environmentVariable("KILT_FAULT_RUNS").flatMap { UInt64($0) } ?? 10

  @Test("Whatever goes wrong with requests, a result is right or unknown") func faults() throws {
    for seed in 1...Self.runs { try run(seed) }
  }

  private func run(_ seed: UInt64) throws {
    let team = try Team()
    let dice = FaultyStorage.Dice(seed)
    let storage = FaultyStorage(
      base: DirectoryStorage(root: team.remote, isSynced: false), dice: dice, rarity: 2 + dice.roll(12))
    let bucket = ObjectBucket(storage)
    func machine(_ name: String, lazy: Bool) throws -> Machine {
      var settings = RemoteCacheSettings(address: team.remote.string, base: team.folder, mode: .write)
      settings.fetchesWhenNeeded = lazy
      return try Machine(settings, store: ContentStore(root: team.folder.appending(name)), bucket: bucket)
    }
    let names = (0..<4).map { "record\($0)" }
    let large = [UInt8](repeating: UInt8(truncatingIfNeeded: seed), count: Int(RemoteCache.inlineLimit) + 8)
    for turn in 0..<3 {
      let builder = try machine("\(seed)-\(turn)", lazy: turn == 1)
      for name in names {
        let small = Array("small of \(name)".utf8)
        if let value = try builder.find(name) {
          #expect(value == "value of \(name)", "seed \(seed)")
          for digest in [SHA256Digest.of(small), .of(large)] {
            // A promise can be broken; a file that is there is the right one.
            do throws(ContentStoreError) { try builder.store.require(digest) } catch {
              #expect(error == .missing(digest) && turn == 1, "seed \(seed): \(error)")
              continue
            }
            #expect(try SHA256Digest.ofFile(builder.store.path(of: digest)).digest == digest, "seed \(seed)")
          }
        } else {
          try builder.make(name, value: "value of \(name)", blobs: [small, large])
        }
      }
      builder.cache.finish()
      #expect(builder.notes.count <= 8, "seed \(seed): \(builder.notes)")
    }
  }

  @Test("A cache that refuses connections is left alone with one note, also by the next command") func refused() throws
  {
    let team = try Team()
    func laptop() throws -> Machine {
      let settings = RemoteCacheSettings(address: "http://127.0.0.1:9/cache", base: team.folder, mode: .read)
      return try Machine(settings, store: ContentStore(root: team.folder.appending("laptop")))
    }
    let first = try laptop()
    for name in 0..<50 { #expect(try first.find("\(name)") == nil) }
    #expect(first.notes.count == 1 && first.notes[0].hasPrefix("note: continuing without the remote cache"))
    #expect(!first.cache.answers)
    let second = try laptop()
    #expect(try second.find("a") == nil)
    #expect(second.notes == [] && !second.cache.answers)
  }

  @Test("One request that fails is enough to leave a cache alone in the next command") func single() throws {
    let team = try Team()
    func laptop() throws -> Machine {
      let settings = RemoteCacheSettings(address: "http://127.0.0.1:9/cache", base: team.folder, mode: .read)
      return try Machine(settings, store: ContentStore(root: team.folder.appending("laptop")))
    }
    let first = try laptop()
    #expect(try first.find("a") == nil && first.cache.answers && first.notes == [])
    first.cache.finish()
    #expect(first.notes.count == 1)
    #expect(try !laptop().cache.answers)
  }

  @Test("A server that accepts and never answers is given up at the deadline of a lookup") func silent() throws {
    let team = try Team()
    let server = try SilentServer()
    let settings = RemoteCacheSettings(address: "http://127.0.0.1:\(server.port)/cache", base: team.folder, mode: .read)
    var short = settings
    short.lookupDeadline = 200
    let laptop = try Machine(short, store: ContentStore(root: team.folder.appending("laptop")))
    laptop.cache.prefetch("test-1", (0..<40).map { .of("\($0)") }, into: laptop.store)
    for name in 0..<40 { #expect(try laptop.find("\(name)") == nil) }
    #expect(laptop.notes.count == 1 && !laptop.cache.answers)
  }

  @Test("A bucket that refuses uploads costs one note, and the build goes on") func refusedUploads() throws {
    let team = try Team()
    // A file is where the directory should be.
    try FileSystem.write(text: "", to: team.remote)
    let ci = try team.machine("ci", .write)
    for name in 0..<10 { try ci.make("\(name)") }
    ci.cache.finish()
    #expect(ci.notes.count == 1, "\(ci.notes)")
  }
}
