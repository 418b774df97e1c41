import JSON
import SystemSupport
import Testing

/// What users see when something is wrong: exit code, and the whole message.
@Suite struct FailureTests {
  // MARK: Input

  @Test func aSyntaxErrorInABuildFile() throws {
    let example = try Example()
    try example.append("tools/igorctl/BUILD", "pex_binary(\n    name=\"broken\"\n    entry_point=\"x.py\",\n)\n")
    try expectFailure(
      example, try example.kilt(["package", "services/fiddler:server"]), code: 2,
      """
      error: syntax error: got identifier entry_point, want ',' or ')'
        --> tools/igorctl/BUILD:8:5
         |
       8 |     entry_point="x.py",
         |     ^
      """)
  }

  @Test func anUnknownField() throws {
    let example = try Example()
    try example.append("tools/igorctl/BUILD", "pex_binary(name=\"other\", entrypoint=\"igorctl.py\")\n")
    try expectFailure(
      example, try example.kilt(["list", "::"]), code: 2,
      """
      error: the target "tools/igorctl:other" has the field "entrypoint", which pex_binary does not have
        --> tools/igorctl/BUILD:6:26
         |
       6 | pex_binary(name="other", entrypoint="igorctl.py")
         |                          ^^^^^^^^^^
        help: did you mean "entry_point"?
      """)
  }

  @Test func aDependencyThatDoesNotExist() throws {
    let example = try Example()
    try example.edit("services/fiddler/BUILD", "'lib/auth',", "'lib/auht',")
    try expectFailure(
      example, try example.kilt(["package", "services/fiddler:server"]), code: 2,
      """
      error: the target "lib/auht", a dependency of "services/fiddler/server.py", does not exist
         --> services/fiddler/BUILD:10:10
          |
       10 |         'lib/auht',
          |          ^^^^^^^^
        note: the directory "lib/auht" does not exist
        help: did you mean "lib/auth"?
      """)
  }

  @Test func aTargetThatDoesNotExist() throws {
    let example = try Example()
    try expectFailure(
      example, try example.kilt(["package", "services/fiddler:sever"]), code: 2,
      """
      error: the target "services/fiddler:sever" does not exist
        note: targets in "services/fiddler": constants, fiddler, server, tests
        help: did you mean "services/fiddler:server"?
      """)
  }

  @Test func aCommandThatDoesNotExist() throws {
    let example = try Example()
    try expectFailure(
      example, try example.kilt(["job", "craete"]), code: 2,
      """
      error: unknown command "kilt job craete"
        help: did you mean "create"?
      """)
    try expectFailure(
      example, try example.kilt(["xyz"]), code: 2,
      """
      error: unknown command "kilt xyz"
        help: run `kilt --help` to list the commands
      """)
  }

  @Test func aTargetThatIsNoBinary() throws {
    let example = try Example()
    try expectFailure(
      example, try example.kilt(["package", "lib/auth::"]), code: 2,
      """
      error: none of the 5 selected targets can be packaged
        help: run `kilt list :: --filter-target-type=pex_binary` to list targets that can
      """)
    try expectFailure(
      example, try example.kilt(["package", "services/fiddler/app.py"]), code: 2,
      """
      error: cannot package "services/fiddler/app.py": kilt package does not support python_source targets
        help: run `kilt list :: --filter-target-type=pex_binary` to list targets that can
      """)
  }

  @Test func aRequirementThatIsNotLocked() throws {
    let example = try Example()
    try example.append("3rdparty/python/requirements.txt", "flask>=3\n")
    try example.append("services/eightball/server.py", "import flask\n")
    try expectFailure(
      example, try example.kilt(["package", "services/eightball:server"]), code: 2,
      """
      error: the requirement "flask" is not in "3rdparty/python/default.lock"
        note: "services/eightball:server" needs it through "3rdparty/python:reqs#flask"
        help: add it to the requirements, then run `kilt lock`
      """)
  }

  @Test func aLockfileThatIsNotThere() throws {
    let example = try Example()
    try FileSystem.removeFile(example.root.appending("3rdparty/python/default.lock"))
    try expectFailure(
      example, try example.kilt(["package", "services/eightball:server"]), code: 2,
      """
      error: the lockfile "3rdparty/python/default.lock" does not exist
        help: run `kilt lock`
      """)
  }

  @Test func aLockfileWithAMergeConflictIsWrittenAnew() throws {
    let example = try Example()
    let before = try example.execute("cat", ["3rdparty/python/default.lock"])
    let lines = before.split(separator: "\n", omittingEmptySubsequences: false).count
    try example.append("3rdparty/python/default.lock", "<<<<<<< HEAD\n")
    try expectFailure(
      example, try example.kilt(["package", "services/eightball:server"]), code: 2,
      """
      error: cannot read the lockfile "3rdparty/python/default.lock": it contains conflict markers of a merge
          --> 3rdparty/python/default.lock:\(lines + 1)
        help: run `kilt lock` to write it again
      """)
    // The index may have newer versions by now: what is written is a lockfile, not of necessity the one before.
    #expect(try example.kilt("lock").errorText.hasPrefix("wrote 3rdparty/python/default.lock: "))
    #expect(try example.kilt("lock", "--check").errorText == "3rdparty/python/default.lock fits")
    let after = try example.execute("cat", ["3rdparty/python/default.lock"])
    #expect(after.prefix(100) == before.prefix(100))
    #expect(!after.contains("http"))
  }

  @Test func aFileThatIsNotTheOneThatWasLocked() throws {
    let example = try Example()
    let lock = try JSONValue(parsing: FileSystem.read(example.root.appending("3rdparty/python/default.lock")))
    let bottle = try #require(lock["packages"]?.array?.first { $0["name"]?.string == "bottle" })
    let file = try #require(bottle["files"]?.array?.first { $0["name"]?.string?.hasSuffix(".whl") == true })
    let name = try #require(file["name"]?.string)
    let locked = try #require(file["sha256"]?.string)
    // A folder with another file of the locked one's name is all that packages may come from.
    let wheels = example.scratch.appending("wheels")
    try FileSystem.createDirectories(wheels)
    try FileSystem.write(text: "not what was locked", to: wheels.appending(name))
    let outcome = try example.kilt(
      ["package", "services/eightball:server"],
      environment: [
        "KILT_CACHE_DIR=\(example.scratch.appending("cache"))", "PIP_NO_INDEX=1", "PIP_FIND_LINKS=\(wheels)",
        "PIP_CONFIG_FILE=/dev/null",
      ])
    try expectFailure(
      example, outcome, code: 2,
      """
      error: "\(name)" is not the file that was locked
        note: locked sha256:\(locked)
        note: found sha256:7d455fbc80817b2844652068f8b1c70c0020734a5de46512498a20c1e974cc24
        note: from SCRATCH/wheels/\(name)
        help: find out why the file changed; if the change is intended, run `kilt lock`
      """)
  }

  @Test func aFolderThatIsNoWorkspace() throws {
    let example = try Example()
    try expectFailure(
      example, try example.kilt(["list", "::", "-C", example.scratch.string]), code: 2,
      """
      error: "SCRATCH" is not in a workspace: no kilt.toml in it or above
        note: a directory with [tool.uv.workspace] in pyproject.toml, or with a uv.lock, is a workspace too
        help: run `kilt init` to create a workspace
      """)
  }

  @Test func anUnknownKeyOfTheConfiguration() throws {
    let example = try Example()
    try example.edit("kilt.toml", "source_roots", "source_root")
    try expectFailure(
      example, try example.kilt(["list", "::"]), code: 2,
      """
      error: unknown key "source_root" in [workspace] of "kilt.toml"
        --> kilt.toml:6:1
         |
       6 | source_root = ["/"]
         | ^^^^^^^^^^^
        help: did you mean "source_roots"?
      """)
  }

  // MARK: Environment

  @Test func anIndexThatCanNotBeReached() throws {
    let example = try Example()
    let outcome = try example.kilt(
      ["package", "services/eightball:server"],
      environment: [
        "KILT_CACHE_DIR=\(example.scratch.appending("cache"))", "PIP_INDEX_URL=http://127.0.0.1:1/simple",
        "PIP_CONFIG_FILE=/dev/null", "PIP_EXTRA_INDEX_URL",
      ])
    try expectFailure(
      example, outcome, code: 3,
      """
      error: cannot reach "http://127.0.0.1:1/simple/bottle/"
        note: (no connection)
        help: check the network, and the proxy variables (http_proxy, https_proxy, no_proxy)
      """)
  }

  @Test func aRepositoryThatCanNotBeReached() throws {
    let example = try Example()
    try expectFailure(
      example,
      try example.kilt(
        ["publish", "--quiet", "tools/igorctl", "--repository", "s3://builds/kilt"],
        environment: [
          "AWS_ENDPOINT_URL=http://127.0.0.1:1", "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b",
          "AWS_REGION=us-east-1",
        ]), code: 3,
      """
      error: cannot reach the artifact repository s3://builds/kilt/ at http://127.0.0.1:1
        note: (no connection)
        help: check the URL, the network and the server
        help: bundles in the runner cache still run without the artifact repository
      """)
  }

  @Test func noPythonWhereABundleStarts() throws {
    let example = try Example()
    try example.kilt("package", "services/eightball:server")
    let bundle = try example.bundle("eightball_server-")
    let empty = example.scratch.appending("empty")
    try FileSystem.createDirectories(empty)
    let outcome = try Subprocess(
      bundle.string, ["--help"], environment: ["PATH=\(empty)", "HOME=\(empty)"], workingDirectory: empty
    ).run()
    try expectFailure(
      example, outcome, code: 3,
      """
      ROOT/dist/eightball_server-COMMIT-PLATFORM.pex: no Python that meets >=3.8 (with its wheels: 3.8, 3.9, 3.10, 3.11, 3.12, 3.13, 3.14, 3.15, 3.16) was found
        install one, put it on the PATH, or name it: PEX_PYTHON=/path/to/python ROOT/dist/eightball_server-COMMIT-PLATFORM.pex
      """)
  }

  @Test func noPythonWhereABundleIsPacked() throws {
    let example = try Example()
    let tools = try Tools.folder(of: ["git"], in: example)
    try expectFailure(
      example,
      try example.kilt(
        ["package", "services/eightball:server"], environment: ["PATH=\(tools)", "HOME=\(tools)", "PYENV_ROOT"]),
      code: 3,
      """
      error: no Python interpreter that meets >=3.8
        note: none on the PATH, none from pyenv
        help: run `apt-get install python3` or `pyenv install VERSION`, and add it to the PATH
      """)
  }

  @Test func aFullDiskUnderTheOutput() throws {
    let example = try Example()
    try expectFailure(
      example, try onFullDisk("dist", example), code: 3,
      """
      error: cannot write "ROOT/dist/fiddler_server-COMMIT-PLATFORM.pex"
        note: cannot write "ROOT/dist/fiddler_server-COMMIT-PLATFORM.pex": No space left on device
        help: free space on the file system of "ROOT/dist"
      """)
  }

  @Test func aFullDiskUnderTheCache() throws {
    let example = try Example()
    let outcome = try onFullDisk("cache", example, cache: example.root.appending("cache"))
    #expect(outcome.termination == .exited(3))
    #expect(outcome.errorText.contains("No space left on device"), "\(outcome.errorText)")
  }

  /// Packs with a file system of 1 MiB in a folder of the workspace, which only that command sees; leaves nothing in it.
  private func onFullDisk(_ folder: String, _ example: Example, cache: FilePath = Example.cache) throws
    -> Subprocess.Outcome
  {
    let script = """
      mkdir -p "$1" && mount -t tmpfs -o size=1m,mode=700 kilt "$1" || exit 99
      "$KILT" package services/fiddler:server
      code=$?
      find "$1" -name '*.pex' -o -name '*.tmp'
      exit $code
      """
    let outcome = try Subprocess(
      "unshare", ["--map-root-user", "--mount", "sh", "-c", script, "sh", folder],
      environment: example.environment(["KILT=\(example.programs.appending("kilt"))", "KILT_CACHE_DIR=\(cache)"]),
      workingDirectory: example.root, deadlineMilliseconds: 300_000
    ).run()
    try #require(outcome.termination != .exited(99), "no user namespaces here: run the tests as root")
    #expect(outcome.text == "")
    return outcome
  }
}
