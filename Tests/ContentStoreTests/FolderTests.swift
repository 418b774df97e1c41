import ContentStore
import Digests
import SystemSupport
import Testing

@Suite("Directories beside the blobs")
struct FolderTests {
  private let folders: [ContentStore.Folder] = [
    .wheel(.of("a wheel")), .environment(.of("an environment")), .shared("cache-of-a-tool"),
  ]

  /// Makes folders of two files each, the first not used for longest.
  private func fill(_ store: ContentStore) throws {
    for (index, folder) in folders.enumerated() {
      let path = store.path(of: folder)
      try FileSystem.createDirectories(path.appending("sub"))
      for name in ["one", "sub/two"] { try FileSystem.write(text: "text", to: path.pushing(FilePath(name))) }
      let age = Int64(10 - index) * 3_600_000_000_000
      try FileSystem.setModificationTime(wallClockNanoseconds() - age, of: path)
    }
  }

  @Test("Directories beside the blobs are measured by kind, and count")
  func usage() throws {
    let scratch = try ContentStoreTests.Scratch()
    try fill(scratch.store)
    let usage = try scratch.store.usage()
    #expect(usage.folders.mapValues(\.count) == ["unpacked/wheels": 2, "unpacked/environments": 2, "shared": 2])
    #expect(usage.countedBytes == 6 * 4096)
    #expect(usage.others.keys.allSatisfy { !["unpacked", "shared"].contains($0) })
  }

  @Test("Kilt's own programs and lockfiles count, and are removed when unused")
  func tools() throws {
    let scratch = try ContentStoreTests.Scratch()
    let tools = scratch.store.root.appending("tools")
    try FileSystem.createDirectories(tools.appending("uv/bin"))
    try FileSystem.write(text: "program", to: tools.appending("uv/bin/uv"))
    try FileSystem.write(text: "{}", to: tools.appending("pytest-1.lock"))
    // Locks of processes.
    for name in ["uv.lock", ".pytest-1.lock"] { try FileSystem.write(text: "", to: tools.appending(name)) }
    let usage = try scratch.store.usage()
    #expect(usage.folders["tools"]?.count == 2)
    #expect(usage.countedBytes == 2 * 4096)
    #expect(usage.others.isEmpty)
    let user = ContentStore(root: scratch.store.root)
    #expect(user.uses(.tool("uv")))
    let collector = ContentStore(root: scratch.store.root)
    let first = try #require(try collector.collect(quota: 0))
    #expect(first.keptInUse == 1)
    #expect(try FileSystem.list(tools).map(\.name).sorted() == [".pytest-1.lock", "uv", "uv.lock"])
    withExtendedLifetime(user) {}
  }

  @Test("The least recently used directories are removed as a whole, with blobs and records by age")
  func collection() throws {
    let scratch = try ContentStoreTests.Scratch()
    try fill(scratch.store)
    let blob = try ContentStore(root: scratch.store.root).put([UInt8](repeating: 1, count: 4096))
    let collector = ContentStore(root: scratch.store.root)
    // Seven blocks of which four may stay, so two folders have to go.
    let summary = try #require(try collector.collect(quota: 4 << 12))
    #expect(summary.removedFolders == 2 && summary.removedBlobs == 0)
    #expect(folders.map { FileSystem.exists(collector.path(of: $0)) } == [false, false, true])
    #expect(FileSystem.exists(collector.path(of: blob)))
    #expect(summary.remainingBytes == 3 << 12)
  }

  @Test("A directory in use counts as new, and stays until its process ends")
  func leases() throws {
    let scratch = try ContentStoreTests.Scratch()
    try fill(scratch.store)
    let collector = ContentStore(root: scratch.store.root)
    do {
      let user = ContentStore(root: scratch.store.root)
      #expect(user.uses(folders[0]))
      #expect(!user.uses(.wheel(.of("another"))))
      let summary = try #require(try collector.collect(quota: 0))
      #expect(summary.removedFolders == 2 && summary.keptInUse == 1)
      #expect(FileSystem.exists(collector.path(of: folders[0]).appending("sub").appending("two")))
      #expect(user.uses(folders[0]))
    }
    #expect(try collector.collect(quota: 1 << 20)?.removedFolders == 0)
    #expect(try collector.collect(quota: 0)?.removedFolders == 1)
  }

  @Test("Incomplete files of killed processes are removed after a day")
  func abandoned() throws {
    let scratch = try ContentStoreTests.Scratch()
    let incoming = scratch.store.root.appending("unpacked/incoming/wheels.abc")
    try FileSystem.createDirectories(incoming)
    #expect(try scratch.store.collect(quota: 0)?.removedLeftovers == 0)
    #expect(FileSystem.exists(incoming))
    try FileSystem.setModificationTime(wallClockNanoseconds() - 90_000_000_000_000, of: incoming)
    #expect(try scratch.store.collect(quota: 0)?.removedLeftovers == 1)
    #expect(!FileSystem.exists(incoming))
  }
}
