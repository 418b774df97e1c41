import JSON
import SystemSupport
import Testing

/// `kilt run`, `kilt repl`, `kilt export`.
@Suite struct RunTests {
  @Test func aBinaryIsPackedAndBecomesTheProcess() throws {
    let example = try Example()
    let outcome = try example.kilt("run", "services/eightball:server", "--", "--help")
    #expect(outcome.text.hasPrefix("usage: "))
    #expect(outcome.errorText.hasPrefix("built  dist/eightball_server-"))
    // A directory with one binary stands for it, and nothing is built again.
    let again = try example.kilt("run", "services/eightball", "--", "--help")
    #expect(again.errorText == "")
    // The exit code is the program's.
    let wrong = try example.kilt(["run", "services/eightball:server", "--", "--no-such-option"])
    #expect(wrong.termination == .exited(2))
    #expect(wrong.errorText.contains("unrecognized arguments: --no-such-option"))
  }

  @Test("A Python file runs from links to the files that its bundle would contain")
  func pythonFile() throws {
    let example = try Example()
    try example.append(
      "tools/probe/probe.py",
      """
      import os
      import signal
      import sys

      import bottle

      from lib.auth import issue

      if __name__ == "__main__":
          print(sys.argv[1:], os.path.relpath(os.path.realpath(__file__)), os.environ["GIVEN"], os.getpid(), bottle.__name__)
          sys.stdout.flush()
          assert not os.path.exists(os.path.join(os.path.dirname(__file__), "undeclared.txt"))
          if sys.argv[1] == "end":
              os.kill(os.getpid(), signal.SIGTERM)
          sys.exit(7)
      """)
    try example.append("tools/probe/BUILD", "python_sources()\n")
    try example.append("tools/probe/undeclared.txt", "")
    let script = "echo $$; exec \"$1\" run tools/probe/probe.py -- \"$2\" 'a b'"
    func run(_ word: String) throws -> Subprocess.Outcome {
      try Subprocess(
        "bash", ["-c", script, "bash", example.programs.appending("kilt").string, word],
        environment: example.environment(["GIVEN=yes"]), workingDirectory: example.root
      ).run()
    }
    let outcome = try run("go")
    let lines = outcome.text.split(separator: "\n").map(String.init)
    try #require(lines.count == 2, "\(outcome.errorText)")
    // Its process id is that of kilt, which is gone.
    #expect(lines[1] == "['go', 'a b'] tools/probe/probe.py yes \(lines[0]) bottle")
    #expect(outcome.termination == .exited(7))
    #expect(try run("end").termination == .signaled(15))
    // Nothing was built for it.
    #expect(!FileSystem.exists(example.root.appending("dist")))
  }

  @Test func whatCanNotBeRunSaysWhatCan() throws {
    let example = try Example()
    try expectFailure(
      example, try example.kilt(["run", "lib/auth/tokens_test.py"]), code: 2,
      """
      error: cannot run "lib/auth/tokens_test.py:tests": kilt run does not support python_test targets
        help: run `kilt test lib/auth/tokens_test.py:tests`
      """)
    try expectFailure(
      example, try example.kilt(["run", "services/eightball:answers"]), code: 2,
      """
      error: cannot run "services/eightball:answers": kilt run does not support resources targets
        help: run `kilt list :: --filter-target-type=pex_binary` to list targets that can
      """)
  }

  @Test func aShellHasTheCodeAndItsPackages() throws {
    let example = try Example()
    let code = "from lib.auth import issue, verify; print(verify(issue('ann', 's'), 's'))"
    #expect(try example.kilt("repl", "lib/auth", "--", "-c", code).text == "ann")
    #expect(try example.kilt("repl", "--", "-c", "import bottle, requests, lib.auth").text == "")
    try expectFailure(
      example, try example.kilt(["repl", "--shell", "ipython"]), code: 2,
      """
      error: the requirement "ipython" is not in "3rdparty/python/default.lock"
        help: add it to the requirements, then run `kilt lock`
      """)
  }

  @Test func anExportedEnvironmentIsAVirtualEnvironment() throws {
    let example = try Example()
    let json = try JSONValue(parsing: try example.kilt("export", "--format", "json").output)
    let python = example.root.appending(try #require(json.array?.first?["python"]?.string))
    let code = """
      import os, sys, bottle, lib.auth
      assert sys.prefix != sys.base_prefix
      assert os.path.realpath(bottle.__file__).startswith(os.path.realpath(sys.prefix))
      print(lib.auth.__file__)
      """
    let elsewhere = example.scratch
    #expect(
      try example.execute(python.string, ["-c", code], in: elsewhere)
        == example.root.appending("lib/auth/__init__.py").string)
    // Its scripts and its activation know where they are.
    let bin = python.removingLastComponent()
    #expect(try example.execute(bin.appending("pytest").string, ["--version"], in: elsewhere).hasPrefix("pytest "))
    let activated = try example.execute("bash", ["-c", ". \(bin)/activate; command -v python"], in: elsewhere)
    #expect(activated == python.string)
    let inode = try FileSystem.status(of: bin).inode
    #expect(try example.kilt("export").errorText.hasPrefix("unchanged  dist/export/python/virtualenvs/default/"))
    #expect(try FileSystem.status(of: bin).inode == inode)
    // Neither git nor the workspace sees it.
    #expect(try example.git("status", "--short") == "")
    // One that is broken is made anew.
    try FileSystem.removeFile(python)
    #expect(try example.kilt("export").errorText.hasPrefix("wrote  dist/export/"))
    try example.execute(python.string, ["-c", code], in: elsewhere)
  }
}
