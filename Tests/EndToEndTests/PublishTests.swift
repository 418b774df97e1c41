import JSON
import SystemSupport
import Testing

/// From bundle to repository to runner.
@Suite struct PublishTests {
  @Test func aDirtyTreeIsNotPublished() throws {
    let example = try Example()
    try example.append("services/fiddler/constants.yaml", "# an edit\n")
    try expectFailure(
      example, try example.kilt(["publish", "services/fiddler:server"]), code: 2,
      """
      error: cannot publish: 1 file differs from commit COMMIT
        note: services/fiddler/constants.yaml
        help: commit it, or run `git stash --include-untracked`
      """)
    #expect(!FileSystem.exists(example.repository))
  }

  @Test func withoutACommitThereIsNothingToNameItBy() throws {
    let example = try Example()
    try FileSystem.removeTree(example.root.appending(".git"))
    let packed = try example.kilt("package", "tools/igorctl").errorText
    #expect(packed.hasPrefix("built  dist/igorctl-unversioned-"))
    let outcome = try example.kilt(["publish", "tools/igorctl"])
    #expect(outcome.termination == .exited(2))
    #expect(
      outcome.errorText == """
        error: cannot publish: no git commit found
          help: run `git init`, then `git commit`
        """)
  }

  @Test func aRepositoryThatGitDoesNotTrustIsNotTakenForOneWithoutACommit() throws {
    let example = try Example()
    // As in a container where another user has checked it out.
    let outcome = try example.kilt(
      ["package", "tools/igorctl"], environment: ["GIT_TEST_ASSUME_DIFFERENT_OWNER=1"])
    #expect(outcome.termination == .exited(3))
    #expect(outcome.errorText.contains("detected dubious ownership"), "\(outcome.errorText)")
    #expect(outcome.errorText.contains("safe.directory"), "\(outcome.errorText)")
  }

  @Test func publishingAgainChangesNothing() throws {
    let example = try Example()
    let commit = try example.git("rev-parse", "HEAD").prefix(12)
    let first = try example.kilt("publish", "tools/igorctl").text
    #expect(first.hasPrefix("igorctl@\(commit)  published, "))
    let before = try example.execute("find", [example.repository.string, "-printf", "%p %T@ %i\\n"])
    let second = try example.kilt("publish", "tools/igorctl").text
    #expect(second == "igorctl@\(commit)  already published")
    #expect(try example.execute("find", [example.repository.string, "-printf", "%p %T@ %i\\n"]) == before)
  }

  @Test("A push builds affected binaries, and every other binary gets a manifest") func push() throws {
    let example = try Example()
    try example.kilt("publish", "::")
    try example.append("services/eightball/answers.txt", "Ask again.\n")
    let commit = try example.commit("an answer").prefix(12)
    let lines = try example.kilt("publish", "--changed-since=HEAD~1").text.split(separator: "\n")
    #expect(lines.count > 1)
    #expect(lines[0].hasPrefix("eightball_server@\(commit)  published, "), "\(lines)")
    #expect(lines.filter { $0.contains("KiB uploaded") }.count == 1, "\(lines)")
    #expect(lines.dropFirst().allSatisfy { $0.contains("with the file of") }, "\(lines)")

    try example.append("README.md", "More.\n")
    try example.commit("a document")
    let outcome = try example.kilt("publish", "--changed-since=HEAD~1", "--format", "json")
    let values = try #require(try JSONValue(parsing: outcome.output).array)
    #expect(values.count == lines.count)
    #expect(values.allSatisfy { $0["work"]?.string == "inherited" && $0["uploaded"]?.int == 0 })
    let again = try example.kilt("publish", "--changed-since=HEAD~1").text.split(separator: "\n")
    #expect(again.allSatisfy { $0.hasSuffix("already published") }, "\(again)")
  }

  @Test func sharedBytesAreUploadedOnce() throws {
    let example = try Example()
    try example.kilt("publish", "services/fiddler:server")
    let blobs = try example.execute("find", [example.repository.appending("blobs").string, "-type", "f"])
    try example.append("README.md", "More.\n")
    try example.commit("touches no input")
    #expect(try example.kilt("publish", "services/fiddler:server").text.contains("published, 0 KiB uploaded"))
    #expect(try example.execute("find", [example.repository.appending("blobs").string, "-type", "f"]) == blobs)
  }

  @Test func anArtifactCanBeInspectedAndVerified() throws {
    let example = try Example()
    let commit = try example.git("rev-parse", "HEAD")
    try example.kilt("publish", "tools/igorctl")
    #expect(try example.kilt("artifacts", "list").text == "igorctl")
    let manifest = try JSONValue(
      parsing: example.kilt("artifacts", "inspect", "igorctl@\(commit.prefix(7))", "--format", "json").output)
    #expect(manifest["commit"]?.string == commit)
    #expect(try example.kilt("artifacts", "verify").text.hasPrefix("1 artifact verified in "))
  }

  @Test("fetch, sbom, put, sign and verify print JSON for programs") func jsonForPrograms() throws {
    let example = try Example()
    let commit = try example.git("rev-parse", "HEAD")
    try example.kilt("publish", "services/fiddler:server")
    func json(_ arguments: String...) throws -> JSONValue {
      let outcome = try example.kilt(["artifacts"] + arguments + ["--format", "json"])
      #expect(outcome.termination.isSuccess, "\(arguments): \(outcome.errorText)")
      return try JSONValue(parsing: outcome.output)
    }
    let name = "fiddler_server@\(commit)"
    let fetched = try json("fetch", name, "--output", example.scratch.appending("copy.pex").string)
    #expect(fetched["path"]?.string == example.scratch.appending("copy.pex").string)
    #expect(fetched["commit"]?.string == commit && (fetched["size"]?.int ?? 0) > 0)
    #expect(try json("sbom", name)["bomFormat"]?.string == "CycloneDX")
    let packages = try example.kilt("artifacts", "sbom", name, "--format", "text").text.split(separator: "\n")
    #expect(packages.contains { $0.split(separator: " ").count == 2 }, "\(packages)")
    let key = example.scratch.appending("key.pem").string
    try example.kilt("artifacts", "keygen", "--no-password", key)
    #expect(try json("sign", name, "--key", key)["new"]?.bool == true)
    let again = try json("sign", name, "--key", key)
    #expect(again["new"]?.bool == false && again["keyid"]?.string?.utf8.count == 64)
    #expect(try json("put", "--type", "version", "tool", "1.0.0", key)["new"]?.bool == true)

    let right = try json("verify")
    #expect(right.array?.compactMap { $0["right"]?.bool } == [true, true], "\(right)")
    #expect(right.array?.last?["version"]?.string == "1.0.0")
    // One damaged file of the version: the exit code and the JSON say so, and the bundle is right.
    let release = try JSONValue(
      parsing: FileSystem.read(example.repository.appending("versions/tool/1.0.0.json")))
    let digest = try #require(release["files"]?.array?.first?["sha256"]?.string)
    try FileSystem.write(
      text: "damaged", to: example.repository.appending("blobs/sha256/\(digest.prefix(2))/\(digest)"))
    let outcome = try example.kilt(["artifacts", "verify", "--format", "json"])
    #expect(outcome.termination == .exited(3))
    let faults = try #require(try JSONValue(parsing: outcome.output).array)
    #expect(faults.compactMap { $0["right"]?.bool } == [true, false])
    #expect(faults.last?["faults"]?.array?.first?["summary"]?.string?.contains("is damaged") == true)
    #expect(try example.kilt(["artifacts", "verify", name]).termination == .exited(0))
    #expect(try example.kilt(["artifacts", "verify", "tool:1.0.0"]).termination == .exited(3))
  }

  // MARK: pex-runner

  @Test func aPublishedBundleRunsByCommit() throws {
    let example = try Example()
    let commit = try example.git("rev-parse", "HEAD")
    try example.kilt("publish", "services/eightball:server")
    let first = try example.runner("run", "eightball_server@\(commit.prefix(12))", "--", "--help")
    #expect(first.termination == .exited(0), "\(first.errorText)")
    #expect(first.text.hasPrefix("usage: "))

    // The second run does not ask the repository, which is not there any more; seven digits are enough.
    try FileSystem.rename(example.repository, to: example.scratch.appending("moved"))
    for digits in [40, 12, 7] {
      let again = try example.runner("run", "eightball_server@\(commit.prefix(digits))", "--", "--help")
      #expect(again.termination == .exited(0), "\(again.errorText)")
      #expect(again.text == first.text)
    }
    // The program's own exit code comes through: argparse's for an unknown option.
    let wrong = try example.runner("run", "eightball_server@\(commit.prefix(7))", "--", "--no-such-option")
    #expect(wrong.termination == .exited(2))
    #expect(wrong.errorText.contains("unrecognized arguments: --no-such-option"))
  }

  @Test("fetch unpacks a bundle for its first start, and with --no-unpack leaves that to the start")
  func unpacking() throws {
    let example = try Example()
    let commit = try example.git("rev-parse", "HEAD")
    try example.kilt("publish", "services/eightball:server")
    let cache = example.scratch.appending("user-cache")
    let unpacked = cache.appending("kilt/runtime/bundles")
    func fetch(_ arguments: String...) throws {
      try example.execute(
        example.programs.appending("pex-runner").string, ["fetch", "-q"] + arguments + ["eightball_server@\(commit)"],
        environment: [
          "KILT_REPOSITORY=\(example.repository)", "XDG_CACHE_HOME=\(cache)",
          "KILT_RUNNER_CACHE=\(example.scratch.appending("runner-\(arguments.count)"))",
        ])
    }
    try fetch("--no-unpack")
    #expect(!FileSystem.exists(unpacked))
    try fetch()
    #expect(try FileSystem.list(unpacked).count == 1)
  }

  @Test func anUnknownCommitListsTheNearestKnown() throws {
    let example = try Example()
    let commit = try example.git("rev-parse", "HEAD")
    try example.kilt("publish", "tools/igorctl")
    let other = (commit.hasPrefix("a") ? "b" : "a") + commit.dropFirst().prefix(11)
    let outcome = try example.runner("run", "igorctl@\(other)", "--", "--help")
    #expect(outcome.termination == .exited(2))
    #expect(outcome.errorText.contains(other))
    #expect(outcome.errorText.contains(String(commit.prefix(12))))
    let unnamed = try example.runner("run", "igorcl@\(commit.prefix(12))", "--", "--help")
    #expect(unnamed.termination == .exited(2))
    #expect(unnamed.errorText.contains("igorctl"))
  }

  @Test func anEditIsFetchedInPart() throws {
    let example = try Example()
    let first = try example.git("rev-parse", "HEAD").prefix(12)
    try example.kilt("publish", "services/fiddler:server")
    #expect(try example.runner("run", "fiddler_server@\(first)", "--", "--help").termination == .exited(0))
    try example.edit("services/fiddler/constants.yaml", "Hello from fiddler", "Hello")
    let second = try example.commit("a greeting").prefix(12)
    let published = try example.kilt("publish", "services/fiddler:server").text
    #expect(published.contains("KiB already present"))
    #expect(try example.runner("run", "fiddler_server@\(second)", "--", "--help").termination == .exited(0))
  }
}
