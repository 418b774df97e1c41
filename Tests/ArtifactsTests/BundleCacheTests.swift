import Diagnostics
import Digests
import Glibc
import Synchronization
import SystemSupport
import Testing

@testable import Artifacts

@Suite("The cache of bundles")
struct BundleCacheTests {
  let scratch: Scratch
  let repository: Repository
  let storage: CountingStorage
  let cache: BundleCache

  init() throws {
    scratch = try Scratch()
    storage = CountingStorage(root: scratch.appending("repository"))
    repository = Repository(storage)
    cache = BundleCache(root: scratch.appending("cache"))
  }

  private func published(
    _ commit: Character = "a", _ segments: [[UInt8]] = [bytes(3_000, seed: 1), bytes(70_000, seed: 2)],
    created: Int64 = 1_700_000_000
  ) throws -> SampleBundle {
    let bundle = try SampleBundle(in: scratch.path, commit: commit, segments: segments, created: created)
    _ = try repository.publish(bundle.manifest, file: bundle.file)
    return bundle
  }

  private func reference(_ digits: String) throws -> ArtifactReference {
    try ArtifactReference(parsing: "fiddler_server@\(digits)")
  }

  /// The path of the cached bundle; nil when there is none.
  private func lookUp(_ digits: String, verifying: Bool = false) throws -> FilePath? {
    let platform = try #require(SampleBundle.platform)
    guard let hit = try cache.lookUp(try reference(digits), platform: platform, verifying: verifying) else {
      return nil
    }
    return hit.path
  }

  @Test func anEmptyCacheHasNoHit() throws {
    #expect(try lookUp("aaaaaaa") == nil)
    #expect(try cache.contents().isEmpty)
  }

  @Test func whatIsInstalledIsHitByAnyDigits() throws {
    let bundle = try published()
    let installed = try cache.install(bundle.manifest, from: repository)
    #expect(installed.fetched?.fetchedSegments == 3)
    #expect(try FileSystem.read(installed.path) == FileSystem.read(bundle.file))
    #expect(installed.path.lastComponent?.string == "fiddler_server.pex")
    for digits in [7, 12, 40] {
      #expect(try lookUp(String(repeating: "a", count: digits)) == installed.path)
    }
    #expect(try lookUp("bbbbbbb") == nil)
  }

  @Test func aCompleteBundleLeavesNoSegmentsBehind() throws {
    _ = try cache.install(try published().manifest, from: repository)
    #expect(try FileSystem.list(cache.segments).isEmpty)
  }

  @Test func theNextBuildFetchesOnlyWhatChanged() throws {
    _ = try cache.install(try published().manifest, from: repository)
    let next = try published("b", [bytes(3_000, seed: 1), bytes(70_000, seed: 3)])
    let installed = try cache.install(next.manifest, from: repository)
    #expect(installed.fetched?.fetchedSegments == 1)
    #expect(installed.fetched?.fetchedBytes == 70_000)
    #expect(try FileSystem.read(installed.path) == FileSystem.read(next.file))
  }

  @Test func anotherCommitOfTheSameBytesIsAReferenceOnly() throws {
    let first = try cache.install(try published().manifest, from: repository).path
    let second = try cache.install(try published("b").manifest, from: repository)
    #expect(second.fetched == nil)
    #expect(second.path == first)
    #expect(try lookUp("bbbbbbb") == first)
  }

  @Test func severalAtOnceFetchEachSegmentOnce() throws {
    let common = bytes(400_000, seed: 7)
    let bundles = try (0..<4).map { try published(Character(String($0)), [common, bytes(100, seed: UInt64($0 + 20))]) }
    storage.downloads.withLock { $0 = [:] }
    let failures = Mutex<[ArtifactError]>([])
    performInParallel(count: 8, threads: 8) { index in
      // A cache value of its own, as another process would have.
      let cache = BundleCache(root: cache.root)
      do throws(ArtifactError) {
        _ = try cache.install(bundles[index % 4].manifest, from: repository)
      } catch {
        failures.withLock { $0.append(error) }
      }
    }
    #expect(failures.withLock { $0 } == [])
    let blobs = storage.downloads.withLock { $0 }.filter { $0.key.hasPrefix("blobs/") }
    // The common prefix and wheel, and one segment a bundle.
    #expect(blobs.count == 2 + 4)
    #expect(blobs.values.allSatisfy { $0 == 1 })
  }

  @Test func aChangedFileIsHashedAgainAndDropped() throws {
    let bundle = try published()
    let path = try cache.install(bundle.manifest, from: repository).path
    var content = try FileSystem.read(path)
    content[1_000] ^= 1
    let times = try FileSystem.status(of: path)
    // In place, with the old times put back: only the change time tells.
    let file = try FileSystem.open(path, .readWrite)
    try FileSystem.write(content, to: file)
    FileSystem.close(file)
    var old = [timespec(), timespec()]
    for index in old.indices {
      old[index].tv_sec = Int(times.modificationTime / 1_000_000_000)
      old[index].tv_nsec = Int(times.modificationTime % 1_000_000_000)
    }
    #expect(path.withPlatformString { utimensat(AT_FDCWD, $0, old, 0) } == 0)

    #expect(try lookUp("aaaaaaa") == nil)
    let again = try cache.install(bundle.manifest, from: repository)
    #expect(try FileSystem.read(again.path) == FileSystem.read(bundle.file))
    #expect(try lookUp("aaaaaaa") == path)
  }

  @Test func aTouchedFileIsHashedOnceAndStays() throws {
    let path = try cache.install(try published().manifest, from: repository).path
    try FileSystem.setPermissions(0o755, of: path)
    #expect(try lookUp("aaaaaaa") == path)
    let platform = try #require(SampleBundle.platform)
    let key = ManifestKey(
      name: try #require(SampleBundle.name), commit: try #require(Commit(String(repeating: "a", count: 40))),
      platform: platform)
    let record = try #require(try cache.record(at: cache.path(of: key)))
    #expect(record.matches(try FileSystem.status(of: path)))
  }

  @Test("Changed segments of a cached bundle are fetched, not copied") func damagedSource() throws {
    let path = try cache.install(try published().manifest, from: repository).path
    var content = try FileSystem.read(path)
    content[200] ^= 1
    let file = try FileSystem.open(path, .readWrite)
    try FileSystem.write(content, to: file)
    FileSystem.close(file)

    let next = try published("b", [bytes(3_000, seed: 1), bytes(70_000, seed: 3)])
    let installed = try cache.install(next.manifest, from: repository)
    #expect(installed.fetched?.fetchedSegments == 3)
    #expect(try FileSystem.read(installed.path) == FileSystem.read(next.file))
  }

  @Test("A changed list of segments is not used for copying") func damagedList() throws {
    let path = try cache.install(try published().manifest, from: repository).path
    let list = path.removingLastComponent().appending("segments")
    var lines = try FileSystem.readText(list).split(separator: "\n").map(String.init)
    let swapped = lines[1].split(separator: " ")[0]
    lines[1] = lines[1].replacing(swapped, with: lines[2].split(separator: " ")[0])
    try FileSystem.write(text: lines.joined(separator: "\n") + "\n", to: list)
    let next = try published("b", [bytes(3_000, seed: 1), bytes(70_000, seed: 3)])
    let installed = try cache.install(next.manifest, from: repository)
    #expect(try FileSystem.read(installed.path) == FileSystem.read(next.file))
    #expect(try lookUp("aaaaaaa", verifying: true) == nil)
  }

  @Test("After a reboot, an unsynced bundle is hashed, and then kept") func otherBoot() throws {
    let path = try cache.install(try published().manifest, from: repository).path
    let platform = try #require(SampleBundle.platform)
    let key = ManifestKey(
      name: try #require(SampleBundle.name), commit: try #require(Commit(String(repeating: "a", count: 40))),
      platform: platform)
    let place = cache.path(of: key)
    var record = try #require(try cache.record(at: place))
    #expect(record.boot == HitRecord.currentBoot)
    record.boot = "an-earlier-one"
    try cache.write(record, to: place)
    #expect(try lookUp("aaaaaaa") == path)
    #expect(try cache.record(at: place)?.boot == HitRecord.currentBoot)
    // Zeros, as a power cut leaves them.
    let size = Int(try FileSystem.status(of: path).size)
    try FileSystem.write([UInt8](repeating: 0, count: size), to: path)
    #expect(try lookUp("aaaaaaa") == nil)
  }

  @Test(
    "A damaged segment is fetched again, and a repeated failure names the wheel", arguments: [1, 2, 3])
  func damagedOnTheWay(_ times: Int) throws {
    let bundle = try published()
    let segment = bundle.manifest.segments[1]
    storage.damaging.withLock { $0 = [RepositoryLayout.blob(segment.digest): times] }
    let error = artifactError { () throws(ArtifactError) in try cache.install(bundle.manifest, from: repository) }
    if times < 3 { return #expect(error == nil) }
    #expect(error?.diagnostic.summary == "\"part-1\" from \(storage.location) is damaged")
    #expect(try lookUp("aaaaaaa") == nil)
  }

  @Test func verifyingHashesEvenWhatLooksUnchanged() throws {
    let path = try cache.install(try published().manifest, from: repository).path
    #expect(try lookUp("aaaaaaa", verifying: true) == path)
  }

  @Test func twoCommitsOfOnePrefixAreAmbiguous() throws {
    _ = try cache.install(try published().manifest, from: repository)
    var other = try published().manifest
    other.key.commit = try #require(Commit("aaaaaaaa" + String(repeating: "9", count: 32)))
    _ = try cache.install(other, from: repository)
    let platform = try #require(SampleBundle.platform)
    let short = try reference("aaaaaaaa")
    let error = artifactError { () throws(ArtifactError) in try cache.lookUp(short, platform: platform) }
    #expect(error?.diagnostic.summary.contains("is ambiguous") == true)
  }

  @Test func aFetchThatDiesKeepsWholeSegmentsOnly() throws {
    let bundle = try published()
    storage.failing.withLock { $0 = [RepositoryLayout.blob(bundle.manifest.segments[2].digest)] }
    let error = artifactError { () throws(ArtifactError) in try cache.install(bundle.manifest, from: repository) }
    #expect(error == .unreachable(repository: storage.location, cause: "cut off"))
    #expect(try lookUp("aaaaaaa") == nil)
    #expect(try FileSystem.list(cache.bundles).isEmpty)
    let kept = try FileSystem.list(cache.segments).map(\.name)
    #expect(kept.allSatisfy { !$0.contains("tmp") })

    storage.failing.withLock { $0 = [] }
    let installed = try cache.install(bundle.manifest, from: repository)
    #expect(installed.fetched?.fetchedSegments == 3 - kept.count)
    #expect(try FileSystem.read(installed.path) == FileSystem.read(bundle.file))
  }

  @Test func aDraftOfADeadProcessIsInNobodysWay() throws {
    let bundle = try published()
    let draft = cache.bundles.appending(".draft.\(bundle.manifest.digest)")
    try FileSystem.createDirectories(draft)
    try FileSystem.write(text: "half", to: draft.appending("fiddler_server.pex"))
    let installed = try cache.install(bundle.manifest, from: repository)
    #expect(try FileSystem.read(installed.path) == FileSystem.read(bundle.file))
    #expect(!FileSystem.exists(draft))
  }

  @Test func evictionTakesTheLeastRecentlyUsedAndSparesTheNewest() throws {
    for (index, commit) in "abcd".enumerated() {
      let bundle = try published(
        commit, [bytes(10_000, seed: UInt64(index + 40))], created: 1_700_000_000 + Int64(index))
      _ = try cache.install(bundle.manifest, from: repository)
      let platform = try #require(SampleBundle.platform)
      // "a" was used last, "b" longest ago.
      let used = commit == "a" ? 2_000_000_000 : 1_800_000_000 + index
      let key = ManifestKey(name: bundle.manifest.key.name, commit: bundle.manifest.key.commit, platform: platform)
      let times = [timespec(tv_sec: used, tv_nsec: 0), timespec(tv_sec: used, tv_nsec: 0)]
      #expect(cache.path(of: key).withPlatformString { utimensat(AT_FDCWD, $0, times, 0) } == 0)
    }
    let some = try cache.evict(quota: 25_000)
    #expect(some.removed.map { String($0.references[0].dropFirst(15).prefix(1)) } == ["b", "c"])
    let all = try cache.evict(quota: 0)
    #expect(all.removed.count == 1)
    #expect(all.kept == 1)
    #expect(try lookUp("ddddddd") != nil)
    #expect(try lookUp("aaaaaaa") == nil)
    #expect(try FileSystem.list(cache.references.appending("fiddler_server")).count == 1)
  }

  @Test func evictionPassesOverWhatIsInUse() throws {
    let old = try cache.install(try published("a", [bytes(100, seed: 1)], created: 1).manifest, from: repository)
    let path = old.path
    _ = try cache.install(try published("b", [bytes(100, seed: 2)], created: 2).manifest, from: repository)
    #expect(try cache.evict(quota: 0).removed.isEmpty)
    #expect(FileSystem.exists(path))
    _ = consume old
    #expect(try cache.evict(quota: 0).removed.count == 1)
    #expect(!FileSystem.exists(path))
  }
}

/// A directory that counts what is asked of it and fails on demand.
final class CountingStorage: ObjectStorage {
  let directory: DirectoryStorage
  let downloads = Mutex<[String: Int]>([:])
  let failing = Mutex<Set<String>>([])
  /// How many downloads of a key arrive with a wrong byte.
  let damaging = Mutex<[String: Int]>([:])

  init(root: FilePath) { directory = DirectoryStorage(root: root) }

  var location: String { directory.location }
  var isReadOnly: Bool { false }
  var isAbsent: Bool { directory.isAbsent }
  func prepareForWriting() throws(ArtifactError) { try directory.prepareForWriting() }
  func size(of key: String) throws(ArtifactError) -> Int64? { try directory.size(of: key) }
  func read(_ key: String, limit: Int) throws(ArtifactError) -> [UInt8]? { try directory.read(key, limit: limit) }

  func download(_ key: String, limit: Int64, receive: BytesReceiver) throws(ArtifactError) -> Bool {
    downloads.withLock { $0[key, default: 0] += 1 }
    let isDamaged = damaging.withLock { keys in
      guard let left = keys[key], left > 0 else { return false }
      keys[key] = left - 1
      return true
    }
    if isDamaged {
      return try directory.download(key, limit: limit) { (bytes) throws(ArtifactError) in
        var wrong = Array(bytes)
        wrong[0] ^= 1
        let outcome: Result<Void, ArtifactError> = wrong.withUnsafeBytes { buffer in
          do throws(ArtifactError) { return .success(try receive(buffer)) } catch { return .failure(error) }
        }
        try outcome.get()
      }
    }
    guard failing.withLock({ $0.contains(key) }) else {
      return try directory.download(key, limit: limit, receive: receive)
    }
    // Half of it arrives.
    _ = try directory.download(key, limit: limit / 2, receive: receive)
    throw .unreachable(repository: location, cause: "cut off")
  }

  func download(_ key: String, range: Range<Int64>, receive: BytesReceiver) throws(ArtifactError) -> Bool {
    try directory.download(key, range: range, receive: receive)
  }

  func upload(_ piece: FilePiece, digest: SHA256Digest, to key: String) throws(ArtifactError) {
    try directory.upload(piece, digest: digest, to: key)
  }

  func create(_ key: String, _ bytes: [UInt8]) throws(ArtifactError) -> Bool { try directory.create(key, bytes) }
  func overwrite(_ key: String, _ bytes: [UInt8]) throws(ArtifactError) { try directory.overwrite(key, bytes) }

  func readVersioned(_ key: String, limit: Int) throws(ArtifactError) -> (bytes: [UInt8], version: ObjectVersion)? {
    try directory.readVersioned(key, limit: limit)
  }

  func replace(_ key: String, _ bytes: [UInt8], expecting version: ObjectVersion?) throws(ArtifactError) -> Bool {
    try directory.replace(key, bytes, expecting: version)
  }

  func modified(_ key: String) throws(ArtifactError) -> Int64? { try directory.modified(key) }
  func remove(_ key: String) throws(ArtifactError) { try directory.remove(key) }

  func list(_ prefix: String, recursive: Bool) throws(ArtifactError) -> [ObjectEntry] {
    try directory.list(prefix, recursive: recursive)
  }
}

@Suite("A new build shares the extents of the last one where the file system can")
struct SharedExtentTests {
  @Test("On btrfs an edit costs no second copy of the bundle", .enabled(if: geteuid() == 0, "only root can mount"))
  func btrfs() throws {
    let scratch = try Scratch()
    let image = scratch.appending("image")
    let mount = scratch.appending("mount")
    try FileSystem.createDirectories(mount)
    let made = try Subprocess(
      "sh",
      [
        "-c",
        "truncate -s 200M \(image) && mkfs.btrfs -q \(image) && mount -o loop \(image) \(mount) && chmod 777 \(mount)",
      ]
    ).run()
    try #require(made.termination.isSuccess, "no btrfs here: scripts/install-dependencies test: \(made.errorText)")
    // What cannot be unmounted stays until the machine ends.
    defer { _ = try? Subprocess("umount", [mount.string]).run() }
    let repository = Repository(directory: scratch.appending("repository"))
    let cache = BundleCache(root: mount.appending("cache"))
    let large = bytes(20 << 20, seed: 1)
    func used() throws -> Int {
      _ = try Subprocess("sync", ["-f", mount.string]).run()
      let text = try Subprocess("df", ["--output=used", "-k", mount.string]).run().text
      return Int(text.split(separator: "\n").last?.filter(\.isNumber) ?? "") ?? 0
    }
    var sizes: [Int] = []
    for (index, commit) in "ab".enumerated() {
      let bundle = try SampleBundle(
        in: scratch.path, commit: commit, segments: [large, bytes(1_000 + index * 77, seed: UInt64(index + 5))])
      _ = try repository.publish(bundle.manifest, file: bundle.file)
      let installed = try cache.install(bundle.manifest, from: repository)
      #expect(try FileSystem.read(installed.path) == FileSystem.read(bundle.file))
      sizes.append(try used())
    }
    #expect(sizes[1] - sizes[0] < 2_000, "\(sizes)")
  }
}
