import Bundles
import SystemSupport
import Testing

/// The table of PEX_* variables: one program, packed by Kilt and by the real pex, started with the same variables.
@Suite("PEX_* variables, compared with the real pex")
struct PexComparisonTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var environment: [String: String] = [:]
    var arguments: [String] = []
    /// What stands in `~/.pexrc`.
    var rc: String?
    /// Whether both refuse; the texts are their own, and so are the exit codes: pex ends with 1.
    var isRefused = false
    /// How many lines of the output count: profiles differ behind the program's own.
    var lines = Int.max

    var testDescription: String {
      (environment.map { "\($0.key)=\($0.value)" } + arguments + (rc.map { ["~/.pexrc: \($0)"] } ?? [])).joined(
        separator: " ")
    }
  }

  static let cases: [Case] = [
    Case(arguments: ["a", "b c", ""]),
    Case(environment: ["PEX_MODULE": "other"]),
    Case(environment: ["PEX_MODULE": "other:call"]),
    Case(environment: ["PEX_MODULE": "package"]),
    Case(environment: ["PEX_MODULE": ""]),
    Case(environment: ["PEX_MODULE": "nothing"], isRefused: true),
    Case(environment: ["PEX_SCRIPT": "tool"], arguments: ["x"]),
    Case(environment: ["PEX_SCRIPT": "raw"], arguments: ["x"]),
    Case(environment: ["PEX_SCRIPT": "nothing"], isRefused: true),
    Case(environment: ["PEX_SCRIPT": "tool", "PEX_MODULE": "other"], isRefused: true),
    Case(environment: ["PEX_INTERPRETER": "1"], arguments: ["-c", "import pkg; print(pkg.x)"]),
    Case(environment: ["PEX_INTERPRETER": "true"], arguments: ["-m", "other"]),
    Case(environment: ["PEX_INTERPRETER": "0"]),
    Case(environment: ["PEX_INTERPRETER": "yes"], isRefused: true),
    Case(environment: ["PEX_EXTRA_SYS_PATH": "/extra/one:/extra/two", "PEX_MODULE": "showpath"]),
    Case(environment: ["PEX_EXTRA_SYS_PATH": "/extra/one", "PEX_MODULE": "childpath"]),
    Case(environment: ["PYTHONPATH": "/from/path", "PEX_MODULE": "showpath"]),
    Case(environment: ["PYTHONPATH": "/from/path", "PEX_INHERIT_PATH": "fallback", "PEX_MODULE": "showpath"]),
    Case(environment: ["PYTHONPATH": "/from/path", "PEX_INHERIT_PATH": "prefer", "PEX_MODULE": "showpath"]),
    Case(environment: ["PYTHONPATH": "/from/path", "PEX_INHERIT_PATH": "false", "PEX_MODULE": "showpath"]),
    Case(environment: ["PEX_INHERIT_PATH": "perhaps"], isRefused: true),
    Case(environment: ["PEX_DISABLE_VARIABLES": "1", "PEX_MODULE": "other"]),
    Case(rc: "PEX_MODULE=other"),
    Case(environment: ["PEX_IGNORE_RCFILES": "1"], rc: "PEX_MODULE=other"),
    Case(environment: ["PEX_DISABLE_VARIABLES": "true"], rc: "PEX_MODULE=other"),
    Case(environment: ["PEX_MODULE": "package"], rc: "PEX_MODULE=other"),
    Case(rc: "# a comment\n  PEX_MODULE=other  \nPEX_SCRIPT=a=b\nPEX_INTERPRETER=\nOTHER=1"),
    Case(environment: ["PEX_PROFILE": "1", "PEX_MODULE": "other"], lines: 1),
    Case(environment: ["PEX_PROFILE_FILENAME": "/dev/null", "PEX_MODULE": "other"]),
    Case(environment: ["PEX_COVERAGE": "1"], isRefused: true),
    Case(environment: ["PEX_VERBOSE": "1"]),
    Case(environment: ["PEX_VERBOSE": "loud"], isRefused: true),
    Case(environment: ["PEX_EMIT_WARNINGS": "0"]),
    Case(environment: ["PEX_IGNORE_ERRORS": "1"]),
    Case(environment: ["PEX_MAX_INSTALL_JOBS": "0"]),
    Case(environment: ["PEX_MAX_INSTALL_JOBS": "-2"], isRefused: true),
    Case(environment: ["PEX_VENV": "1"]),
    Case(environment: ["PEX_VENV": "1", "PEX_VENV_BIN_PATH": "prepend", "PEX_MODULE": "which"]),
    Case(environment: ["PEX_VENV": "1", "PEX_VENV_BIN_PATH": "somewhere"], isRefused: true),
    Case(environment: ["PEX_INTERPRETER_HISTORY": "1", "PEX_INTERPRETER": "1"], arguments: ["-c", "print(1)"]),
    Case(environment: ["PEX_UNZIP": "1", "PEX_FORCE_LOCAL": "1", "PEX_ALWAYS_CACHE": "1"]),
    Case(environment: ["PEX_PYTHON": "/nonexistent/python"], isRefused: true),
    Case(environment: ["PEX_PYTHON_PATH": "/nonexistent"], isRefused: true),
    Case(environment: ["PEX_TOOLS": "1"], arguments: ["nothing"], isRefused: true),
    Case(environment: ["PEX_ROOT": "~/elsewhere"]),
  ]

  static let sources: [(String, String)] = [
    ("app.py", "import os, sys\nprint('app', sys.argv[1:], *sorted(k for k in os.environ if k.startswith('PEX_')))\n"),
    ("other.py", "print('other', __name__)\ndef call():\n  print('called')\n"),
    ("package/__init__.py", ""),
    ("package/__main__.py", "print('package main', __name__)\n"),
    ("showpath.py", "import sys\nprint([p for p in sys.path if p.startswith(('/extra', '/from'))])\n"),
    (
      "childpath.py",
      """
      import subprocess, sys
      script = "import sys; print([p for p in sys.path if p.startswith(('/extra', '/from'))])"
      print(subprocess.run([sys.executable, "-c", script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE).stdout)

      """
    ),
    ("which.py", "import os, shutil\nprint(os.path.basename(shutil.which('tool') or 'none'))\n"),
  ]

  @Test("Each variable has the effect of the real pex, or is refused where pex refuses it")
  func table() throws {
    let scratch = try Scratch()
    let python = try Python.any()
    let bin = try PexToolsTests.RealPex.bin(python)
    let wheel = try scratch.wheel(
      "pkg-1.0-py3-none-any.whl",
      [
        "pkg/__init__.py": "x = 1\nimport sys\ndef tool():\n  print('tool ran', sys.argv[1:])\n",
        "pkg-1.0.dist-info/entry_points.txt": "[console_scripts]\ntool = pkg:tool\n",
        "pkg-1.0.data/scripts/raw": "#!python\nimport sys\nprint('raw script', sys.argv[1:])\n",
      ])
    let ours = try scratch.build("ours.pex", entry: "app", wheels: [wheel]) {
      $0.sources = Self.sources.map { SourceMember($0.0, bytes: Array($0.1.utf8)) }
    }
    for (path, text) in Self.sources {
      let file = scratch.path.appending("src").appending(path)
      try FileSystem.createDirectories(file.removingLastComponent())
      try FileSystem.write(text: text, to: file)
    }
    let real = scratch.path.appending("real.pex")
    let made = try scratch.run(
      bin.appending("pex"),
      [
        "-D", scratch.path.appending("src").string, "-e", "app", "--no-pypi", wheel.path.string, "--include-tools",
        "-o",
        real.string,
      ])
    try #require(made.termination == .exited(0), "pex could not pack the program: \(made.errorText)")
    for one in Self.cases {
      let expected = try outcome(of: real, "real", one, scratch)
      let found = try outcome(of: ours.path, "ours", one, scratch)
      #expect((expected.termination != .exited(0)) == one.isRefused, "pex: \(one): \(expected.errorText)")
      #expect((found.termination != .exited(0)) == one.isRefused, "\(one): \(found.errorText)")
      func shown(_ outcome: Subprocess.Outcome) -> [Substring] {
        Array(outcome.text.split(separator: "\n", omittingEmptySubsequences: false).prefix(one.lines))
      }
      if !one.isRefused { #expect(shown(found) == shown(expected), "\(one): \(found.errorText)") }
    }
  }

  private func outcome(
    of bundle: FilePath, _ name: String, _ one: Case, _ scratch: Scratch
  ) throws -> Subprocess.Outcome {
    let home = scratch.path.appending("home-\(name)")
    try FileSystem.createDirectories(home)
    try FileSystem.write(text: one.rc ?? "", to: home.appending(".pexrc"))
    return try scratch.run(
      bundle, one.arguments, environment: ["HOME": home.string].merging(one.environment) { $1 })
  }
}
