import SystemSupport
import Testing

/// `kilt check` with the real mypy and basedpyright.
@Suite struct CheckTests {
  private static let files = [
    "lib/BUILD": "python_sources()\n",
    "lib/base.py": "def number() -> int:\n    return 1\n",
    "lib/user.py": "from lib.base import number\n\n\ndef text() -> str:\n    return str(number() + 1)\n",
    "lib/alone.py": "x: int = 1\n",
  ]

  @Test("A file is checked again after its dependencies change, and no other file is")
  func closures() throws {
    let workspace = try LintWorkspace(Self.files)
    let first = try workspace.kilt("check", "::")
    #expect(first.termination == .exited(0), "\(first.text) \(first.errorText)")
    try workspace.write("lib/base.py", "def number() -> str:\n    return \"1\"\n")
    let second = try workspace.kilt("check", "::")
    #expect(second.termination == .exited(1))
    #expect(second.text.contains("lib/user.py:5:"), "\(second.text)")
    #expect(second.errorText.contains("3 files (1 cached), 1 finding in 1 file"), "\(second.errorText)")
    let again = try workspace.kilt("check", "::")
    #expect(again.text == second.text && again.errorText.contains("(3 cached)"), "\(again.errorText)")
    // An earlier state is known.
    try workspace.write("lib/base.py", Self.files["lib/base.py"] ?? "")
    let back = try workspace.kilt("check", "::")
    #expect(back.termination == .exited(0) && back.errorText.contains("(3 cached)"), "\(back.errorText)")
  }

  @Test("A syntax error is told, and nothing is kept of the other files")
  func syntax() throws {
    let workspace = try LintWorkspace(Self.files.merging(["lib/alone.py": "def f(:\n"]) { $1 })
    let first = try workspace.kilt("check", "::")
    #expect(first.termination == .exited(1) && first.text.contains("lib/alone.py:1:"), "\(first.text)")
    try workspace.write("lib/alone.py", "x: int = \"1\"\n")
    let second = try workspace.kilt("check", "::")
    #expect(second.text.contains("lib/alone.py:1:10: assignment "), "\(second.text)")
  }

  @Test("Two files of one module name are checked in calls of their own")
  func names() throws {
    let workspace = try LintWorkspace(
      [
        "one/src/BUILD": "python_sources()\n", "one/src/main.py": "x: int = \"1\"\n",
        "two/src/BUILD": "python_sources()\n", "two/src/main.py": "y: str = 1\n",
      ], configuration: "[workspace]\nsource_roots = [\"src\"]\n")
    let outcome = try workspace.kilt("check", "::")
    #expect(
      outcome.text.contains("one/src/main.py:1:") && outcome.text.contains("two/src/main.py:1:"), "\(outcome.text)")
  }

  @Test("A plug-in that is missing is told with the setting that adds it")
  func plugin() throws {
    let workspace = try LintWorkspace(Self.files.merging(["mypy.ini": "[mypy]\nplugins = nothere.plugin\n"]) { $1 })
    let outcome = try workspace.kilt("check", "::")
    #expect(outcome.termination == .exited(1))
    #expect(outcome.errorText.contains("error: mypy cannot import a plug-in"), "\(outcome.errorText)")
    #expect(outcome.errorText.contains("`requirements` under [lint.mypy]"), "\(outcome.errorText)")
  }

  @Test("The configuration of the root chooses the type checker")
  func choice() throws {
    let workspace = try LintWorkspace(
      Self.files.merging(["pyproject.toml": "[tool.basedpyright]\ntypeCheckingMode = \"standard\"\n"]) { $1 })
    try workspace.write("lib/alone.py", "x: int = \"1\"\n")
    let outcome = try workspace.kilt("check", "::")
    #expect(outcome.termination == .exited(1), "\(outcome.errorText)")
    #expect(outcome.text.contains("[basedpyright]") && outcome.text.contains("lib/alone.py:1:10:"), "\(outcome.text)")
  }

  @Test("pyright runs with a Node.js from a wheel, and finds what is wrong")
  func pyright() throws {
    let workspace = try LintWorkspace(
      Self.files.merging(["pyproject.toml": "[tool.pyright]\ntypeCheckingMode = \"standard\"\n"]) { $1 })
    try workspace.write("lib/base.py", "def number() -> str:\n    return \"1\"\n")
    let first = try workspace.kilt("check", "::")
    #expect(first.termination == .exited(1), "\(first.errorText)")
    #expect(first.text.contains("lib/user.py:5:") && first.text.contains("[pyright]"), "\(first.text)")
    #expect(first.errorText.contains("✗ pyright "), "\(first.errorText)")
    let again = try workspace.kilt("check", "::")
    #expect(again.text == first.text && again.errorText.contains("(3 cached)"), "\(again.errorText)")
  }
}
