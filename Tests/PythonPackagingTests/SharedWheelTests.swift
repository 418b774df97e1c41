import ContentStore
import Digests
import Synchronization
import SystemSupport
import Testing

@testable import PythonPackaging

/// Wheels from sources that several machines share: each machine has a store of its own, the records are in memory.
@Suite struct SharedWheelTests {
  /// Records that one machine offers and the others find.
  private final class Team: SharedRecords {
    private struct Entry {
      var record: SharedRecord
      var blobs: [[UInt8]]
    }
    private let entries = Mutex<[SHA256Digest: Entry]>([:])

    var offered: [SharedRecord] { entries.withLock { $0.values.map(\.record) } }
    var takesOffers: Bool { true }

    func prefetch(_ namespace: String, _ keys: [SHA256Digest], into store: ContentStore) {}

    func bring(_ namespace: String, _ key: SHA256Digest, into store: ContentStore) -> [UInt8]? {
      guard let entry = entries.withLock({ $0[key] }), entry.record.namespace == namespace else { return nil }
      for blob in entry.blobs where (try? store.put(blob)) == nil { return nil }
      return entry.record.value
    }

    func offer(_ record: SharedRecord, from store: ContentStore) {
      guard record.withheld == nil else { return }
      let blobs = record.blobs.compactMap { try? FileSystem.read(store.path(of: $0.digest)) }
      entries.withLock { $0[record.key] = Entry(record: record, blobs: blobs) }
    }

    func canSupply(_ digest: SHA256Digest) -> Bool { false }
    func supply(_ digest: SHA256Digest, into store: ContentStore) -> Bool { false }
    func supplyFile(_ digest: SHA256Digest, into store: ContentStore) -> Bool { false }
    func offerFile(_ digest: SHA256Digest, from store: ContentStore) {}
    func noteLocalHit(_ namespace: String) {}
    func finish() {}
  }

  private let repository: SimpleRepository
  private let python: Interpreter
  private let team = Team()
  private var root: FilePath { repository.folder.appending("workspace") }

  init() throws {
    repository = try SimpleRepository()
    python = try #require(
      InterpreterFinder(cacheFile: nil).all().first { interpreter in
        interpreter.facts.version >= Version(release: [3, 9])
          && (try? Subprocess(interpreter.path.string, ["-m", "pip", "--version"]).run())?.termination.isSuccess == true
      }, "these tests need Python 3.9 or later with pip: apt-get install python3-pip")
  }

  /// The digest of the wheel of `tool` on a machine.
  private func build(on machine: String, _ isolation: BuildIsolation? = nil) throws -> SHA256Digest {
    var store = ContentStore(root: repository.folder.appending(machine))
    store.shared = team
    let provider = WheelProvider(
      store: store, root: root, index: IndexConfiguration(findLinks: [repository.folder.string]), isolation: isolation
    ) { [] }
    let tool = LockedPackage(name: try #require(PackageName("tool")), version: "1.0", source: .path("tool"))
    return try #require(try provider.wheels(for: [tool], target: PythonPlatform(python)).first).sha256
  }

  /// A project that requires `helper` to build, in any version.
  private func project(tag: String = "py3-none-any") throws {
    try SourceProject.write("tool", "1.0", to: root.appending("tool"), tag: tag)
    let path = root.appending("tool/pyproject.toml")
    let text = try FileSystem.readText(path)
    try FileSystem.write(text: text.replacing("requires = []", with: "requires = [\"helper\"]"), to: path)
  }

  @Test("A wheel from sources is shared by machines whose builds use the same versions of build requirements")
  func requirements() throws {
    try #require(Subprocess.find("bwrap") != nil, "this test needs bubblewrap: apt-get install bubblewrap")
    try project()
    try repository.add("helper", "1.0")
    // No two builds produce the same bytes, so equal digests mean one build.
    let first = try build(on: "ci")
    #expect(try build(on: "laptop") == first)
    // A new version appears in the index, and the lockfile stays.
    try repository.add("helper", "2.0")
    #expect(try build(on: "other") != first)
    #expect(try build(on: "laptop") == first)
    #expect(team.offered.count == 2)
  }

  @Test("A wheel from sources that was built without a sandbox is not shared") func withoutSandbox() throws {
    try project()
    try repository.add("helper", "1.0")
    let first = try build(on: "ci", .none(reason: "a test"))
    #expect(team.offered.isEmpty)
    #expect(try build(on: "laptop", .none(reason: "a test")) != first)
  }
}
