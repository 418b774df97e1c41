import SystemSupport
import Testing

@Suite struct FileSystemTests {
  /// A folder that is gone after the test.
  func withFolder(_ body: (FilePath) throws -> Void) throws {
    let folder = try FileSystem.makeTemporaryDirectory(prefix: "kilt-test")
    defer { try? FileSystem.removeTree(folder) }
    try body(folder)
  }

  @Test func writesAreAtomicAndLeaveNothingBehindWhenTheyFail() throws {
    try withFolder { folder in
      let path = folder.appending("file")
      try FileSystem.write(text: "one", to: path, durability: .durable)
      #expect(throws: SystemCallError.self) {
        try FileSystem.replace(path) { file throws(SystemCallError) in
          try FileSystem.write(Array("half".utf8), to: file)
          throw SystemCallError("write", path, .noSpace)
        }
      }
      #expect(try FileSystem.readText(path) == "one")
      #expect(try FileSystem.list(folder).map(\.name) == ["file"])
    }
  }

  @Test func permissionsAreThoseAskedForWhateverTheUmask() throws {
    try withFolder { folder in
      try FileSystem.write(text: "#!", to: folder.appending("run"), permissions: 0o777)
      #expect(try FileSystem.status(of: folder.appending("run")).permissions == 0o777)
    }
  }

  @Test func removesTreesWithoutFollowingLinks() throws {
    try withFolder { folder in
      let outside = folder.appending("outside")
      try FileSystem.write(text: "kept", to: outside)
      let tree = folder.appending("tree")
      try FileSystem.createDirectories(tree.appending("a").appending("b"))
      try FileSystem.createSymbolicLink(at: tree.appending("a").appending("link"), to: outside)
      try FileSystem.createSymbolicLink(at: tree.appending("loop"), to: folder)
      try FileSystem.removeTree(tree)
      #expect(!FileSystem.exists(tree))
      #expect(try FileSystem.readText(outside) == "kept")
      try FileSystem.removeTree(tree)
    }
  }

  @Test func listsSortedByBytesWithKinds() throws {
    try withFolder { folder in
      for name in ["b", "B", "é", "a"] { try FileSystem.write(text: "", to: folder.appending(name)) }
      try FileSystem.createDirectories(folder.appending("d"))
      try FileSystem.createSymbolicLink(at: folder.appending("l"), to: "nowhere")
      let entries = try FileSystem.list(folder)
      #expect(entries.map(\.name) == ["B", "a", "b", "d", "l", "é"])
      #expect(entries[3].kind == .directory)
      #expect(entries[4].kind == .symbolicLink)
    }
  }

  @Test func copiesAndMapsAcrossFileSystems() throws {
    try withFolder { folder in
      let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      try FileSystem.write(bytes, to: folder.appending("from"))
      let memory = try FileSystem.makeTemporaryDirectory(prefix: "kilt-test", in: "/dev/shm")
      defer { try? FileSystem.removeTree(memory) }
      try FileSystem.copyFile(folder.appending("from"), to: memory.appending("to"), permissions: 0o600)
      let copy = try MappedFile(memory.appending("to"))
      #expect(withExtendedLifetime(copy) { Array(copy.bytes) } == bytes)
      try FileSystem.write(text: "", to: folder.appending("empty"))
      #expect(try MappedFile(folder.appending("empty")).bytes.isEmpty)
    }
  }

  @Test func errorsSayWhatAndWhere() throws {
    let error = #expect(throws: SystemCallError.self) { try FileSystem.read("/nowhere/file") }
    #expect(error?.description == "cannot open \"/nowhere/file\": No such file or directory")
    #expect(error?.isMissing == true)
    #expect(try FileSystem.statusIfPresent(of: "/nowhere/file") == nil)
    #expect(throws: SystemCallError("read", "/", .isDirectory)) { try FileSystem.read("/") }
  }

  @Test func readsFilesThatStateNoSize() throws {
    #expect(try FileSystem.readText("/proc/self/status").contains("VmPeak"))
  }

  @Test func aLockExcludesUntilItIsGone() throws {
    try withFolder { folder in
      let path = folder.appending("lock")
      do {
        let held = try FileLock(waitingFor: path)
        let second = try FileLock.attempt(path)
        let free = second == nil
        #expect(free)
        // Another user who could open it could lock it.
        #expect(try FileSystem.status(of: path).permissions == 0o600)
        _ = consume held
      }
      let third = try FileLock.attempt(path)
      let taken = third != nil
      #expect(taken)
    }
  }
}
