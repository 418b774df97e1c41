import Diagnostics
import Digests
import Glibc
import Synchronization
import SystemSupport
import Testing

@testable import Artifacts

@Suite("Collection of unneeded artifacts")
struct CollectionTests {
  let scratch: Scratch
  let root: FilePath
  let repository: Repository
  private static let day: Int64 = 86_400

  init() throws {
    scratch = try Scratch()
    root = scratch.appending("repository")
    repository = Repository(directory: root)
  }

  private func publish(_ commit: Character, seed: UInt64, inputs: String? = nil) throws -> SampleBundle {
    var bundle = try SampleBundle(
      in: scratch.path, commit: commit, segments: [bytes(500, seed: 1), bytes(900, seed: seed)])
    bundle.manifest.inputs = inputs.map { .of($0) }
    _ = try repository.publish(bundle.manifest, file: bundle.file)
    return bundle
  }

  /// Makes everything in the repository that old.
  private func age(_ days: Int64) throws {
    let time = (wallClockNanoseconds() / 1_000_000_000 - days * Self.day) * 1_000_000_000
    for name in try files(below: root) { try FileSystem.setModificationTime(time, of: root.appending(name)) }
  }

  private var now: Int64 { wallClockNanoseconds() / 1_000_000_000 }

  private func commits() throws -> Set<Character> {
    Set(try repository.commits(of: try #require(SampleBundle.name)).compactMap(\.commit.text.first))
  }

  @Test("A dry run changes nothing, and marking removes nothing") func phases() throws {
    for (index, commit) in "abcd".enumerated() { _ = try publish(commit, seed: UInt64(index + 10)) }
    try age(60)
    let before = try files(below: root)
    let rules = RetentionRules(newest: 1, grace: Self.day)
    let dry = try repository.collect(rules, applies: false, now: now)
    #expect(dry.unneededManifests.count == 3 && dry.removed == 0)
    #expect(try files(below: root) == before)

    let marked = try repository.collect(rules, applies: true, now: now)
    #expect(marked.removed == 0 && marked.marked == 3)
    #expect(try commits() == ["a", "b", "c", "d"])
    // Too early.
    #expect(try repository.collect(rules, applies: true, now: now + Self.day - 10).removed == 0)
    let swept = try repository.collect(rules, applies: true, now: now + Self.day + 10)
    #expect(swept.removed == 3)
    #expect(try commits().count == 1)
    // Blobs of the removed manifests go a round later: a fetch that has begun can end.
    #expect(try repository.collect(rules, applies: true, now: now + 3 * Self.day).marked == 3)
    #expect(try repository.collect(rules, applies: true, now: now + 5 * Self.day).removed == 3)
    for key in try repository.keys() {
      #expect(try repository.verify(try #require(try repository.manifest(key))).isEmpty)
    }
    #expect(try files(below: root).filter { $0.hasPrefix("blobs/") }.count == 3)
  }

  @Test("Collection keeps the artifacts of commits, branches and origins") func kept() throws {
    let first = try publish("a", seed: 10, inputs: "one")
    _ = try publish("b", seed: 11, inputs: "two")
    let third = try publish("c", seed: 12, inputs: "three")
    var inherited = first.manifest
    inherited.key.commit = try #require(Commit(String(repeating: "e", count: 40)))
    inherited.origin = first.manifest.key.commit
    #expect(try !repository.publish(inherited: inherited, signer: nil).wasPublished)
    let branch = try #require(BranchName("release/1"))
    try repository.updateIndex(of: branch, platform: third.manifest.key.platform) { index in
      index.record(
        third.manifest.key.name, commit: third.manifest.key.commit,
        packed: .init(
          inputs: .of("three"), commit: third.manifest.key.commit, digest: third.manifest.digest, size: 1)
      ) { _ in true }
    }
    try age(60)
    // The newest is whichever the file system says: all of one time, so the last by name.
    let rules = RetentionRules(
      commits: [inherited.key.commit.text], newest: 1, grace: Self.day)
    _ = try repository.collect(rules, applies: true, now: now)
    _ = try repository.collect(rules, applies: true, now: now + 2 * Self.day)
    #expect(try commits() == ["a", "c", "e"])
    #expect(try repository.verify(try #require(try repository.manifest(inherited.key))).isEmpty)
  }

  @Test("A publication after the mark keeps the blobs that were marked") func concurrentPublish() throws {
    let old = try publish("a", seed: 10)
    _ = try publish("b", seed: 11)
    try FileSystem.removeFile(root.appending(RepositoryLayout.manifest(old.manifest.key)))
    try age(60)
    let rules = RetentionRules(newest: 5, grace: Self.day)
    let marked = try repository.collect(rules, applies: true, now: now)
    #expect(marked.marked == 1)
    // The same bytes under another commit: the marked blob is uploaded again although it is there.
    let again = try SampleBundle(in: scratch.path, commit: "c", segments: [bytes(500, seed: 1), bytes(900, seed: 10)])
    let outcome = try repository.publish(again.manifest, file: again.file)
    #expect(outcome.uploadedBlobs == 1)
    #expect(try repository.collect(rules, applies: true, now: now + 2 * Self.day).removed == 0)
    #expect(try repository.verify(again.manifest).isEmpty)
  }

  @Test("Fetches during collections get correct bytes or an error; kept commits always get bytes")
  func concurrentFetch() throws {
    var bundles: [SampleBundle] = []
    for (index, commit) in "abcdef".enumerated() { bundles.append(try publish(commit, seed: UInt64(index + 20))) }
    try age(60)
    let kept = bundles[2].manifest.key.commit.text
    let (all, scratch, root, start) = (bundles, scratch.path, root, now)
    let failures = Mutex<[String]>([])
    performInParallel(count: 4, threads: 4) { thread in
      do {
        if thread == 0 {
          let repository = Repository(directory: root)
          // Each round is two days after the last: nothing that is marked waits.
          for round in 0..<12 {
            let rules = RetentionRules(commits: [kept], newest: 0, age: 1, grace: Self.day)
            _ = try repository.collect(rules, applies: true, now: start + Int64(round) * 2 * Self.day)
          }
          return
        }
        for round in 0..<12 {
          let bundle = all[(thread + round) % all.count]
          let cache = BundleCache(root: scratch.appending("cache-\(thread)-\(round)"))
          do throws(ArtifactError) {
            guard let manifest = try Repository(directory: root).manifest(bundle.manifest.key) else { continue }
            let installed = try cache.install(manifest, from: Repository(directory: root))
            let bytes = try onFiles { () throws(SystemCallError) in
              (try FileSystem.read(installed.path), try FileSystem.read(bundle.file))
            }
            if bytes.0 != bytes.1 { failures.withLock { $0.append("\(bundle.manifest.key): other bytes") } }
          } catch {
            if bundle.manifest.key.commit.text == kept { throw error }
            guard case .missingBlob = error else { throw error }
          }
        }
      } catch {
        failures.withLock { $0.append("\(error)") }
      }
    }
    #expect(failures.withLock { $0 } == [])
    #expect(try commits() == ["c"])
    #expect(try repository.verify(bundles[2].manifest).isEmpty)
  }

  @Test("A copy has the manifest byte by byte, its signatures, and the blobs of the origin") func copies() throws {
    let key = try TestKey(4)
    var first = try SampleBundle(in: scratch.path)
    first.manifest.inputs = .of("inputs")
    _ = try repository.publish(first.manifest, file: first.file, options: PublishOptions(signer: key))
    var second = first.manifest
    second.key.commit = try #require(Commit(String(repeating: "b", count: 40)))
    second.origin = first.manifest.key.commit
    _ = try repository.publish(inherited: second, signer: key)
    #expect(try repository.sign(second.key, with: try TestKey(6)))
    let other = Repository(directory: scratch.appending("other"))
    var summary = CopySummary()
    try repository.copy(second.key, to: other, &summary)
    #expect(summary.manifests == 2 && summary.blobs == 3)
    let ids = [try TestKey(6).publicKey.keyID]
    let copied = try #require(try other.evidence(for: second.key, signedBy: ids))
    #expect(copied == (try repository.evidence(for: second.key, signedBy: ids)))
    #expect(copied.records[0].envelopes.count == 2)
    var again = CopySummary()
    try repository.copy(second.key, to: other, &again)
    #expect(again.manifests == 0 && again.blobs == 0 && again.presentManifests == 2)

    // Whole files, as a plain web server has them.
    let plain = Repository(directory: scratch.appending("plain"))
    var whole = CopySummary()
    try repository.copy(second.key, to: plain, asWholeFile: true, &whole)
    #expect(try files(below: scratch.appending("plain")).filter { $0.hasPrefix("blobs/") }.isEmpty)
    #expect(try plain.verify(try #require(try plain.manifest(second.key))).isEmpty)
  }
}
