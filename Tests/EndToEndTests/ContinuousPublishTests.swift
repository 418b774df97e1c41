import JSON
import SystemSupport
import Testing

/// What CI does: a push to a bare git repository, then the script in a clean clone.
@Suite("Every commit can be deployed by its own hash")
struct ContinuousPublishTests {
  let example: Example
  let bare: FilePath
  let repository: FilePath

  init() throws {
    example = try Example()
    bare = example.scratch.appending("acme.git")
    repository = example.scratch.appending("artifacts")
    try example.git("init", "--quiet", "--bare", "--initial-branch=main", bare.string)
    try example.git("remote", "add", "origin", "file://\(bare)")
    try example.git("push", "--quiet", "origin", "main")
  }

  private var variables: [String] {
    [
      "KILT_REPOSITORY=\(repository)",
      "PATH=\(example.programs):\(environmentVariable("PATH") ?? "/usr/bin:/bin")",
    ]
  }

  private func push(_ message: String) throws -> String {
    let commit = try example.commit(message)
    try example.git("push", "--quiet", "origin", "HEAD")
    return commit
  }

  private static let root = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()

  /// Runs something in a clean clone, and removes the clone.
  private func inClone<Result>(_ options: [String], _ body: (FilePath) throws -> Result) throws -> Result {
    let clone = example.scratch.appending("clone-\(monotonicNanoseconds())")
    try example.execute("git", ["clone", "--quiet"] + options + ["file://\(bare)", clone.string])
    let result = try body(clone)
    try FileSystem.removeTree(clone)
    return result
  }

  /// Clones, and publishes as the script does; returns what is printed.
  @discardableResult
  private func ci(_ since: String = "HEAD~1", clone options: [String] = []) throws -> String {
    try inClone(options) { clone in
      try example.execute(
        example.programs.appending("kilt").string, ["publish", "--changed-since=\(since)"], in: clone,
        environment: variables)
    }
  }

  /// The steps of the workflow file that are commands, run as GitHub runs them: bash, stopped by the first that fails,
  /// with the expressions of the file replaced.
  private func workflow(before: String, _ key: String) throws -> String {
    let file = try FileSystem.readText(Self.root.appending("BUILD-examples/.github/workflows/publish.yml"))
    let steps = file.split(separator: "\n").compactMap { line -> String? in
      let text = line.drop { $0 == " " }
      return text.hasPrefix("run: ") ? String(text.dropFirst(5)) : nil
    }
    try #require(steps.count == 2)
    return try inClone(["--depth", "1"]) { clone in
      let temporary = example.scratch.appending("runner")
      try FileSystem.createDirectories(temporary)
      let environment =
        variables + [
          "RUNNER_TEMP=\(temporary)", "KEY=\(key)", "KILT_SIGNING_KEY=\(temporary)/signing-key.pem",
          "KILT_SIGNING_PASSWORD=secret",
        ]
      return try steps.map { step in
        let text = step.replacing("${{ github.event.before }}", with: before)
        #expect(!text.contains("${{"))
        return try example.execute("bash", ["-e", "-c", text], in: clone, environment: environment)
      }.joined(separator: "\n")
    }
  }

  /// The step of the Jenkinsfile, run as Jenkins runs it.
  private func pipeline(previous: String, _ key: FilePath) throws -> String {
    let file = try FileSystem.readText(Self.root.appending("Jenkinsfile"))
    let steps = file.matches(of: #/\bsh '([^']*)'/#).map { String($0.1) }
    try #require(steps.count == 1)
    return try inClone([]) { clone in
      try example.execute(
        "sh", ["-e", "-c", steps[0]], in: clone,
        environment: variables + [
          "GIT_PREVIOUS_SUCCESSFUL_COMMIT=\(previous)", "KILT_SIGNING_KEY=\(key)", "KILT_SIGNING_PASSWORD=secret",
          "BUILD_URL=https://ci.example/8",
        ])
    }
  }

  private func origin(_ name: String, _ commit: String) throws -> String? {
    let text = try example.kilt("artifacts", "inspect", "\(name)@\(commit)", "--format", "json", environment: variables)
    return try JSONValue(parsing: text.text)["origin"]?.string
  }

  private func run(_ name: String, _ commit: String) throws -> Subprocess.Termination {
    try example.runner("run", "\(name)@\(commit)", "--", "--help", repository: repository).termination
  }

  @Test("The workflow file and the Jenkinsfile publish all binaries, signed, and again one after an edit")
  func script() throws {
    // As the workflow file says: the script is part of the git repository.
    try FileSystem.createDirectories(example.root.appending("scripts"))
    try FileSystem.copyFile(
      Self.root.appending("scripts/ci-publish"), to: example.root.appending("scripts/ci-publish"), permissions: 0o755)
    let before = try example.git("rev-parse", "HEAD")
    let first = try push("the script of CI")
    let key = example.scratch.appending("key.pem")
    try example.kilt("artifacts", "keygen", key.string, environment: variables + ["KILT_SIGNING_PASSWORD=secret"])
    _ = try workflow(before: before, try FileSystem.readText(key))
    #expect(try run("fiddler_server", first) == .exited(0))

    try example.append("services/eightball/answers.txt", "Ask again.\n")
    let second = try push("an answer")
    let lines = try pipeline(previous: first, key).split(separator: "\n").filter { $0.contains("@") }
    #expect(lines.filter { $0.contains("KiB uploaded") }.count == 1, "\(lines)")
    #expect(lines.filter { $0.contains("with the file of \(first.prefix(12))") }.count == lines.count - 1, "\(lines)")
    for name in ["fiddler_server", "eightball_server"] { #expect(try run(name, second) == .exited(0)) }
    #expect(try origin("fiddler_server", second) == first)
    #expect(try origin("eightball_server", second) == nil)
    #expect(try run("fiddler_server", "main") == .exited(0))
    // Both runs signed, and Jenkins' names its page.
    for commit in [first, second] {
      let facts = try JSONValue(
        parsing: example.kilt(
          "artifacts", "inspect", "eightball_server@\(commit)", "--format", "json", environment: variables
        ).text)
      #expect(facts["signed"]?.bool == true, "\(facts.text())")
      #expect(facts["buildUrl"]?.string == (commit == second ? "https://ci.example/8" : nil))
    }
  }

  @Test("A merge, a revert and a shallow clone publish no file twice")
  func history() throws {
    let first = try example.git("rev-parse", "HEAD")
    try ci(first)
    try example.git("checkout", "--quiet", "-b", "topic")
    try example.append("services/eightball/answers.txt", "Ask again.\n")
    try example.commit("an answer")
    try example.git("checkout", "--quiet", "main")
    try example.append("README.md", "More.\n")
    try example.commit("a document")
    try example.git("merge", "--quiet", "--no-edit", "topic")
    try example.git("push", "--quiet", "origin", "main")
    let merge = try example.git("rev-parse", "HEAD")
    try ci(first)
    #expect(try origin("eightball_server", merge) == nil)
    #expect(try origin("fiddler_server", merge) == first)

    try example.git("revert", "--no-edit", "-m", "1", "HEAD")
    try example.git("push", "--quiet", "origin", "main")
    let revert = try example.git("rev-parse", "HEAD")
    let blobs = try example.execute("find", [repository.appending("blobs").string, "-type", "f"])
    // One commit deep: the revision is not there, and inputs alone decide.
    let lines = try ci(merge, clone: ["--depth", "1"]).split(separator: "\n")
    #expect(lines.allSatisfy { $0.contains("with the file of") }, "\(lines)")
    #expect(try origin("eightball_server", revert) == first)
    #expect(try example.execute("find", [repository.appending("blobs").string, "-type", "f"]) == blobs)
    for name in ["fiddler_server", "eightball_server"] { #expect(try run(name, revert) == .exited(0)) }
  }

  @Test("A manifest reports branches of the git remote, not claims of a local branch")
  func remoteFacts() throws {
    func facts(_ commit: String) throws -> JSONValue {
      let outcome = try example.kilt(
        "artifacts", "inspect", "igorctl@\(commit)", "--format", "json", environment: variables)
      return try JSONValue(parsing: outcome.text)
    }
    try example.append("README.md", "Local.\n")
    let local = try example.commit("not pushed")
    try example.kilt("publish", "tools/igorctl", environment: variables)
    var found = try facts(local)
    #expect(found["branch"]?.string == "main")
    #expect(found["on_main"]?.bool == false)
    #expect(found["pushed"]?.strings == [])
    // The branch of others does not move to a commit that nobody has.
    #expect(try example.runner("run", "igorctl@main", repository: repository).termination == .exited(2))

    // The CI that sees the commit after the push adds what the first publication could not say; once.
    try example.git("push", "--quiet", "origin", "main")
    let added = try ci(local)
    let line = "igorctl@\(local.prefix(12))  already published"
    #expect(added.contains("\(line), added a manifest for branch main"), "\(added)")
    #expect(try ci(local).split(separator: "\n").contains { $0 == line })
    found = try facts(local)
    #expect(found["on_main"]?.bool == false)
    #expect(found["later"]?.array?.first?["on_main"]?.bool == true)
    #expect(try run("igorctl", "main") == .exited(0))
    try example.append("README.md", "Pushed.\n")
    let pushed = try push("pushed")
    try example.kilt("publish", "tools/igorctl", environment: variables + ["BUILD_URL=https://ci.example/7"])
    found = try facts(pushed)
    #expect(found["on_main"]?.bool == true)
    #expect(found["pushed"]?.strings == ["main"])
    #expect(found["buildUrl"]?.string == "https://ci.example/7")
    #expect(found["clean"]?.bool == true)
    #expect(found["target"]?.string == "tools/igorctl:igorctl")
    #expect(found["inputs"]?.string?.utf8.count == 64)
    #expect(try run("igorctl", "main") == .exited(0))
  }

  @Test(
    "An edit that git is configured to ignore is not published", arguments: ["--assume-unchanged", "--skip-worktree"])
  func hiddenEdits(_ flag: String) throws {
    let file = "services/fiddler/constants.yaml"
    try example.git("update-index", flag, file)
    try example.append(file, "# hidden\n")
    #expect(try example.git("status", "--porcelain").isEmpty)
    let outcome = try example.kilt(["publish", "services/fiddler:server"], environment: variables)
    #expect(outcome.termination == .exited(2))
    #expect(outcome.errorText.contains("and git is configured to ignore the changes"), "\(outcome.errorText)")
    #expect(outcome.errorText.contains(file))
    #expect(!FileSystem.exists(repository))
  }

  @Test("Each artifact has a bill of materials, and who-has names commits by package") func contents() throws {
    let first = try example.git("rev-parse", "HEAD")
    try example.kilt("publish", "::", environment: variables)
    try example.append("README.md", "More.\n")
    let second = try push("a document")
    try example.kilt("publish", "--changed-since=HEAD~1", environment: variables)
    let text = try example.kilt("artifacts", "sbom", "fiddler_server@\(second)", environment: variables).output
    #expect(try example.kilt("artifacts", "sbom", "fiddler_server@\(first)", environment: variables).output == text)
    let bill = try JSONValue(parsing: text)
    let component = try #require(bill["components"]?.array?.first)
    let (name, version) = (try #require(component["name"]?.string), try #require(component["version"]?.string))

    let python = try example.execute(Self.root.appending("scripts/lib/artifact-peers").string, [])
    let file = example.scratch.appending("bom.json")
    try FileSystem.write(text, to: file)
    let check = """
      import sys
      from cyclonedx.schema import SchemaVersion
      from cyclonedx.validation.json import JsonStrictValidator
      text = open(sys.argv[1]).read()
      error = JsonStrictValidator(SchemaVersion.V1_5).validate_str(text)
      assert error is None, error
      from cyclonedx.model.bom import Bom
      import json
      bom = Bom.from_json(json.loads(text))
      print(len(bom.components))
      """
    let count = try example.execute(python, ["-c", check, file.string])
    #expect(Int(count) == bill["components"]?.array?.count)

    let found = try JSONValue(
      parsing: example.kilt(
        "artifacts", "who-has", "\(name)==\(version)", "--no-jobs", "--format", "json", environment: variables
      ).output)
    let commits = try #require(found["published"]?.array).filter { $0["name"]?.string == "fiddler_server" }
      .compactMap { $0["commit"]?.string }
    #expect(Set(commits) == [first, second])
    let none = try example.kilt(["artifacts", "who-has", "no-such-package", "--no-jobs"], environment: variables)
    #expect(none.termination == .exited(1))
    // Without an answer of the scheduler nothing is said about jobs.
    let silent = try example.kilt(
      ["artifacts", "who-has", name], environment: variables + ["KILT_SCHEDULER=http://127.0.0.1:1"])
    #expect(silent.termination == .exited(3), "\(silent.errorText)")
  }

  @Test("After an edit, neither wheels nor their records in the zip directory are transferred") func movedBytes() throws
  {
    try example.kilt("publish", "services/fiddler:server", environment: variables)
    try example.edit("services/fiddler/constants.yaml", "Hello from fiddler", "Hello")
    _ = try push("a greeting")
    let outcome = try example.kilt(
      "publish", "services/fiddler:server", "--format", "json", environment: variables)
    let value = try #require(try JSONValue(parsing: outcome.output).array?.first)
    let (uploaded, size) = (try #require(value["uploaded"]?.int), try #require(value["size"]?.int))
    // The prefix and the code travel; the records of the wheels in the zip directory do not.
    let manifest = try JSONValue(
      parsing: example.kilt("artifacts", "inspect", "fiddler_server@main", "--format", "json", environment: variables)
        .output)
    let segments = try #require(manifest["segments"]?.array)
    let moving = segments.filter { $0["kind"]?.string != "wheel" && $0["name"]?.string != "wheels" }
      .compactMap { $0["size"]?.int }.reduce(0, +)
    #expect(uploaded <= moving)
    #expect(uploaded < size)
    #expect(segments.contains { $0["kind"]?.string == "directory" && $0["name"]?.string == "wheels" })
  }

  @Test("A dry run lists the artifacts to publish, and stores nothing") func dryRun() throws {
    let outcome = try example.kilt("publish", "tools/igorctl", "--dry-run", environment: variables)
    #expect(outcome.text.contains("would be published, "))
    #expect(!FileSystem.exists(repository))
  }
}
