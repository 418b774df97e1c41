import SystemSupport
import Testing

/// `kilt lint build-files` and `kilt hook`.
@Suite struct BuildFileLintTests {
  @Test("build-files finds and fixes order, repetition, unused loads, format and redundant dependencies")
  func buildFiles() throws {
    let workspace = try LintWorkspace([
      "macros.bzl": "def one():\n    pass\n\ndef two():\n    pass\n",
      "lib/base.py": "X = 1\n", "lib/user.py": "from lib.base import X\n\nprint(X)\n", "lib/data.txt": "",
      "lib/BUILD": """
      load("//macros.bzl", "one", "two")
      one()
      # The sources.
      python_sources( overrides={"user.py": {"dependencies": [
          # Needed at run time.
          ":data",
          "./base.py",
          ":data",
      ]}} )
      resources(name="data", sources=["data.txt"])

      """,
    ])
    let first = try workspace.kilt("lint", "build-files", "::")
    #expect(first.termination == .exited(1), "\(first.errorText)")
    for rule in ["unused-load", "repeated-entry", "redundant-dependency"] {
      #expect(first.text.contains(rule), "\(first.text)")
    }
    #expect(first.text.contains("lib/BUILD: the file is not formatted [ruff-format]"), "\(first.text)")
    #expect(first.errorText.contains("fix: kilt lint build-files --fix ::"), "\(first.errorText)")
    let fixed = try workspace.kilt("lint", "build-files", "--fix", "::")
    #expect(fixed.termination == .exited(0), "\(fixed.text) \(fixed.errorText)")
    let text = try workspace.read("lib/BUILD")
    #expect(text.contains("# The sources.") && text.contains("# Needed at run time."), "\(text)")
    #expect(text.contains("load(\"//macros.bzl\", \"one\")") && !text.contains("base.py"), "\(text)")
    #expect(text.components(of: "\":data\"") == 1, "\(text)")
  }

  @Test("The hooks check what differs from HEAD, and leave hooks of others alone")
  func hooks() throws {
    let workspace = try LintWorkspace(["lib/BUILD": "python_sources()\n", "lib/good.py": "x = 1\n"])
    for arguments in [["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "-m", "start"]] {
      try #require(try workspace.run("git", arguments).termination.isSuccess)
    }
    #expect(try workspace.kilt("hook", "install", "--pre-commit", "fmt,lint").termination == .exited(0))
    let hook = try workspace.read(".git/hooks/pre-commit")
    #expect(hook.contains("exec kilt hook run pre-commit --run fmt,lint"))
    let quiet = try workspace.kilt("hook", "run", "pre-commit")
    #expect(quiet.termination == .exited(0) && quiet.errorText == "nothing differs from HEAD", "\(quiet.errorText)")
    try workspace.write("lib/good.py", "x=1\n")
    let path = "PATH=\(try executablePath().removingLastComponent()):\(environmentVariable("PATH") ?? "")"
    let refused = try workspace.run("git", ["commit", "--quiet", "-am", "bad"], environment: [path])
    #expect(refused.termination == .exited(1) && refused.errorText.contains("kilt fmt"), "\(refused.errorText)")
    try workspace.write("lib/good.py", "x = 2\n")
    let accepted = try workspace.run("git", ["commit", "--quiet", "-am", "good"], environment: [path])
    #expect(accepted.termination == .exited(0), "\(accepted.errorText)")
    #expect(try workspace.kilt("hook", "uninstall").errorText.contains("removed "))
    try workspace.write(".git/hooks/pre-commit", "#!/bin/sh\nexit 0\n")
    let foreign = try workspace.kilt("hook", "install")
    #expect(foreign.termination == .exited(2) && foreign.errorText.contains("--force"), "\(foreign.errorText)")
    #expect(try workspace.read(".git/hooks/pre-commit") == "#!/bin/sh\nexit 0\n")
  }
}

extension String {
  /// How often a text occurs.
  fileprivate func components(of text: String) -> Int { ranges(of: text).count }
}
