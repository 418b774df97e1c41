import Diagnostics
import DirectoryTrust
import Glibc
import SystemSupport
import Testing

@Suite struct DirectoryTrustTests {
  /// A directory of the test's own below a sticky one.
  static func scratch() throws -> FilePath {
    try FileSystem.canonicalPath(try FileSystem.makeTemporaryDirectory(prefix: "trust"))
  }

  static func change(_ path: FilePath, _ mode: UInt32) throws { try FileSystem.setPermissions(mode, of: path) }

  @Test("A directory that only its user can write to is trusted, even below a sticky directory")
  func ownDirectory() throws {
    let root = try Self.scratch()
    defer { remove(root) }
    #expect(try DirectoryTrust.foreignWriter(of: root) == nil)
    #expect(try DirectoryTrust.foreignWriter(of: root.appending("not/there/yet")) == nil)
  }

  @Test(
    "A directory that others can write to is refused at itself and below",
    arguments: [(0o777, ForeignWriter.Reason.everyone), (0o1777, .everyone), (0o757, .everyone)])
  func worldWritable(mode: Int, reason: ForeignWriter.Reason) throws {
    let root = try Self.scratch()
    defer { remove(root) }
    let cache = root.appending("cache")
    try FileSystem.createDirectories(cache)
    try Self.change(cache, UInt32(mode))
    #expect(try DirectoryTrust.foreignWriter(of: cache) == ForeignWriter(path: cache, reason: reason))
    let below = cache.appending("kilt")
    try FileSystem.createDirectories(below)
    // The sticky bit protects the entries of others, not the directory's own content.
    let expected = mode & 0o1000 == 0 ? ForeignWriter(path: cache, reason: reason) : nil
    #expect(try DirectoryTrust.foreignWriter(of: below) == expected)
  }

  @Test("A link is judged by the directory that it leads to")
  func throughLink() throws {
    let root = try Self.scratch()
    defer { remove(root) }
    let open = root.appending("open")
    try FileSystem.createDirectories(open)
    try Self.change(open, 0o777)
    try FileSystem.createDirectories(root.appending("safe"))
    try FileSystem.createSymbolicLink(at: root.appending("safe/cache"), to: "../open")
    #expect(try DirectoryTrust.foreignWriter(of: root.appending("safe/cache"))?.path == open)
  }

  @Test(
    "A link that another user can replace is refused, even if it leads to a trusted directory",
    .enabled(if: geteuid() == 0))
  func foreignLink() throws {
    let root = try Self.scratch()
    defer { remove(root) }
    for name in ["open", "sticky", "safe"] { try FileSystem.createDirectories(root.appending(name)) }
    try Self.change(root.appending("open"), 0o777)
    try Self.change(root.appending("sticky"), 0o1777)
    let (inOpen, inSticky) = (root.appending("open/link"), root.appending("sticky/link"))
    for link in [inOpen, inSticky] { try FileSystem.createSymbolicLink(at: link, to: "../safe") }
    #expect(try DirectoryTrust.foreignWriter(of: inOpen)?.path == root.appending("open"))
    #expect(try DirectoryTrust.foreignWriter(of: inSticky) == nil)
    #expect(inSticky.withPlatformString { lchown($0, 1234, 0) } == 0)
    #expect(try DirectoryTrust.foreignWriter(of: inSticky) == ForeignWriter(path: inSticky, reason: .owner(1234)))
    try FileSystem.createSymbolicLink(at: root.appending("circle"), to: "circle")
    #expect(throws: SystemCallError.self) { try DirectoryTrust.foreignWriter(of: root.appending("circle")) }
  }

  @Test("A directory whose access list lets others write is refused") func accessList() throws {
    let root = try Self.scratch()
    defer { remove(root) }
    // acl(5) as xattr(7) stores it: owner rwx, user 1234 rwx, group r-x, mask rwx, others r-x.
    let program = """
      import errno, os, struct, sys
      entries = (1, 7, -1), (2, 7, 1234), (4, 5, -1), (16, 7, -1), (32, 5, -1)
      value = b"\\2\\0\\0\\0" + b"".join(struct.pack("<HHi", *entry) for entry in entries)
      try: os.setxattr(sys.argv[1], "system.posix_acl_access", value)
      except OSError as error: sys.exit(3 if error.errno == errno.ENOTSUP else 1)
      """
    let outcome = try Subprocess("python3", ["-c", program, root.string], environment: environmentStrings()).run()
    // A file system without access lists has nothing to refuse.
    if outcome.termination == .exited(3) { return }
    #expect(outcome.termination.isSuccess, "\(outcome.errorText)")
    #expect(try DirectoryTrust.foreignWriter(of: root)?.reason == .accessList)
  }

  @Test("A directory of another user, or writable by a foreign group, is refused", .enabled(if: geteuid() == 0))
  func foreignOwner() throws {
    let root = try Self.scratch()
    defer { remove(root) }
    let other = root.appending("other")
    try FileSystem.createDirectories(other)
    #expect(other.withPlatformString { chown($0, 1234, 0) } == 0)
    #expect(try DirectoryTrust.foreignWriter(of: other.appending("a/b"))?.reason == .owner(1234))
    let shared = root.appending("shared")
    try FileSystem.createDirectories(shared)
    #expect(shared.withPlatformString { chown($0, 0, 4321) } == 0)
    try Self.change(shared, 0o775)
    #expect(try DirectoryTrust.foreignWriter(of: shared)?.reason == .group(4321))
  }

  @Test("A refusal names the directory, the reason, a remedy and the variable; an exempted directory passes")
  func refusal() throws {
    let root = try Self.scratch()
    defer { remove(root) }
    try Self.change(root, 0o777)
    let cache = root.appending("cache")
    let refusal = try DirectoryTrust.refusal(of: cache, variable: "KILT_CACHE_DIR") { _ in nil }
    let diagnostic = try #require(refusal).diagnostic
    #expect(diagnostic.blame == .environment)
    #expect(diagnostic.summary == "cannot use \"\(cache)\": another user could have changed the programs in it")
    #expect(diagnostic.notes == ["every user can write to \"\(root)\""])
    #expect(diagnostic.remedies.first == "run `chmod o-w \(root)`")
    #expect(diagnostic.remedies.contains { $0.contains("`KILT_CACHE_DIR`") })
    for (list, isRefused) in [("/a:\(root)", false), ("\(root)x", true), ("relative", true), ("", true)] {
      let found = try DirectoryTrust.refusal(of: cache, variable: "KILT_CACHE_DIR") {
        $0 == "KILT_TRUSTED_DIRECTORIES" ? list : nil
      }
      #expect((found != nil) == isRefused, "\(list)")
    }
  }

  private func remove(_ path: FilePath) {
    do { try FileSystem.removeTree(path) } catch { Issue.record(error) }
  }
}
