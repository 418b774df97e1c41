import Glibc
import JSON
import SystemSupport
import Testing

/// From source to bundle.
@Suite struct PackageTests {
  @Test func theWorkspaceIsListed() throws {
    let example = try Example()
    let targets = Set(try example.kilt("list", "::").text.split(separator: "\n").map(String.init))
    #expect(targets.isSuperset(of: ["services/fiddler:server", "services/eightball:server", "//:deployables"]))
    let json = try JSONValue(parsing: try example.kilt("list", "::", "--format", "json").output)
    #expect(Set(json.array?.compactMap(\.string) ?? []) == targets)
  }

  @Test func dependenciesAreTransitiveInBothStyles() throws {
    let example = try Example()
    func dependencies(_ target: String) throws -> Set<Substring> {
      Set(try example.kilt("dependencies", "--transitive", target).text.split(separator: "\n"))
    }
    // Written down in the style of 2017, and inferred from imports below that.
    let fiddler = try dependencies("services/fiddler:server")
    #expect(
      fiddler.isSuperset(of: [
        "services/fiddler/server.py", "services/fiddler/constants.yaml:constants", "lib/sharknado/api.py",
        "lib/auth/tokens.py", "3rdparty/python:pyyaml", "3rdparty/python:reqs#bottle",
      ]), "\(fiddler.sorted())")
    // All inferred.
    let eightball = try dependencies("services/eightball:server")
    #expect(
      eightball.isSuperset(of: ["services/eightball/server.py", "lib/sharknado/api.py", "3rdparty/python:reqs#bottle"]),
      "\(eightball.sorted())")
    #expect(!eightball.contains("lib/auth/tokens.py"))
  }

  @Test func theLockfileFitsUntilARequirementIsAdded() throws {
    let example = try Example()
    #expect(try example.kilt("lock", "--check").errorText == "3rdparty/python/default.lock fits")
    try example.append("3rdparty/python/requirements.txt", "flask>=3\n")
    try expectFailure(
      example, try example.kilt(["lock", "--check"]), code: 1,
      """
      error: the lockfile "3rdparty/python/default.lock" does not fit its requirements
        note: the requirement "flask>=3" is not locked
        help: run `kilt lock`
      """)
  }

  @Test func aBundleRunsByItself() throws {
    let example = try Example()
    let said = try example.kilt("package", "services/fiddler:server").errorText
    #expect(said.hasPrefix("built  dist/fiddler_server-"))
    let bundle = try example.bundle("fiddler_server-")
    let commit = try example.git("rev-parse", "HEAD")
    #expect(bundle.lastComponent?.string.hasPrefix("fiddler_server-\(commit.prefix(12))-") == true)

    // Nothing but a folder with a Python on the PATH; HOME is the empty folder.
    let empty = example.scratch.appending("empty")
    try FileSystem.createDirectories(empty)
    let tools = try Tools.folder(of: ["python3"], in: example)
    let outcome = try Subprocess(
      bundle.string, ["--help"], environment: ["PATH=\(tools)", "HOME=\(empty)"], workingDirectory: empty
    ).run()
    #expect(outcome.termination == .exited(0), "\(outcome.errorText)")
    #expect(outcome.text.hasPrefix("usage: "))
  }

  @Test func aBundleIsAZip() throws {
    let example = try Example()
    try example.kilt("package", "services/fiddler:server")
    let bundle = try example.bundle("fiddler_server-").string
    #expect(try example.execute("unzip", ["-tqq", bundle]) == "")
    let listing = try example.execute("python3", ["-m", "zipfile", "-l", bundle])
    for name in [
      "PEX-INFO", "__main__.py", "services/fiddler/server.py", "services/fiddler/constants.yaml", "lib/auth/tokens.py",
    ] {
      #expect(listing.contains(name), "\(name)")
    }
    #expect(listing.contains(".deps/bottle-"))
    #expect(!listing.contains("_test.py"))
    #expect(!listing.contains("services/eightball"))
  }

  @Test func theBytesAreTheSameForAnotherUserElsewhereAtAnotherTime() throws {
    let (one, other) = (try Example(), try Example())
    try one.kilt("package", "services/fiddler:server")
    // Another cache, mask, time zone, language and clock; folders list their files in another order; another user.
    let changes = try other.freshResults() + ["TZ=Pacific/Kiritimati", "LC_ALL=C.UTF-8", "HOME=\(other.scratch)"]
    for folder in ["lib", "services/fiddler"] {
      try other.execute(
        "sh",
        [
          "-c", "mv \"$0\" x && mkdir \"$0\" && ls -r x | while read -r f; do mv x/\"$f\" \"$0\"; done && rmdir x",
          folder,
        ])
    }
    try other.execute("sh", ["-c", "find . -name '*.py' -exec touch -d 2001-02-03 {} +"])
    // A copy: another user may not see where the tests were built.
    let program = other.scratch.appending("kilt-copy").string
    try other.execute("cp", [other.programs.appending("kilt").string, program])
    var command = ["faketime", "2040-05-06 07:08:09", program, "package", "services/fiddler:server"]
    if getuid() == 0 {
      try other.execute("chown", ["-R", "65534:65534", other.scratch.string])
      command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] + command
    }
    try other.execute("sh", ["-c", "umask 077; exec \"$@\"", "sh"] + command, environment: changes)
    #expect(try one.sha256(one.bundle("fiddler_server-")) == other.sha256(other.bundle("fiddler_server-")))
  }

  @Test func doingItAgainDoesNothing() throws {
    let example = try Example()
    try example.kilt("package", "services/fiddler:server")
    let bundle = try example.bundle("fiddler_server-")
    let before = try FileSystem.status(of: bundle)
    let said = try example.kilt("package", "services/fiddler:server").errorText
    #expect(said.contains("unchanged  dist/"))
    #expect(said.hasSuffix("nothing to do: it is up to date"))
    #expect(try FileSystem.status(of: bundle) == before)
  }

  @Test func aBundleThatWasTouchedOrRemovedIsBuiltAgain() throws {
    let example = try Example()
    try example.kilt("package", "services/eightball:server")
    let bundle = try example.bundle("eightball_server-")
    let digest = try example.sha256(bundle)
    try FileSystem.write(text: "damaged", to: bundle)
    #expect(try example.kilt("package", "services/eightball:server").errorText.hasPrefix("built  "))
    #expect(try example.sha256(bundle) == digest)
    try FileSystem.removeFile(bundle)
    #expect(try example.kilt("package", "services/eightball:server").errorText.hasPrefix("built  "))
    #expect(try example.sha256(bundle) == digest)
  }

  @Test func onlyWhatDependsOnAnEditIsBuilt() throws {
    let example = try Example()
    let both = ["package", "services/fiddler:server", "services/eightball:server", "--format", "json"]
    func work() throws -> [String: String] {
      let outcome = try example.kilt(both)
      try #require(outcome.termination.isSuccess, "\(outcome.errorText)")
      let bundles = try #require(JSONValue(parsing: outcome.output).array)
      return Dictionary(
        bundles.map { ($0["address"]?.string ?? "", $0["work"]?.string ?? "") }, uniquingKeysWith: { $1 })
    }
    #expect(try work() == ["services/fiddler:server": "built", "services/eightball:server": "built"])

    try example.edit("services/fiddler/constants.yaml", "Hello from fiddler", "Hello")
    let eightball = try example.sha256(example.bundle("eightball_server-"))
    // The tree is dirty now, so both have a new name; eightball's bytes are those of before.
    #expect(try work() == ["services/fiddler:server": "built", "services/eightball:server": "renamed"])
    #expect(try work() == ["services/fiddler:server": "unchanged", "services/eightball:server": "unchanged"])
    let dirty = try example.bundles().filter { $0.hasPrefix("eightball") && $0.contains(".dirty-") }
    try #require(dirty.count == 1)
    #expect(try example.sha256(example.root.appending("dist").appending(dirty[0])) == eightball)

    try example.append("lib/memcache_utils/cache.py", "# an edit\n")
    #expect(try work() == ["services/fiddler:server": "built", "services/eightball:server": "built"])
  }

  @Test func aCommitThatTouchesNoInputGivesTheSameBytes() throws {
    let example = try Example()
    try example.kilt("package", "services/fiddler:server")
    let first = try example.bundle("fiddler_server-")
    try example.append("README.md", "More.\n")
    let commit = try example.commit("a document")
    #expect(try example.kilt("package", "services/fiddler:server").errorText.hasPrefix("renamed  "))
    let second = try example.bundle("fiddler_server-\(commit.prefix(12))-")
    #expect(try example.sha256(first) == example.sha256(second))
    #expect(first != second)
  }

  @Test func aBundleIsTheSameInAnotherPlace() throws {
    let first = try Example()
    let second = try Example()
    try first.kilt("package", "tools/igorctl")
    try second.kilt("package", "tools/igorctl")
    #expect(try first.sha256(first.bundle("igorctl-")) == second.sha256(second.bundle("igorctl-")))
  }

  @Test func aCopiedWorkspaceLeavesTheOriginalAlone() throws {
    let example = try Example()
    try example.append("tools/igorctl/igorctl.py", "# an edit\n")
    try example.kilt("package", "tools/igorctl")
    let original = try example.bundle("igorctl-")
    let copy = example.scratch.appending("copy")
    try example.execute("cp", ["-a", example.root.string, copy.string])
    try example.execute("git", ["-C", copy.string, "commit", "-qam", "edit"])
    try example.kilt("package", "-C", copy.string, "tools/igorctl")
    #expect(FileSystem.exists(original))
  }

  @Test func dirtyNamesDoNotPileUp() throws {
    let example = try Example()
    try example.append("tools/igorctl/igorctl.py", "# one\n")
    try example.kilt("package", "tools/igorctl")
    #expect(try example.bundles().count == 1)
    try example.commit("edit")
    try example.kilt("package", "tools/igorctl")
    let names = try example.bundles()
    #expect(names.count == 1)
    #expect(!names.contains { $0.contains("dirty") })
  }

  @Test func packingKeepsTheTreeCleanWithoutAnIgnoreFile() throws {
    let example = try Example()
    try FileSystem.removeFile(example.root.appending(".gitignore"))
    try example.commit("no .gitignore")
    try example.kilt("package", "tools/igorctl")
    #expect(try example.git("status", "--porcelain") == "")
  }

  @Test func twoAtOnceGiveTheSame() throws {
    let example = try Example()
    let environment = example.environment()
    let kilt = example.programs.appending("kilt").string
    let script = """
      "$0" package services/fiddler:server 2>../first & one=$!
      "$0" package services/fiddler:server 2>../second & two=$!
      wait $one || exit 10
      wait $two || exit 20
      cat ../first ../second
      """
    let outcome = try Subprocess(
      "sh", ["-c", script, kilt], environment: environment, workingDirectory: example.root,
      deadlineMilliseconds: 300_000
    ).run()
    #expect(outcome.termination == .exited(0), "\(outcome.errorText)")
    // Whoever came second waited, and found the work done.
    #expect(outcome.text.contains("built  dist/fiddler_server-"))
    #expect(outcome.text.contains("unchanged  dist/fiddler_server-"))
    #expect(try example.bundles().count == 1)
    try example.execute("unzip", ["-tqq", example.bundle("fiddler_server-").string])
    let left = try FileSystem.list(example.root.appending("dist")).map(\.name).filter { $0.hasSuffix(".tmp") }
    #expect(left == [])
  }
}

/// Programs by themselves.
enum Tools {
  /// A folder that holds nothing but links to these programs of the PATH.
  static func folder(of names: [String], in example: Example) throws -> FilePath {
    let folder = example.scratch.appending("tools-" + names.joined(separator: "-"))
    try FileSystem.createDirectories(folder)
    for name in names {
      // What a shim of pyenv starts depends on where it is started: the interpreter itself is meant.
      let path =
        name == "python3"
        ? try example.execute("python3", ["-c", "import sys; print(sys.executable)"])
        : try #require(Subprocess.find(name), "\(name) is needed: apt-get install \(name)").string
      try FileSystem.createSymbolicLink(at: folder.appending(name), to: FilePath(path))
    }
    return folder
  }
}
