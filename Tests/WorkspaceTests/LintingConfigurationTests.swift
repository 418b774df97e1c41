import Diagnostics
import Testing

@testable import Workspace

/// `[lint]` of `kilt.toml`, and the tools of a `pants.toml`.
@Suite struct LintingConfigurationTests {
  @Test("Tools, their options and the resolve are read from kilt.toml")
  func kilt() throws {
    let configuration = try WorkspaceConfiguration(
      kiltFile: "kilt.toml",
      text: """
        [python.resolves]
        tools = "tools.lock"
        [lint]
        tools = ["black", "ruff-check"]
        resolve = "tools"
        timeout = 30
        [lint.black]
        args = ["--fast"]
        version = "26.1.0"
        requirements = ["x==1"]
        config = "build/black.toml"
        skip = true
        """)
    let linting = configuration.linting
    #expect(linting.tools == ["black", "ruff-check"] && linting.resolve == "tools" && linting.timeout == 30)
    let black = linting.options(of: "black")
    #expect(black.arguments == ["--fast"] && black.version == "26.1.0" && black.requirements == ["x==1"])
    #expect(black.configuration == "build/black.toml" && black.isSkipped)
    #expect(linting.options == [black])
  }

  @Test(
    "A wrong key or value of [lint] is told with its place",
    arguments: [
      ("[lint]\ntools = [\"rufff\"]\n", "unknown tool \"rufff\" in [lint] of \"kilt.toml\"", 2),
      ("[lint]\ntool = []\n", "unknown key \"tool\" in [lint] of \"kilt.toml\"", 2),
      ("[lint.ruff]\narg = []\n", "unknown key \"arg\" in [lint.ruff] of \"kilt.toml\"", 2),
      ("[lint]\ntimeout = 0\n", "the timeout in [lint] of \"kilt.toml\" must be at least 1 second", 2),
      (
        "[python.resolves]\na = \"a.lock\"\n[lint.mypy]\nresolve = \"b\"\n",
        "unknown resolve \"b\" in [lint.mypy] of \"kilt.toml\"", 4
      ),
    ])
  func wrong(_ text: String, _ summary: String, _ line: Int) {
    #expect {
      try WorkspaceConfiguration(kiltFile: "kilt.toml", text: text)
    } throws: { error in
      let diagnostic = error as? Diagnostic
      return diagnostic?.summary == summary && diagnostic?.location?.line == line
    }
  }

  @Test("The tools of a pants.toml are those of its backends")
  func pants() throws {
    let configuration = try WorkspaceConfiguration(
      pantsFile: "pants.toml",
      text: """
        [GLOBAL]
        backend_packages = ["pants.backend.python", "pants.backend.python.lint.black",
          "pants.backend.experimental.python.lint.ruff.check", "pants.backend.python.typecheck.mypy",
          "pants.backend.shell.lint.shfmt", "pants.backend.python.lint.pyupgrade", "pants.backend.docker.lint.hadolint"]
        [black]
        args = ["--line-length 100"]
        [isort]
        config = ["a.cfg", "b.cfg"]
        """)
    #expect(configuration.linting.tools == ["black", "ruff-check", "mypy", "shfmt"])
    #expect(configuration.linting.unsupported == ["pyupgrade"])
    #expect(configuration.linting.options(of: "black").arguments == ["--line-length", "100"])
    #expect(configuration.linting.options(of: "isort").configuration == "a.cfg")
  }
}
