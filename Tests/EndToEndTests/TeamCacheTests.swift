import Glibc
import JSON
import SystemSupport
import Testing

/// Two workspaces in different directories, each with a cache of its own, stand for two machines of a team.
@Suite struct TeamCacheTests {
  /// The changes of the environment for a machine.
  private func machine(_ cache: [String], _ remote: FilePath, _ mode: String) -> [String] {
    cache + ["KILT_CACHE_REMOTE=\(remote)", "KILT_CACHE_REMOTE_MODE=\(mode)"]
  }

  private func count(_ example: Example, _ environment: [String], _ kind: String, _ name: String) throws -> Int64? {
    let outcome = try example.kilt("cache", "stats", "--format", "json", environment: environment)
    return try JSONValue(parsing: outcome.output)["kinds"]?[kind]?[name]?.int
  }

  @Test("A test that passed on one machine is not run on another, and an edit is explained") func tests() throws {
    let example = try Example()
    let remote = example.scratch.appending("remote")
    let ci = machine(try example.freshResults(), remote, "write")
    let laptop = machine(try example.freshResults(), remote, "read")
    let specs = ["lib/auth::", "lib/memcache_utils::"]
    let first = try example.kilt(["test"] + specs, environment: ci)
    #expect(first.termination.isSuccess && !first.errorText.contains("cached"), "\(first.errorText)")
    // Another clone, in another directory.
    let clone = example.scratch.appending("elsewhere/clone")
    try example.execute("git", ["clone", "--quiet", example.root.string, clone.string])
    func there(_ arguments: [String]) throws -> Subprocess.Outcome {
      try example.kilt(arguments, in: clone, environment: laptop)
    }
    let report = example.scratch.appending("reports")
    let second = try there(["test", "--report", report.string] + specs)
    #expect(second.termination.isSuccess, "\(second.errorText)")
    #expect(second.errorText.contains("2 files: 2 passed (2 cached)"), "\(second.errorText)")
    #expect(try FileSystem.list(report).count == 2)
    #expect(try count(example, ci, "tests", "uploads") == 2)
    #expect(try count(example, laptop, "tests", "hits") == 2)
    // A machine without any wheel fetches none, because no test runs.
    let bare = machine(try example.freshResults(), remote, "read")
    let cache = FilePath(String(try #require(bare.first { $0.hasPrefix("KILT_CACHE_DIR=") }).dropFirst(15)))
    try FileSystem.removeFile(cache.appending("blobs"))
    let third = try example.kilt(["test"] + specs, in: clone, environment: bare)
    #expect(third.errorText.contains("2 files: 2 passed (2 cached)"), "\(third.errorText)")
    #expect(try count(example, bare, "wheels", "hits") == nil && count(example, bare, "wheels", "misses") == nil)
    // What differs is said, from the inputs of the newest entry.
    try FileSystem.write(text: "LIMIT = 3\n", to: clone.appending("lib/auth/limits.py"))
    let source = clone.appending("lib/auth/tokens.py")
    try FileSystem.write(text: try FileSystem.readText(source) + "\n# A remark.\n", to: source)
    let explained = try there(["explain", "lib/auth/tokens_test.py"])
    #expect(explained.text.contains("remote cache: miss; different from the entry of"), "\(explained.text)")
    #expect(explained.text.contains("file lib/auth/tokens.py changed"), "\(explained.text)")
    // Whatever stands in the remote cache, the build goes on.
    try example.git("checkout", "--quiet", ".")
    for file in try example.execute("find", [remote.string, "-type", "f"]).split(separator: "\n") {
      try FileSystem.write(text: "poison", to: FilePath(String(file)))
    }
    let last = machine(try example.freshResults(), remote, "read")
    let poisoned = try example.kilt(["test"] + specs, environment: last)
    #expect(poisoned.termination.isSuccess, "\(poisoned.errorText)")
    #expect(poisoned.errorText.contains("note: ignored the remote cache entry"), "\(poisoned.errorText)")
    #expect(poisoned.errorText.contains("2 files: 2 passed;") || !poisoned.errorText.contains("cached)"))
    // A place that is not there costs a note.
    let offline = try example.freshResults() + ["KILT_CACHE_REMOTE=http://127.0.0.1:9/cache"]
    let alone = try example.kilt(["test", "lib/auth::"], environment: offline)
    #expect(alone.termination.isSuccess)
    #expect(alone.errorText.split(separator: "\n").count { $0.contains("continuing without the remote cache") } == 1)
  }

  @Test("A cached test fetches no bundle; a test that runs fetches it, or builds it where it is gone")
  func bundles() throws {
    let example = try Example()
    let remote = example.scratch.appending("remote")
    try example.append(
      "tools/igorctl/package_test.py",
      """
      import os
      import pathlib


      def test_size():
          assert pathlib.Path("tools.igorctl/igorctl.pex").stat().st_size > 1000
          assert os.environ.get("WANTED", "1") == "1"
      """)
    // A bundle that is too large for an entry.
    let noise = (0..<500_000).map { _ in Character(UnicodeScalar(UInt8.random(in: 97...122))) }
    try example.append("tools/igorctl/noise.py", "NOISE = \"\(String(noise))\"\n")
    try example.append("tools/igorctl/igorctl.py", "\nfrom tools.igorctl import noise  # noqa: E402,F401\n")
    let overrides = "{\"package_test.py\": {\"runtime_package_dependencies\": [\":igorctl\"]}}"
    try example.edit(
      "tools/igorctl/BUILD", "python_tests(name=\"tests\")", "python_tests(name=\"tests\", overrides=\(overrides))")
    let test = ["test", "tools/igorctl/package_test.py"]
    func run(_ further: [String], _ environment: [String]) throws -> String {
      let outcome = try example.kilt(test + further, environment: environment)
      try #require(outcome.termination.isSuccess, "\(outcome.text)\(outcome.errorText)")
      return outcome.errorText
    }
    // Each machine has the blobs of the wheels, and none of results.
    func fresh(_ mode: String) throws -> [String] {
      let environment = machine(try example.freshResults(), remote, mode)
      let cache = FilePath(String(try #require(environment.first { $0.hasPrefix("KILT_CACHE_DIR=") }).dropFirst(15)))
      try FileSystem.removeFile(cache.appending("blobs"))
      try example.execute("cp", ["-al", Example.cache.appending("blobs").string, cache.appending("blobs").string])
      // The bundle of earlier runs of this test is none of a new machine.
      for blob in try FileSystem.list(blobs) where blob.kind == .file {
        let path = cache.appending("blobs/sha256/\(blob.name.prefix(2))/\(blob.name)")
        if FileSystem.exists(path) { try FileSystem.removeFile(path) }
      }
      return environment
    }
    let blobs = example.scratch.appending("bundles")
    try FileSystem.createDirectories(blobs)
    _ = try run([], try fresh("write"))
    let found = try example.execute("find", [remote.appending("blobs").string, "-type", "f"]).split(separator: "\n")
    let bundle = FilePath(String(try #require(found.first)))
    try #require(found.count == 1, "\(found)")
    try FileSystem.write(text: "", to: blobs.appending(bundle.lastComponent?.string ?? ""))
    let size = try FileSystem.status(of: bundle).size
    func fetched(_ environment: [String]) throws -> Int64 {
      try count(example, environment, "bundles", "downloaded_bytes") ?? 0
    }

    let laptop = try fresh("read")
    #expect(try run([], laptop).contains("1 passed (1 cached)"))
    #expect(try fetched(laptop) < size)
    #expect(try run(["--force"], laptop).contains("1 passed;"))
    #expect(try fetched(laptop) > size)
    // A promise that is broken in the middle of a run.
    let other = try fresh("read")
    try FileSystem.removeFile(bundle)
    let text = try run(["--force"], other)
    #expect(text.contains("starting again") && text.contains("1 passed;"), "\(text)")
  }

  @Test("With trusted keys, only signed results count") func signatures() throws {
    let example = try Example()
    let remote = example.scratch.appending("remote")
    let key = example.scratch.appending("ci.pem")
    try example.kilt("artifacts", "keygen", "--no-password", key.string)
    let caches = try (0..<4).map { _ in try example.freshResults() }
    func run(_ cache: [String], _ mode: String, _ further: [String] = []) throws -> String {
      let environment = machine(cache, remote, mode) + further
      return try example.kilt("test", "lib/memcache_utils::", environment: environment).errorText
    }
    // Whoever can write to the directory is not yet trusted.
    _ = try run(caches[0], "write")
    try example.append("kilt.toml", "\n[cache]\ntrusted_keys = [\"\(key).pub\"]\n")
    let refused = try run(caches[1], "read")
    #expect(refused.contains("it is not signed") && !refused.contains("cached"), "\(refused)")
    _ = try run(caches[2], "write", ["KILT_SIGNING_KEY=\(key)"])
    let trusted = try run(caches[3], "read")
    #expect(trusted.contains("(1 cached)") && !trusted.contains("note:"), "\(trusted)")
  }

  @Test("A test that passed after a retry stays on its machine") func flaky() throws {
    let example = try Example()
    let remote = example.scratch.appending("remote")
    let marker = example.scratch.appending("marker")
    try example.append("flaky/BUILD", "python_tests(name=\"tests\")\n")
    try example.append(
      "flaky/flaky_test.py",
      """
      import os

      def test_second_time():
          path = "\(marker)"
          again = os.path.exists(path)
          open(path, "w").close()
          assert again
      """)
    let ci = machine(try example.freshResults(), remote, "write")
    let outcome = try example.kilt(["test", "flaky::", "--attempts-default", "2"], environment: ci)
    #expect(outcome.termination.isSuccess, "\(outcome.errorText)")
    #expect(try count(example, ci, "tests", "withheld") == 1)
    #expect(try count(example, ci, "tests", "uploads") == 0)
  }

  @Test("Users with different directories share what one of them has built", .enabled(if: getuid() == 0))
  func users() throws {
    let example = try Example()
    let root = try example.makeWorkspace([
      "kilt.toml": "[cache]\nremote = \"\(example.scratch)/remote\"\n",
      "site/BUILD": """
      files(name="pages", sources=["*.html"])
      archive(name="site", format="tar.gz", files=[":pages"])
      """, "site/index.html": "<p>hello</p>\n",
    ])
    try FileSystem.setPermissions(0o755, of: example.scratch)
    func build(_ user: Int, _ mode: String) throws -> (bytes: [UInt8], hits: Int64) {
      let home = example.scratch.appending("home\(user)")
      try FileSystem.createDirectories(home)
      let clone = home.appending("src\(user)/acme")
      try example.execute("cp", ["-R", root.string, home.appending("copy").string])
      try FileSystem.createDirectories(clone.removingLastComponent())
      try FileSystem.rename(home.appending("copy"), to: clone)
      if mode == "write" { try FileSystem.createDirectories(example.scratch.appending("remote")) }
      if mode == "write" { try example.execute("chown", ["\(user)", "\(example.scratch)/remote"]) }
      try example.execute("chown", ["-R", "\(user):\(user)", home.string])
      func kilt(_ arguments: String...) throws -> String {
        try example.execute(
          "setpriv",
          ["--reuid=\(user)", "--regid=\(user)", "--clear-groups", example.programs.appending("kilt").string]
            + arguments,
          in: clone,
          environment: ["HOME=\(home)", "XDG_CACHE_HOME", "KILT_CACHE_DIR", "KILT_CACHE_REMOTE_MODE=\(mode)"])
      }
      _ = try kilt("package", "site:site")
      let statistics = try JSONValue(parsing: Array(kilt("cache", "stats", "--format", "json").utf8))
      return (
        try FileSystem.read(clone.appending("dist/site/site.tar.gz")),
        statistics["kinds"]?["archives"]?["hits"]?.int ?? 0
      )
    }
    let ci = try build(64001, "write")
    let laptop = try build(64002, "read")
    #expect(ci.hits == 0 && laptop.hits == 1 && ci.bytes == laptop.bytes)
  }
}
