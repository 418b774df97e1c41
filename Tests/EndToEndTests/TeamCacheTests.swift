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
    let third = machine(try example.freshResults(), remote, "read")
    let poisoned = try example.kilt(["test"] + specs, environment: third)
    #expect(poisoned.termination.isSuccess, "\(poisoned.errorText)")
    #expect(poisoned.errorText.contains("note: ignored the remote cache entry"), "\(poisoned.errorText)")
    #expect(poisoned.errorText.contains("2 files: 2 passed;") || !poisoned.errorText.contains("cached)"))
    // A place that is not there costs a note.
    let offline = try example.freshResults() + ["KILT_CACHE_REMOTE=http://127.0.0.1:9/cache"]
    let alone = try example.kilt(["test", "lib/auth::"], environment: offline)
    #expect(alone.termination.isSuccess)
    #expect(alone.errorText.split(separator: "\n").count { $0.contains("continuing without the remote cache") } == 1)
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
