import JSON
import Synchronization
import SystemSupport
import Testing

/// `kilt test` on the example's own tests, with real wheels and the pytest of its lockfile.
@Suite struct TestVerbTests {
  /// What was said of each file: `cached`, or that it ran.
  private func lines(_ outcome: Subprocess.Outcome) -> [String: String] {
    var found: [String: String] = [:]
    for line in outcome.errorText.split(separator: "\n") where line.hasPrefix("✓") || line.hasPrefix("✗") {
      let words = line.split(separator: " ")
      found[String(words[1])] = words[2] == "cached" ? "cached" : "run"
    }
    return found
  }

  @Test func aFileRunsAgainOnlyWhenSomethingItDependsOnHasChanged() throws {
    let example = try Example()
    // A cache of its own: results of other runs of these tests are not known. Wheels are.
    let environment = try example.freshResults()
    let first = try example.kilt("test", "::", environment: environment)
    #expect(lines(first).count == 12)
    #expect(Set(lines(first).values) == ["run"])
    #expect(first.errorText.contains("12 files: 12 passed; tests: 57 passed in "))
    let again = try example.kilt("test", "::", environment: environment)
    #expect(Set(lines(again).values) == ["cached"])
    #expect(again.errorText.contains("12 files: 12 passed (12 cached); tests: 57 passed in "))
    // A line that changes nothing for the tests, in a file that some depend on.
    try example.append("lib/auth/tokens.py", "\n# A remark.\n")
    let edited = lines(try example.kilt("test", "::", environment: environment))
    #expect(
      Set(edited.filter { $0.value == "run" }.keys) == [
        "lib/auth/tokens_test.py:tests", "services/fiddler/app_test.py:tests", "workers/igor/jobs/jobs_test.py:tests",
        "workers/igor/worker_test.py:tests",
      ])
    // What is known from before counts again when the edit is taken back.
    try example.git("checkout", "--quiet", "lib/auth/tokens.py")
    #expect(Set(lines(try example.kilt("test", "::", environment: environment)).values) == ["cached"])
    #expect(Set(lines(try example.kilt("test", "::", "--force", environment: environment)).values) == ["run"])
    // Arguments for pytest are inputs too; so is the environment that is asked for.
    let selected = try example.kilt("test", "lib/auth:tests", "--", "-k", "expires", environment: environment)
    #expect(selected.errorText.contains("1 passed, 5 deselected"))
    #expect(
      lines(try example.kilt("test", "lib/auth:tests", "--extra-env-vars", "A=1", environment: environment)).values
        .first
        == "run")
    #expect(
      lines(try example.kilt("test", "lib/auth:tests", "--extra-env-vars", "A=1", environment: environment)).values
        .first
        == "cached")
  }

  @Test func aFailureIsShownWithTheCommandThatRunsItAgain() throws {
    let example = try Example()
    try example.edit(
      "lib/auth/tokens_test.py", "== \"ann\"\n\n\ndef test_a_token_expires", "== \"bob\"\n\n\ndef test_a_token_expires")
    let outcome = try example.kilt(["test", "lib/auth:", "lib/memcache_utils:"])
    #expect(outcome.termination == .exited(1))
    let text = outcome.errorText
    #expect(text.contains("E         - bob"), "\(text)")
    #expect(
      text.contains(
        "  failed  lib/auth/tokens_test.py:tests\n    lib/auth/tokens_test.py::test_a_token_names_its_user\n"))
    #expect(text.contains("2 files: 1 failed, 1 passed"))
    #expect(text.hasSuffix("rerun the failed tests: kilt test lib/auth/tokens_test.py:tests"))
    #expect(try example.kilt(["test", "lib/auth:", "--output", "never"]).errorText.contains("E  ") == false)
    let json = try JSONValue(parsing: try example.kilt(["test", "lib/auth:", "--format", "json", "--quiet"]).output)
    let result = try #require(json.array?.first)
    #expect(result["status"]?.string == "failed")
    #expect(result["tests"]?["failed"]?.int == 1)
    #expect(result["failures"]?.strings == ["lib/auth/tokens_test.py::test_a_token_names_its_user"])
    #expect(result["output"]?.string?.contains("- bob") == true)
  }

  @Test func aTestSeesWhatItDeclaresAndNothingElse() throws {
    let example = try Example()
    try example.append("lib/notes.txt", "hello")
    try example.append(
      "lib/notes_test.py",
      """
      import os, pathlib


      def test_notes():
          here = pathlib.Path(__file__).resolve().parent
          assert (here / "notes.txt").read_text() == "hello"


      def test_surroundings():
          assert not pathlib.Path("lib/auth/tokens.py").exists()
          assert os.environ["HOME"] != os.environ["EXPECTED"]
          assert "OTHER" not in os.environ
      """)
    try example.append("lib/BUILD", "\npython_tests(name=\"tests\", extra_env_vars=[\"EXPECTED=/somewhere\"])\n")
    let undeclared = try example.kilt(["test", "lib:"], environment: ["OTHER=1"])
    #expect(undeclared.termination == .exited(1))
    #expect(undeclared.errorText.contains("FileNotFoundError"))
    #expect(undeclared.errorText.contains("1 failed, 1 passed"))
    try example.edit("lib/BUILD", "extra_env_vars", "dependencies=[\":notes\"], extra_env_vars")
    try example.append("lib/BUILD", "files(name=\"notes\", sources=[\"notes.txt\"])\n")
    try example.kilt("test", "lib:")
  }

  @Test func conftestsAndTestUtilitiesAreThere() throws {
    let example = try Example()
    try example.append(
      "lib/auth/conftest.py", "import pytest\n\n\n@pytest.fixture\ndef secret():\n    return 'from conftest'\n")
    try example.append("lib/auth/more_test.py", "def test_it(secret):\n    assert secret == 'from conftest'\n")
    try example.append("lib/auth/BUILD", "\npython_test_utils(name=\"utils\")\n")
    #expect(try example.kilt("test", "lib/auth/more_test.py").errorText.contains("1 passed"))
  }

  @Test func filesThatTakeTooLongCrashOrHoldNoTestFailWithAReason() throws {
    let example = try Example()
    try example.append(
      "odd/slow_test.py",
      "import subprocess\n\n\ndef test_quick():\n    pass\n\n\ndef test_slow():\n    subprocess.run(['sleep', '313'])\n"
    )
    try example.append("odd/crash_test.py", "import os\n\n\ndef test_crash():\n    os._exit(3)\n")
    try example.append("odd/empty_test.py", "X = 1\n")
    try example.append(
      "odd/flaky_test.py",
      "import os\n\n\ndef test_flaky():\n    mark = os.environ['MARK']\n    there = os.path.exists(mark)\n    open(mark, 'w').close()\n    assert there\n"
    )
    try example.append("odd/BUILD", "python_tests(overrides={\"slow_test.py\": {\"timeout\": 2}})\n")
    let arguments = [
      "test", "odd:", "--report", "reports", "--extra-env-vars", "MARK=\(example.scratch.appending("mark"))",
    ]
    let outcome = try example.kilt(arguments + ["--attempts-default", "2"])
    #expect(outcome.termination == .exited(1))
    let text = outcome.errorText
    #expect(text.contains("timed out in odd/slow_test.py::test_slow, 1 passed"), "\(text)")
    #expect(text.contains("crashed (its process ended) in odd/crash_test.py::test_crash"))
    #expect(text.contains("no tests in the file"))
    // Where it hung is shown.
    #expect(text.contains("odd/slow_test.py\", line 9 in test_slow"))
    #expect(text.contains("at attempt 2"))
    #expect(text.contains("4 files: 3 failed, 1 passed"))
    // What a test started ends with it.
    #expect(try example.execute("sh", ["-c", "pgrep -f 'sleep 31[3]' || true"]) == "")
    // One valid file each, also for those that pytest wrote none for.
    let code = """
      import glob, xml.etree.ElementTree as tree
      for path in sorted(glob.glob('reports/*.xml')):
          suite = tree.parse(path).getroot().find('testsuite')
          print(path[8:], suite.get('tests'), suite.get('errors'))
      """
    #expect(
      try example.execute("python3", ["-c", code]) == """
        odd.crash_test.py.xml 1 1
        odd.empty_test.py.xml 0 0
        odd.flaky_test.py.xml 1 0
        odd.slow_test.py.xml 1 1
        """)
  }

  @Test func everyFileIsInOneShard() throws {
    let example = try Example()
    var all: [String] = []
    for shard in ["0/3", "1/3", "2/3"] {
      let json = try JSONValue(
        parsing: try example.kilt("test", "::", "--shard", shard, "--format", "json").output)
      all += json.array?.compactMap { $0["file"]?.string } ?? []
    }
    #expect(Set(all).count == 12)
    #expect(all.count == 12)
    try expectFailure(
      example, try example.kilt(["test", "::", "--shard", "3/3", "--quiet"]), code: 2,
      """
      error: The value '3/3' is invalid for '--shard <k/N>'
      Help:  --shard <k/N>  Run part k of N parts, counted from 0. Each file is in exactly one part.
      Usage: kilt test [<options>] <spec> ... [-- <pytest-argument> ...]
        See 'kilt test --help' for more information.
      """)
  }

  @Test func coverageOfAllFilesIsJoinedAlsoOfThoseThatAreCached() throws {
    let example = try Example()
    try example.kilt("test", "lib/auth:", "--use-coverage")
    let outcome = try example.kilt(
      "test", "lib::", "--use-coverage", "--coverage-report", "console,xml,json,html,lcov")
    #expect(lines(outcome)["lib/auth/tokens_test.py:tests"] == "cached")
    #expect(outcome.text.contains("lib/auth/tokens.py "))
    #expect(outcome.text.contains("lib/sharknado/api.py "))
    #expect(outcome.text.contains("TOTAL "))
    let folder = example.root.appending("dist/coverage/python")
    for name in ["coverage.xml", "coverage.json", "coverage.lcov", "htmlcov/index.html"] {
      #expect(FileSystem.exists(folder.appending(name)), "\(name)")
    }
    let json = try JSONValue(parsing: try FileSystem.read(folder.appending("coverage.json")))
    #expect(json["files"]?["lib/auth/tokens.py"] != nil)
    let strict = try example.kilt(["test", "lib::", "--use-coverage", "--coverage-fail-under", "99.5"])
    #expect(strict.termination == .exited(1))
    #expect(strict.errorText.contains("below the required 99.50%"))
  }

  @Test func twoRunsAtOnceBothPass() throws {
    let example = try Example()
    let environment = try example.freshResults()
    let outcomes = Outcomes()
    performInParallel(count: 2, threads: 2) { _ in
      outcomes.add(Result { try example.kilt(["test", "::"], environment: environment) })
    }
    for outcome in outcomes.all {
      let outcome = try outcome.get()
      #expect(outcome.termination == .exited(0), "\(outcome.errorText)")
      #expect(outcome.errorText.contains("12 files: 12 passed"))
    }
    #expect(outcomes.all.count == 2)
  }

  @Test func anInterruptedRunLeavesNothingRunning() throws {
    let example = try Example()
    try example.append(
      "odd/slow_test.py",
      "import os, subprocess, sys\n\n\ndef test_slow():\n    open(os.environ['MARK'], 'w').close()\n    subprocess.run(['sleep', '317'])\n"
    )
    try example.append("odd/BUILD", "python_tests()\n")
    let mark = example.scratch.appending("mark")
    let temporary = example.scratch.appending("tmp")
    try FileSystem.createDirectories(temporary)
    // Waits until the test runs, interrupts kilt as a terminal would, and says how it ended and what is left.
    let script = """
      "$1" test odd: --extra-env-vars "MARK=$2" &
      until [ -e "$2" ]; do :; done
      kill -TERM $!
      wait $!
      echo "$?"
      pgrep -f 'sleep 31[7]'
      ls "$TMPDIR"
      """
    let outcome = try Subprocess(
      "bash", ["-c", script, "bash", example.programs.appending("kilt").string, mark.string],
      environment: example.environment(["TMPDIR=\(temporary)", "KILT_CACHE_DIR=\(Example.cache)"]),
      workingDirectory: example.root,
      deadlineMilliseconds: 120_000
    ).run()
    #expect(outcome.text == "143", "\(outcome.errorText)")
  }

  @Test func aSelectionWithoutTestsSaysSo() throws {
    let example = try Example()
    #expect(try example.kilt("test", "3rdparty::").errorText == "no tests are selected")
    try expectFailure(
      example, try example.kilt(["test", "services/fiddler:server"]), code: 2,
      """
      error: cannot test "services/fiddler:server": pex_binary targets have no tests
        help: run `kilt list :: --filter-target-type=python_test` to list targets with tests
      """)
    try example.edit("lib/auth/BUILD", "name=\"tests\"", "name=\"tests\", skip_tests=True")
    #expect(try example.kilt("test", "lib/auth:").errorText == "nothing to do: 1 file has skip_tests")
  }

  @Test func aPackageThatATestNeedsIsBuiltForIt() throws {
    let example = try Example()
    try example.append(
      "tools/igorctl/package_test.py",
      """
      import pathlib
      import subprocess


      def test_help():
          said = subprocess.run(["tools.igorctl/igorctl.pex", "--help"], stdout=subprocess.PIPE, check=True).stdout
          assert b"messages for Igor" in said
          assert not pathlib.Path("tools/igorctl/igorctl.py").exists()
      """)
    try example.edit(
      "tools/igorctl/BUILD", "python_tests(name=\"tests\")",
      "python_tests(name=\"tests\", overrides={\"package_test.py\": {\"runtime_package_dependencies\": [\":igorctl\"]}})"
    )
    try example.kilt("test", "tools/igorctl/package_test.py")
    #expect(try example.kilt("test", "tools/igorctl/package_test.py").errorText.contains("cached"))
  }

  @Test func aDebuggerHasTheTerminal() throws {
    let example = try Example()
    let outcome = try Subprocess(
      example.programs.appending("kilt").string, ["test", "lib/auth:tests", "--debug", "--", "-k", "expires"],
      environment: example.environment(), workingDirectory: example.root, input: [], deadlineMilliseconds: 120_000
    ).run()
    #expect(outcome.termination == .exited(0), "\(outcome.errorText)")
    #expect(outcome.text.contains("1 passed, 5 deselected"))
  }
}

/// Results of several threads.
private final class Outcomes: Sendable {
  private let found = Mutex<[Result<Subprocess.Outcome, any Error>]>([])
  func add(_ outcome: Result<Subprocess.Outcome, any Error>) { found.withLock { $0.append(outcome) } }
  var all: [Result<Subprocess.Outcome, any Error>] { found.withLock { $0 } }
}
