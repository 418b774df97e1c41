import ContentStore
import Digests
import SystemSupport
import Testing

@Suite("Trees of files")
struct TreeTests {
  @Test("The empty tree has the digest of the Remote Execution API")
  func empty() throws {
    #expect(try FileTree().root() == .of([]))
  }

  @Test("A tree has the bytes of the API's Directory messages")
  func encoding() throws {
    var tree = FileTree()
    let content = BlobReference.of(Array("hello".utf8))
    try tree.insert(.file(content, isExecutable: true), at: "f")
    // files { name: "f" digest { hash: … size_bytes: 5 } is_executable: true }, by hand.
    let digest = [0x0A, 64] + Array(content.digest.hex.utf8) + [0x10, 5]
    let file = [0x0A, 1, 0x66, 0x12, UInt8(digest.count)] + digest + [0x20, 1]
    let node = try #require(try tree.nodes().last)
    #expect(node.bytes == [0x0A, UInt8(file.count)] + file)
    #expect(DirectoryNode(decoding: node.bytes)?.files.first?.isExecutable == true)
  }

  @Test("Equal trees have equal digests however they were built; every difference changes the digest")
  func digests() throws {
    func tree(_ entries: [(String, FileTree.Entry)]) throws -> BlobReference {
      var tree = FileTree()
      for (path, entry) in entries { try tree.insert(entry, at: path) }
      return try tree.root()
    }
    func file(_ text: String, _ isExecutable: Bool = false) -> FileTree.Entry {
      .file(.of(Array(text.utf8)), isExecutable: isExecutable)
    }
    let base = try tree([("a/b", file("1")), ("a.b", file("2")), ("l", .link("a/b")), ("e", .folder)])
    #expect(base == (try tree([("e", .folder), ("l", .link("a/b")), ("a.b", file("2")), ("a/b", file("1"))])))
    for other in try [
      tree([("a/b", file("1")), ("a.b", file("2")), ("l", .link("a/b"))]),
      tree([("a/b", file("1")), ("a.b", file("2")), ("l", .link("a.b")), ("e", .folder)]),
      tree([("a/b", file("1", true)), ("a.b", file("2")), ("l", .link("a/b")), ("e", .folder)]),
      tree([("a/c", file("1")), ("a.b", file("2")), ("l", .link("a/b")), ("e", .folder)]),
    ] {
      #expect(other != base)
    }
  }

  @Test("Paths that lead out, and duplicate paths, are refused")
  func refusals() throws {
    for path in ["", "/a", "a//b", "../a", "a/..", "./a", "a\0b"] {
      #expect(throws: FileTreeError.notInside(path)) {
        var tree = FileTree()
        try tree.insert(.folder, at: path)
      }
    }
    var tree = FileTree()
    try tree.insert(.link("x"), at: "a")
    #expect(throws: FileTreeError.conflict("a")) { try tree.insert(.link("y"), at: "a") }
    try tree.insert(.link("x"), at: "a/b")
    #expect(throws: FileTreeError.self) { try tree.nodes() }
  }

  @Test("A foreign node with a name that leads out is invalid")
  func hostileNodes() {
    for name in ["..", "a/b", "", "."] {
      let link = [0x0A, UInt8(name.utf8.count)] + Array(name.utf8) + [0x12, 1, 0x78]
      #expect(DirectoryNode(decoding: [0x1A, UInt8(link.count)] + link) == nil, "\(name)")
    }
    let good: [UInt8] = [0x1A, 6, 0x0A, 1, 0x61, 0x12, 1, 0x78]
    #expect(DirectoryNode(decoding: good) != nil)
    #expect(DirectoryNode(decoding: good + good) == nil)
    for length in 1..<good.count { #expect(DirectoryNode(decoding: Array(good.prefix(length))) == nil) }
  }

  @Test("A directory is stored and written back unchanged")
  func roundTrip() throws {
    let scratch = try ContentStoreTests.Scratch()
    let source = scratch.path.appending("source")
    try FileSystem.createDirectories(source.appending("sub/empty"))
    try FileSystem.write(text: "text", to: source.appending("sub/plain"))
    try FileSystem.write(text: "#!", to: source.appending("program"), permissions: 0o755)
    try FileSystem.createSymbolicLink(at: source.appending("sub/link"), to: "../program")
    var tree = FileTree()
    try scratch.store.ingest(source, as: "", into: &tree)
    let root = try scratch.store.put(tree)
    let read = try #require(try scratch.store.tree(root))
    #expect(read == tree)
    let target = scratch.path.appending("target")
    try scratch.store.write(read, to: target)
    let diff = try Subprocess("diff", ["-r", source.string, target.string]).run()
    #expect(diff.termination == .exited(0), "\(diff.text)")
    #expect(try FileSystem.status(of: target.appending("program")).permissions == 0o755)
    #expect(try FileSystem.readLink(target.appending("sub/link")) == "../program")
    #expect(FileSystem.exists(target.appending("sub/empty")))
  }

  @Test("Links that lead out of a tree, and sockets, are not stored")
  func notStorable() throws {
    let scratch = try ContentStoreTests.Scratch()
    for target in ["/etc/passwd", "../../outside", "a/../../../b"] {
      let link = scratch.path.appending("link")
      try FileSystem.removeFile(link)
      try FileSystem.createSymbolicLink(at: link, to: FilePath(target))
      var tree = FileTree()
      #expect(throws: ContentStoreError.notStorable(link)) {
        try scratch.store.ingest(link, as: "sub/link", into: &tree)
      }
    }
  }

  @Test("A tree with a missing or damaged part counts as missing")
  func missingParts() throws {
    let scratch = try ContentStoreTests.Scratch()
    var store = scratch.store
    store.verifiedShare = 1
    var tree = FileTree()
    let file = Array("content".utf8)
    try store.put(file)
    try tree.insert(.file(.of(file), isExecutable: false), at: "a/b")
    let root = try store.put(tree)
    #expect(try store.tree(root) == tree)
    // Damaged: the same size, other bytes.
    let path = store.path(of: BlobReference.of(file).digest)
    try FileSystem.setPermissions(0o644, of: path)
    try FileSystem.write(text: "CONTENT", to: path)
    #expect(try store.tree(root) == nil)
    // It was removed, so that putting it again heals.
    #expect(!FileSystem.exists(path))
    try store.put(file)
    #expect(try store.tree(root) == tree)
    try FileSystem.removeFile(store.path(of: root.digest))
    #expect(try store.tree(root) == nil)
  }
}
