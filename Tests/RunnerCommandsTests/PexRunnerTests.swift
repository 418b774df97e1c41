import Artifacts
import Glibc
import Synchronization
import SystemSupport
import Testing

@Suite("pex-runner, as a program")
struct PexRunnerTests {
  let fixture: RunnerFixture

  init() throws { fixture = try RunnerFixture() }

  @Test func runsWhatWasPublishedWithItsArgumentsAndExitCode() throws {
    try fixture.publish()
    let outcome = try fixture.run("run", "igor@aaaaaaaaaaaa", "--", "--flag", "a b", "--")
    #expect(outcome.text == "args: --flag a b --")
    #expect(outcome.termination == .exited(7))
    #expect(outcome.errorText.contains("2 of 2 segments"))
  }

  @Test func theSecondRunNeedsNoRepository() throws {
    try fixture.publish()
    _ = try fixture.run("run", "igor@aaaaaaaaaaaa")
    try FileSystem.removeTree(fixture.repositoryPath)
    for digits in [7, 12, 40] {
      let outcome = try fixture.run("run", "igor@\(String(repeating: "a", count: digits))", "again")
      #expect(outcome.text == "args: again")
      #expect(outcome.errorText == "")
    }
  }

  @Test func theProcessIsTheProgramsOwn() throws {
    try fixture.publish(script: "echo $$ $0\nkill -TERM $$\n")
    let outcome = try fixture.run("run", "-q", "igor@aaaaaaa")
    #expect(outcome.termination == .signaled(SIGTERM))
    #expect(outcome.text.hasSuffix("/igor.pex"))
    #expect(outcome.errorText == "")
  }

  @Test func standardInputAndEnvironmentReachTheProgram() throws {
    try fixture.publish(script: "cat\necho $COLOUR\n")
    let outcome = try Subprocess(
      fixture.executable.string, ["run", "igor@aaaaaaa"], environment: fixture.environment + ["COLOUR=green"],
      input: Array("in\n".utf8)
    ).run()
    #expect(outcome.text == "in\ngreen")
  }

  @Test func anUnknownCommitListsTheNearestAndIsAnInputError() throws {
    try fixture.publish()
    try fixture.publish("igor", "b")
    let outcome = try fixture.run("run", "igor@bbbbbbc")
    #expect(outcome.termination == .exited(2))
    let lines = outcome.errorText.split(separator: "\n")
    #expect(lines[0] == "error: igor@bbbbbbc is not in \(fixture.repositoryPath)")
    #expect(lines[1] == "  note: the nearest known:")
    #expect(lines[2].hasPrefix("  note: bbbbbbbbbbbb  "))
    #expect(outcome.text == "")
  }

  @Test func aRepositoryThatIsNotThereIsAnEnvironmentError() throws {
    for url in ["/nonexistent/repository", "file:///nonexistent/repository"] {
      let outcome = try fixture.run("run", "igor@aaaaaaa", environment: ["KILT_REPOSITORY=\(url)"])
      #expect(outcome.termination == .exited(3))
      #expect(outcome.errorText.contains("cannot reach the artifact repository /nonexistent/repository"))
    }
  }

  @Test func withoutARepositoryItSaysHowToNameOne() throws {
    try #require(!FileSystem.exists("/etc/kilt/runner.toml"), "this host configures a repository")
    let outcome = try fixture.run("run", "igor@aaaaaaa", environment: ["KILT_REPOSITORY="])
    #expect(outcome.termination == .exited(2))
    #expect(outcome.errorText.contains("no repository is configured"))
  }

  @Test func aWorkspaceAroundTheWorkingDirectoryNamesTheRepository() throws {
    try fixture.publish()
    let file = fixture.scratch.appending("kilt.toml")
    try FileSystem.write(text: "[python]\nurl = \"no\"\n[repository]\nurl = \"file:repository\"  # here\n", to: file)
    let outcome = try fixture.run("list", environment: ["KILT_REPOSITORY="])
    #expect(outcome.text == "igor")
    #expect(outcome.termination.isSuccess)
  }

  @Test func listingsGoToStandardOutput() throws {
    try fixture.publish()
    try fixture.publish("fiddler")
    #expect(try fixture.run("list").text == "fiddler\nigor")
    let commits = try fixture.run("list", "igor").text
    #expect(commits.hasPrefix("aaaaaaaaaaaa  ") && commits.hasSuffix("  \(ArtifactPlatform.current)"))
    let unknown = try fixture.run("list", "igorr")
    #expect(unknown.termination == .exited(2))
    #expect(unknown.errorText.contains("did you mean \"igor\"?"))
  }

  @Test func fetchPrintsAPathThatRuns() throws {
    try fixture.publish()
    #expect(try fixture.run("run", "--no-unpack", "igor@aaaaaaa").termination == .exited(2))
    let path = try fixture.run("fetch", "--print-path", "--no-unpack", "igor@aaaaaaa").text
    #expect(try Subprocess(path, ["x"]).run().text == "args: x")
    #expect(try fixture.run("fetch", "igor@aaaaaaa").errorText == "pex-runner: igor@aaaaaaaaaaaa is in the cache")
  }

  @Test func manyAtOnceAllRun() throws {
    try fixture.publish()
    let outcomes = Mutex<[String]>([])
    performInParallel(count: 8, threads: 8) { _ in
      do {
        let outcome = try fixture.run("run", "-q", "igor@aaaaaaa", "x")
        outcomes.withLock { $0.append(outcome.text + outcome.errorText) }
      } catch {
        outcomes.withLock { $0.append("\(error)") }
      }
    }
    #expect(outcomes.withLock { $0 } == Array(repeating: "args: x", count: 8))
  }

  @Test func whatRunsIsNotEvicted() throws {
    try fixture.publish(script: "\"$PEX_RUNNER\" cache gc --max-size 0\ntest -e \"$0\" && echo still here\n")
    try fixture.publish("igor", "b", script: "echo newer\n", created: 1_800_000_000)
    _ = try fixture.run("fetch", "igor@bbbbbbb")
    let outcome = try fixture.run("run", "-q", "igor@aaaaaaa")
    #expect(outcome.text.hasSuffix("still here"))
    #expect(outcome.text.contains("because running and newest bundles stay"))
    let after = try fixture.run("cache", "gc", "--max-size=0")
    #expect(after.text.hasPrefix("removed igor@aaaaaaaaaaaa"))
    #expect(try fixture.run("cache", "du").text.contains("in 1 bundles"))
  }

  @Test func aDamagedCacheHealsItself() throws {
    try fixture.publish()
    let path = FilePath(try fixture.run("fetch", "--print-path", "igor@aaaaaaa").text)
    try FileSystem.write(text: "#!/bin/sh\necho evil\n", to: path, permissions: 0o755)
    #expect(try fixture.run("run", "-q", "igor@aaaaaaa", "x").text == "args: x")
  }

  @Test func aFullDiskLeavesNothingHalfWritten() throws {
    try fixture.publish(wheel: Array(repeating: 0x33, count: 3 << 20))
    try FileSystem.createDirectories(fixture.cachePath)
    // A file system of 1 MiB that only this command sees.
    let script = """
      mount -t tmpfs -o size=1m,mode=755 kilt "$KILT_RUNNER_CACHE" || exit 99
      "$PEX_RUNNER" run igor@aaaaaaa; code=$?
      find "$KILT_RUNNER_CACHE" -type f -size +0 | grep -v -x "$KILT_RUNNER_CACHE/segments/[0-9a-f]*"
      exit $code
      """
    let outcome = try Subprocess(
      "unshare", ["--map-root-user", "--mount", "sh", "-c", script], environment: fixture.environment,
      deadlineMilliseconds: 60_000
    ).run()
    try #require(outcome.termination != .exited(99), "no user namespaces here: run the tests as root")
    #expect(outcome.termination == .exited(3))
    #expect(outcome.errorText.contains("No space left on device"))
    #expect(outcome.errorText.contains("nothing is half-written"))
    #expect(outcome.text == "")
  }

  @Test func helpHasExamplesForEveryCommand() throws {
    for topic in [[], ["run"], ["fetch"], ["path"], ["list"], ["install"], ["update"], ["which"], ["cache"]] {
      let outcome = try Subprocess(fixture.executable.string, topic + ["--help"], environment: []).run()
      #expect(outcome.termination.isSuccess)
      #expect(outcome.text.contains("EXAMPLES"))
      #expect(outcome.text.split(separator: "\n").allSatisfy { $0.count <= 80 })
      #expect(outcome.errorText == "")
    }
    #expect(try fixture.run("--version").text == "pex-runner \(kiltVersion)")
  }

  @Test(
    "Wrong usage ends with exit code 2 and a hint",
    arguments: [
      ([], "needs a command"), (["rum", "a@1234567"], "did you mean \"run\"?"), (["run"], "needs one NAME@COMMIT"),
      (["run", "igor"], "has no commit"),
      (["run", "--platfrom", "x", "igor@1234567"], "did you mean \"--platform\"?"),
      (["run", "--platform"], "needs a value"), (["cache"], "needs list, gc or verify"),
      (["cache", "gc", "--max-size", "lots"], "invalid size"),
      (["run", "../x@1234567"], "invalid artifact name"),
      (["list", "--repository", "ftp://x/y"], "unknown scheme \"ftp\""),
    ] as [([String], String)])
  func wrongUsage(_ arguments: [String], _ hint: String) throws {
    let outcome = try Subprocess(fixture.executable.string, arguments, environment: fixture.environment).run()
    #expect(outcome.termination == .exited(2))
    #expect(outcome.errorText.contains(hint))
  }
}
