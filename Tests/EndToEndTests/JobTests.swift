import JSON
import SystemSupport
import Testing

/// From job file to what a scheduler would be given; nothing is started.
@Suite struct JobTests {
  @Test func aJobFileCanBeInspectedForBothStages() throws {
    let example = try Example()
    func job(_ stage: String) throws -> JSONValue {
      try JSONValue(parsing: example.kilt("job", "inspect", "jobs/fiddler.yaml", "--stage", stage).output)
    }
    let devel = try job("devel")
    let prod = try job("prod")
    #expect(devel["key"]?["stage"]?.string ?? devel["key"]?.string?.split(separator: "/")[2].description == "devel")
    #expect(devel["instances"]?.int == 2)
    #expect(prod["instances"]?.int == 12)
  }

  @Test("Affected jobs are those whose bundle or configuration commits change")
  func affectedJobs() throws {
    let example = try Example()
    func affected(_ arguments: String...) throws -> Set<String> {
      let outcome = try example.kilt(
        ["job", "affected", "--since", "HEAD~1", "--stage", "devel", "--format", "json"] + arguments)
      #expect(outcome.termination == .exited(0), "\(outcome.errorText)")
      return Set(try JSONValue(parsing: outcome.output).array?.compactMap { $0["path"]?.string } ?? [])
    }
    try example.append("services/eightball/answers.txt", "Perhaps.\n")
    try example.commit("an answer")
    #expect(try affected() == ["jobs/eightball.yaml"])
    try example.append("jobs/fiddler.aurora", "# only a comment\n")
    try example.append("README.md", "more\n")
    try example.commit("a comment")
    #expect(try affected().isEmpty)
    try example.edit("jobs/fiddler.yaml", "threads: 4", "threads: 5")
    try example.commit("another argument")
    #expect(try affected() == ["jobs/fiddler.yaml"])
    try example.append("lib/sharknado/__init__.py", "\n# a shared library\n")
    try example.commit("a shared library")
    // YAML of other tools, a file that is gone, and one that nobody could load are not job files.
    try example.append("ci.yaml", "stages:\n- test\n")
    try example.append("data.yaml", "file: x\nstages: {}\n" + String(repeating: "#", count: 2 << 20))
    try example.append("gone.yaml", "file: x\n")
    try example.commit("other files")
    try FileSystem.removeFile(example.root.appending("gone.yaml"))
    #expect(try affected().isEmpty)
    try example.git("reset", "--quiet", "--hard", "HEAD~1")
    let shared = try affected()
    #expect(shared.isSuperset(of: ["jobs/eightball.yaml", "jobs/fiddler.yaml"]), "\(shared)")
  }

  @Test("A changed line of a shared library affects exactly the jobs whose bundles change")
  func affectedExactly() throws {
    let example = try Example()
    let names = ["eightball_server", "fiddler_server", "igor_worker"]
    func digests() throws -> [String: String] {
      let dist = example.root.appending("dist")
      if FileSystem.exists(dist) { try FileSystem.removeTree(dist) }
      try example.kilt("package", "services::", "workers::")
      return Dictionary(uniqueKeysWithValues: try names.map { ($0, try example.sha256(example.bundle($0))) })
    }
    let before = try digests()
    try example.append("lib/auth/__init__.py", "\n# another line\n")
    try example.commit("a line of a shared library")
    let after = try digests()
    let changed = Set(names.filter { before[$0] != after[$0] })
    #expect(changed == ["fiddler_server", "igor_worker"])
    let outcome = try example.kilt(["job", "affected", "--since", "HEAD~1", "--stage", "prod", "--format", "json"])
    let jobs = try JSONValue(parsing: outcome.output).array ?? []
    #expect(Set(jobs.flatMap { $0["artifacts"]?.strings ?? [] }).intersection(names) == changed)
    // Every job of these programs, and no other.
    let listing = try example.kilt(["job", "list", "--files"]).text.split(separator: "\n").filter {
      $0.contains("/prod/")
    }
    let expected = listing.filter { line in changed.contains { line.contains("  \($0)@") } }
      .compactMap { $0.split(separator: " ").first.map(String.init) }
    #expect(Set(jobs.compactMap { $0["key"]?.string }) == Set(expected) && expected.count == 14)
  }

  @Test func nothingHappensInAStageThatWasNotNamed() throws {
    let example = try Example()
    for verb in ["create", "inspect", "kill", "status"] {
      let outcome = try example.kilt(["job", verb, "jobs/fiddler.yaml"])
      #expect(outcome.termination == .exited(2))
      #expect(outcome.errorText.contains("--stage"), "\(outcome.errorText)")
      #expect(outcome.errorText.contains("devel"), "\(outcome.errorText)")
    }
  }

  @Test func aStageThatTheFileLacksIsNamed() throws {
    let example = try Example()
    let outcome = try example.kilt(["job", "inspect", "jobs/fiddler.yaml", "--stage", "devl"])
    #expect(outcome.termination == .exited(2))
    #expect(outcome.errorText.contains("did you mean \"devel\"?"), "\(outcome.errorText)")
  }

  @Test func aSchedulerThatDoesNotRunIsTheEnvironmentsFault() throws {
    let example = try Example()
    let outcome = try example.kilt(
      ["job", "create", "jobs/fiddler.yaml", "--stage", "devel"], environment: ["KILT_SCHEDULER=http://127.0.0.1:1"])
    #expect(outcome.termination == .exited(3))
    #expect(outcome.errorText.contains("http://127.0.0.1:1"), "\(outcome.errorText)")
    #expect(outcome.errorText.contains("kilt scheduler"), "\(outcome.errorText)")
  }

  @Test func productionTakesCommitsOfTheMainBranchOnly() throws {
    let example = try Example()
    try example.git("checkout", "--quiet", "-b", "topic")
    try example.append("services/fiddler/constants.yaml", "# a topic\n")
    let commit = try example.commit("a topic")
    try example.kilt("publish", "services/fiddler:server")

    // The plan of the stage devel is fine; that of prod is not, until the commit is merged.
    let devel = try planned("devel", commit, in: example)
    #expect(devel.termination == .exited(0), "\(devel.errorText)")
    let prod = try planned("prod", commit, in: example)
    #expect(prod.termination == .exited(2))
    #expect(prod.errorText.contains("main"), "\(prod.errorText)")
    #expect(prod.errorText.contains(commit.prefix(12)), "\(prod.errorText)")
    try example.git("checkout", "--quiet", "main")
    try example.git("merge", "--quiet", "--ff-only", "topic")
    // The manifest decides: a merge changes nothing until the commit is published from the main branch.
    let merged = try planned("prod", commit, in: example)
    #expect(merged.termination == .exited(2), "\(merged.errorText)")
    #expect(merged.errorText.contains("publish it from there"), "\(merged.errorText)")
  }

  @Test func anArtifactThatIsNotPublishedIsRefused() throws {
    let example = try Example()
    try example.kilt("publish", "tools/igorctl")
    let outcome = try planned("devel", "0123456789ab", in: example)
    #expect(outcome.termination == .exited(2))
    #expect(outcome.errorText.contains("fiddler_server"), "\(outcome.errorText)")
  }

  /// `kilt job create --dry-run` beside a scheduler of its own.
  private func planned(_ stage: String, _ commit: String, in example: Example) throws -> Subprocess.Outcome {
    let script = """
      rm -f "$STATE/address"
      "$PROGRAMS/kilt-scheduler" --state-directory "$STATE" --repository "$REPOSITORY" --listen 127.0.0.1:0 --allow-missing-user \
        2>"$STATE.log" & scheduler=$!
      until [ -s "$STATE/address" ]; do
        kill -0 $scheduler 2>/dev/null || { cat "$STATE.log" >&2; exit 99; }
        sleep 0.05
      done
      KILT_SCHEDULER=$(cat "$STATE/address") "$PROGRAMS/kilt" job create jobs/fiddler.yaml --stage "$1" --commit "$2" --dry-run
      code=$?
      kill $scheduler
      wait $scheduler
      exit $code
      """
    return try Subprocess(
      "sh", ["-c", script, "sh", stage, commit],
      environment: example.environment([
        "STATE=\(example.scratch.appending("state"))", "PROGRAMS=\(example.programs)",
        "REPOSITORY=\(example.repository)",
      ]), workingDirectory: example.root, deadlineMilliseconds: 120_000
    ).run()
  }
}
