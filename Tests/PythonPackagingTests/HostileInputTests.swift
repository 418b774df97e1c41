import Digests
import SystemSupport
import Testing

@testable import PythonPackaging

/// Lockfiles and index pages that somebody damaged or made with bad intentions: each is read, or refused with an error.
@Suite struct HostileInputTests {
  private static let hash = SHA256Digest.of("x").hex
  private static let commit = String(repeating: "0a", count: 20)
  static let locks = [
    exampleLock.text,
    """
    // --- BEGIN PANTS LOCKFILE METADATA: DO NOT EDIT OR REMOVE ---
    // {"version": 3, "valid_for_interpreter_constraints": ["CPython>=3.9"]}
    // --- END PANTS LOCKFILE METADATA ---
    {"locked_resolves": [{"marker": "sys_platform == 'linux'", "platform_tag": ["cp311", "cp311", "linux_x86_64"],
    "locked_requirements": [{"project_name": "x", "version": "1.0", "requires_dists": ["y>1; extra == 'e'"],
    "artifacts": [{"algorithm": "sha256", "hash": "\(hash)", "url": "https://h.invalid/x-1.0-py3-none-any.whl"},
    {"algorithm": "sha256", "hash": "\(hash)", "url": "git+https://h.invalid/r@\(commit)#subdirectory=p"}]}]}],
    "requirements": ["x"], "requires_python": ["CPython>=3.9", "PyPy"], "constraints": [], "excluded": ["z"]}
    """,
    """
    lock-version = "1.0"
    requires-python = ">=3.9"
    extras = ["e"]
    [[packages]]
    name = "x"
    version = "1.0"
    marker = "'e' in extras"
    sdist = { url = "https://h.invalid/x-1.0.tar.gz", size = 1, hashes = { sha256 = "\(hash)" } }
    wheels = [{ name = "x-1.0-py3-none-any.whl", hashes = { sha256 = "\(hash)" } }]
    [[packages]]
    name = "g"
    vcs = { type = "git", url = "https://h.invalid/r", commit-id = "\(commit)" }
    """,
    """
    version = 1
    requires-python = ">=3.9"
    resolution-markers = ["python_full_version >= '3.12'"]
    [[package]]
    name = "x"
    version = "1.0"
    source = { registry = "https://h.invalid/simple" }
    dependencies = [{ name = "y", marker = "sys_platform == 'linux'", extra = ["e"] }]
    wheels = [{ url = "https://h.invalid/x-1.0-py3-none-any.whl", hash = "sha256:\(hash)", size = 1 }]
    [package.optional-dependencies]
    e = [{ name = "z" }]
    [[package]]
    name = "g"
    version = "2"
    source = { git = "https://h.invalid/r?rev=main#\(commit)" }
    """,
    """
    # comment
    --index-url https://h.invalid/simple
    x[e]==1.0 ; python_version >= "3.9" \\
        --hash=sha256:\(hash) \\
        --hash=sha256:\(hash)
        # via y
    y==2.0 --hash=sha256:\(hash)
    """,
  ]

  /// Reads a text as every kind of lock does, and asks it something.
  private func use(_ bytes: [UInt8]) -> Bool {
    do throws(LockError) {
      let lock = try LockfileReader.parse(bytes, path: "locks/a.lock", root: "/nonexistent")
      for package in lock.packages {
        for file in package.files {
          #expect(!file.name.contains("/") && !file.name.hasPrefix("."))
        }
      }
      let target = try? target("3.11")
      guard let target else { return true }
      // A lock that can be read may still lack what is asked for.
      _ = try? lock.subset(of: lock.packages.map { Requirement(name: $0.name) }, for: target, path: "a.lock")
      return true
    } catch {
      _ = error.diagnostic
      return false
    }
  }

  @Test(arguments: locks.indices) func aLockThatIsWholeIsRead(index: Int) throws {
    #expect(use(Array(Self.locks[index].utf8)))
  }

  @Test(arguments: locks.indices) func aLockCutAnywhereIsReadOrRefused(index: Int) throws {
    let bytes = Array(Self.locks[index].utf8)
    var refused = 0
    for end in 0..<bytes.count where !use(Array(bytes[..<end])) { refused += 1 }
    #expect(refused > 20)
  }

  @Test(arguments: locks.indices) func aLockDamagedAnywhereIsReadOrRefused(index: Int) throws {
    let bytes = Array(Self.locks[index].utf8)
    var dice = Dice(seed: UInt64(index) + 7)
    let pieces: [[UInt8]] = [
      [0], [0xFF], Array("\"".utf8), Array("[".utf8), Array("{".utf8), Array("../".utf8), Array("\n".utf8),
      Array("@".utf8), Array("'".utf8), Array("999999999999999999999".utf8), Array("\\u0000".utf8), [],
    ]
    for _ in 0..<1500 {
      var damaged = bytes
      for _ in 0...dice.roll(3) {
        let start = dice.roll(damaged.count)
        damaged.replaceSubrange(start..<min(damaged.count, start + dice.roll(6)), with: dice.pick(pieces))
      }
      _ = use(damaged)
    }
  }

  @Test func whatALockNamesStaysWhereItShould() throws {
    for name in ["../x-1.0-py3-none-any.whl", "/etc/passwd", ".hidden", "a b.whl", "-x.whl", ""] {
      #expect(!LockedFile.isFileName(name))
    }
    #expect(LockedFile(url: "https://h.invalid/a/%2e%2e%2fx.whl", size: nil, sha256: .of("x")) == nil)
    for source in [
      "git+ext::sh -c x@\(Self.commit)", "git+--upload-pack=x@\(Self.commit)",
      "git+https://a:b@h.invalid/r@\(Self.commit)",
      "git+https://h.invalid/r@main", "git+ssh://-oProxyCommand=x/r@\(Self.commit)",
      "git+https://h.invalid/r@\(Self.commit)#subdirectory=../x", "ftp://h.invalid/x", "file:",
    ] {
      #expect(PackageSource(source) == nil, "\(source)")
    }
  }

  @Test func nestingAndCirclesEnd() throws {
    for depth in [100, 100_000] {
      let nested = String(repeating: "[", count: depth)
      #expect(!use(Array("{\"kilt_lock\": 1, \"x\": \(nested)".utf8)))
      #expect(!use(Array("version = 1\nx = \(nested)".utf8)))
      let marker = String(repeating: "(", count: depth) + "os_name == 'a'" + String(repeating: ")", count: depth)
      #expect(!use(Array("x==1 ; \(marker) --hash=sha256:\(Self.hash)".utf8)))
    }
  }

  private static let pages: [(type: String, text: String)] = [
    (
      "text/html",
      "<!DOCTYPE html><base href='https://h.invalid/s/'><!-- c --><a href=\"../x-1.0-py3-none-any.whl#sha256=\(hash)\" "
        + "data-requires-python=\"&gt;=3\">x</a><A HREF='y.whl'>y</a>"
    ),
    (
      "application/vnd.pypi.simple.v1+json",
      "{\"files\": [{\"filename\": \"x.whl\", \"url\": \"../x.whl\", \"hashes\": {\"sha256\": \"\(hash)\"}, \"size\": 3}]}"
    ),
  ]

  @Test(arguments: [0, 1]) func aDamagedPageOfAnIndexIsReadOrRefused(index: Int) throws {
    let (type, text) = Self.pages[index]
    let bytes = Array(text.utf8)
    for end in 0..<bytes.count {
      _ = SimplePage(contentType: type, body: Array(bytes[..<end]), url: "https://u:p@h.invalid/simple/x/")
    }
    var dice = Dice(seed: 11)
    for _ in 0..<3000 {
      var damaged = bytes
      damaged[dice.roll(bytes.count)] = UInt8(dice.roll(256))
      damaged.insert(
        contentsOf: Array(dice.pick(["<a ", "href=", "\"", "'", "<!--", ">", "#", "%", "://"]).utf8),
        at: dice.roll(damaged.count))
      _ = SimplePage(contentType: type, body: damaged, url: "https://u:p@h.invalid/simple/x/")
    }
  }

  @Test func aPageOfManyOpenTagsIsReadInOnePass() throws {
    // A reader that looked for each tag's end from its beginning would take hours.
    let page = String(repeating: "<a href=\"x", count: 100_000) + String(repeating: "<!--", count: 100_000)
    let read = SimplePage(contentType: "text/html", body: Array(page.utf8), url: "https://h.invalid/")
    #expect(read != nil)
  }
}
