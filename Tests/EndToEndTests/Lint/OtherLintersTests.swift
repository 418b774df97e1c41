import SystemSupport
import Testing

/// Tools besides ruff, each the real one.
@Suite struct OtherLintersTests {
  @Test("Configured formatters and linters run on Python and shell, and fmt ends with nothing to format")
  func configured() throws {
    let workspace = try LintWorkspace(
      [
        "lib/BUILD": "python_sources()\nshell_sources(name=\"shell\")\n",
        "lib/bad.py": "import sys\nimport os\nx=1\n",
        "lib/run.sh": "#!/bin/sh\nx=`ls`\nif true; then\n  echo \"$x\"\nfi\n",
      ],
      configuration: """
        [workspace]
        name = "lint"
        [lint]
        tools = ["black", "isort", "flake8", "shellcheck", "shfmt"]
        [lint.flake8]
        args = ["--max-line-length=10"]

        """)
    let first = try workspace.kilt("lint", "::")
    #expect(first.termination == .exited(1), "\(first.errorText)")
    for text in [
      "lib/bad.py: the file is not formatted [black]", "lib/bad.py: the file is not formatted [isort]",
      "lib/run.sh: the file is not formatted [shfmt]", "lib/bad.py:1:1: F401 ", "lib/run.sh:2:3: warning: SC2006 ",
    ] {
      #expect(first.text.contains(text), "\(text) in \(first.text)")
    }
    #expect(!first.text.contains("ruff"))
    #expect(try workspace.kilt("fmt", "::").termination == .exited(0))
    #expect(try workspace.read("lib/bad.py") == "import os\nimport sys\n\nx = 1\n")
    #expect(try workspace.kilt("fmt", "::", "--check").termination == .exited(0))
  }

  @Test("A tool that cannot run is told, and the others go on")
  func failures() throws {
    let workspace = try LintWorkspace(
      ["lib/BUILD": "python_sources()\n", "lib/bad.py": "import os\n"],
      configuration: """
        [workspace]
        name = "lint"
        [lint]
        tools = ["ruff-check", "flake8", "black"]
        [lint.flake8]
        args = ["--no-such-option"]
        [lint.black]
        version = "0.0.1"

        """)
    let outcome = try workspace.kilt("lint", "::")
    #expect(outcome.termination != .exited(0))
    #expect(outcome.text.contains("F401"), "\(outcome.text)")
    #expect(outcome.errorText.contains("error: flake8 failed with exit code 2"), "\(outcome.errorText)")
    #expect(outcome.errorText.contains("error: cannot install black: "), "\(outcome.errorText)")
  }

  @Test("A plug-in of flake8 or pylint that is missing is told in every run, with the setting that adds it")
  func plugins() throws {
    let workspace = try LintWorkspace(
      [
        "lib/BUILD": "python_sources()\n", "lib/good.py": "\"\"\"A module.\"\"\"\n",
        ".flake8": "[flake8]\nrequire-plugins = nosuch-plugin\n", ".pylintrc": "[MASTER]\nload-plugins=nosuch_plugin\n",
      ],
      configuration: "[workspace]\nname = \"lint\"\n[lint]\ntools = [\"flake8\", \"pylint\"]\n")
    for time in ["first", "second"] {
      let outcome = try workspace.kilt("lint", "::")
      #expect(outcome.termination == .exited(1), "\(time) \(outcome.errorText)")
      for tool in ["flake8", "pylint"] {
        #expect(outcome.errorText.contains("error: \(tool) cannot import a plug-in"), "\(time) \(outcome.errorText)")
        #expect(outcome.errorText.contains("`requirements` under [lint.\(tool)]"), "\(time) \(outcome.errorText)")
      }
    }
  }

  @Test("A Python that does not exist is told for the tools that need it, and ruff goes on")
  func missingPython() throws {
    let workspace = try LintWorkspace(
      [
        "lib/BUILD": "python_sources(interpreter_constraints=[\"==3.5.*\"])\n", "lib/bad.py": "import os\n",
      ],
      configuration: "[workspace]\nname = \"lint\"\n[lint]\ntools = [\"ruff-check\", \"flake8\"]\n")
    let outcome = try workspace.kilt("lint", "::")
    #expect(outcome.termination == .exited(3), "\(outcome.errorText)")
    #expect(
      outcome.text.contains("F401") && outcome.errorText.contains("error: cannot install flake8: "),
      "\(outcome.errorText)")
  }

  @Test("A workspace of Pants runs the tools of its backends")
  func pants() throws {
    let workspace = try LintWorkspace(["lib/BUILD": "python_sources()\n", "lib/bad.py": "import os\nx=1\n"])
    try FileSystem.removeFile(workspace.root.appending("kilt.toml"))
    try workspace.write(
      "pants.toml",
      """
      [GLOBAL]
      backend_packages = ["pants.backend.python", "pants.backend.python.lint.isort", "pants.backend.python.lint.flake8",
        "pants.backend.python.lint.autoflake", "pants.backend.experimental.python.lint.ruff.format"]
      [flake8]
      args = "--ignore=F401"
      [isort]
      skip = true

      """)
    let outcome = try workspace.kilt("lint", "::")
    #expect(outcome.text.contains("E225") && !outcome.text.contains("F401"), "\(outcome.text)")
    #expect(outcome.text.contains("[ruff-format]") && !outcome.text.contains("[isort]"), "\(outcome.text)")
    #expect(outcome.errorText.contains("enables autoflake, which Kilt does not run"), "\(outcome.errorText)")
  }

  @Test("An exported environment has the tools")
  func export() throws {
    let workspace = try LintWorkspace(
      [
        "lib/BUILD": "python_sources()\n", "lib/good.py": "x = 1\n", "requirements.txt": "packaging\n",
        "BUILD": "python_requirements(name=\"reqs\")\n",
      ],
      configuration:
        "[workspace]\nname = \"lint\"\n[python.resolves]\ndefault = \"default.lock\"\n[lint]\ntools = [\"ruff\"]\n")
    try #require(try workspace.kilt("lock").termination.isSuccess)
    let outcome = try workspace.kilt("export")
    #expect(outcome.termination == .exited(0), "\(outcome.errorText)")
    let found = try workspace.run(
      "sh", ["-c", "dist/export/python/virtualenvs/default/*/bin/ruff --version"])
    #expect(found.text.hasPrefix("ruff "), "\(found.errorText)")
    #expect(try workspace.kilt("export").errorText.contains("unchanged"))
    #expect(try workspace.kilt("export", "--no-tools").errorText.contains("1 package"))
  }
}
