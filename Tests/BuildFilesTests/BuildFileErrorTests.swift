import BuildFiles
import Diagnostics
import Testing

/// The message for a BUILD file, as a user sees it.
func message(for text: String, in directory: String = "lib/auth", files: [String: String] = [:]) -> String {
  do {
    _ = try resolved(try evaluate(text, in: directory, files: files))
    return "no error"
  } catch {
    #expect(DiagnosticRenderer.exitCode(for: error) == 2)
    return DiagnosticRenderer(color: false).render(error)
  }
}

@Suite struct BuildFileErrorTests {
  @Test func anUnknownFieldSuggestsTheNearest() {
    #expect(
      message(for: "python_sources(\n    name=\"a\",\n    dependecies=[\":b\"],\n)\n") == """
        error: the target "lib/auth:a" has the field "dependecies", which python_sources does not have
          --> lib/auth/BUILD:3:5
           |
         3 |     dependecies=[":b"],
           |     ^^^^^^^^^^^
          help: did you mean "dependencies"?

        """)
  }

  @Test func aWrongValueSaysWhatTheFieldTakes() {
    #expect(
      message(for: "files(name=\"a\", sources=[\"x\"], tags=\"data\")\n") == """
        error: the field "tags" of the target "lib/auth:a" must be a list of strings, not "data"
          --> lib/auth/BUILD:1:38
           |
         1 | files(name="a", sources=["x"], tags="data")
           |                                      ^^^^
          help: write tags=["data"]

        """)
    #expect(
      message(for: "pex_binary(name=\"a\", layout=\"zipap\")\n") == """
        error: the field "layout" of the target "lib/auth:a" must be one of "zipapp", "packed", "loose", not "zipap"
          --> lib/auth/BUILD:1:30
           |
         1 | pex_binary(name="a", layout="zipap")
           |                              ^^^^^
          help: did you mean "zipapp"?

        """)
  }

  @Test func aNameThatNothingDefinesSaysWhatToDo() {
    let text = message(for: "pyton_sources()\n")
    #expect(text.contains("lib/auth/BUILD:1:1"))
    #expect(text.contains("did you mean"))
    #expect(text.contains("python_sources"))
    #expect(message(for: "acme_rpc_service()\n").contains("unknown_target_types = \"ignore\""))
  }

  @Test func namesMustBeThereAndDiffer() {
    #expect(
      message(for: "files(name=\"a\", sources=[])\n\nfiles(name=\"a\", sources=[])\n") == """
        error: two targets of this directory are named "a"
          --> lib/auth/BUILD:3:7
           |
         3 | files(name="a", sources=[])
           |       ^^^^
          note: the first is at lib/auth/BUILD:1
          help: give one of them another name=…

        """)
    #expect(message(for: "python_sources()\n", in: "").contains("a target in the root directory needs a name"))
    #expect(message(for: "python_sources(name='a:b')\n").contains("cannot be a target's name"))
    #expect(
      message(for: "files(name='a')\n").contains("the target \"lib/auth:a\" lacks the field \"sources\""))
  }

  @Test func brokenSyntaxIsPointedAt() {
    let text = message(for: "python_sources(\n    name=\"a\"\n    tags=[],\n)\n")
    #expect(text.contains("lib/auth/BUILD:3:5"))
    #expect(text.contains("tags=[]"))
  }

  @Test func errorsInsideMacrosShowTheCall() {
    let text = message(
      for: "load('//m.star', 'f')\nf(1)\n", files: ["m.star": "def f(x):\n  return x + 'a'\n"])
    #expect(text.contains("m.star:2"))
    #expect(text.contains("called from lib/auth/BUILD:2"))
  }

  @Test func loadsThatFailSayWhy() {
    #expect(message(for: "load('//none.star', 'f')\n").contains("the file \"none.star\" does not exist"))
    let circle = ["a.star": "load('//b.star', 'y')\nx = 1\n", "b.star": "load('//a.star', 'x')\ny = 1\n"]
    #expect(message(for: "load('//a.star', 'x')\n", files: circle).contains("a.star -> b.star -> a.star"))
    #expect(
      message(for: "load('//a.star', 'x')\n", files: ["a.star": "files(name='q', sources=[])\nx = 1\n"])
        .contains("in BUILD files only"))
  }

  @Test func defaultsAreChecked() {
    #expect(message(for: "__defaults__({files: dict(tag=[])})\n").contains("did you mean \"tags\"?"))
    #expect(message(for: "__defaults__({'nope': dict(tags=[])})\n").contains("\"nope\" is not a target type"))
    #expect(
      message(for: "__defaults__({files: dict(x=1)}, ignore_unknown_fields=True)\n") == "no error")
  }
}
