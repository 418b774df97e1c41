import Bundles
import SystemSupport
import Testing

@Suite("PEX_* variables")
struct BundleVariableTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var environment: [String: String]
    var arguments: [String] = []
    var output: String
    var testDescription: String { "\(environment)" }
  }

  static let cases: [Case] = [
    Case(environment: [:], arguments: ["a"], output: "app ['a'] PEX"),
    Case(environment: ["PEX_MODULE": "other"], output: "other __main__"),
    Case(environment: ["PEX_MODULE": "other:call"], output: "other other\ncalled"),
    Case(environment: ["PEX_MODULE": "package"], output: "package main __main__"),
    Case(environment: ["PEX_SCRIPT": "tool"], output: "tool ran"),
    Case(environment: ["PEX_SCRIPT": "raw"], output: "raw script"),
    Case(environment: ["PEX_SCRIPT": "other"], arguments: ["x"], output: "other language x"),
    Case(environment: ["PEX_INTERPRETER": "1"], arguments: ["-c", "import pkg; print(pkg.x)"], output: "1"),
    Case(environment: ["PEX_INTERPRETER": "1"], arguments: ["-m", "other"], output: "other __main__"),
    Case(environment: ["PEX_INTERPRETER": "0"], output: "app [] PEX"),
    Case(environment: ["PEX_TOOLS": "1"], arguments: ["interpreter"], output: "PYTHON"),
    Case(
      environment: ["PEX_EXTRA_SYS_PATH": "/extra/one:/extra/two", "PEX_MODULE": "showpath"],
      output: "['/extra/one', '/extra/two']"),
    Case(environment: ["PYTHONPATH": "/from/pythonpath", "PEX_MODULE": "showpath"], output: "[]"),
    Case(
      environment: ["PYTHONPATH": "/from/pythonpath", "PEX_INHERIT_PATH": "fallback", "PEX_MODULE": "showpath"],
      output: "['/from/pythonpath']"),
    Case(
      environment: ["PYTHONPATH": "/from/pythonpath", "PEX_INHERIT_PATH": "prefer", "PEX_MODULE": "showfirst"],
      output: "/from/pythonpath"),
    Case(environment: ["PEX_VENV_BIN_PATH": "prepend", "PEX_MODULE": "which"], output: "tool"),
  ]

  static let sources: KeyValuePairs<String, String> = [
    "app.py": "import os, sys\nprint('app', sys.argv[1:], *[k for k in os.environ if 'PEX' in k or 'KILT' in k])\n",
    "other.py": "print('other', __name__)\ndef call():\n  print('called')\n",
    "package/__init__.py": "",
    "package/__main__.py": "print('package main', __name__)\n",
    "showpath.py": "import sys\nprint([p for p in sys.path if p.startswith(('/extra', '/from'))])\n",
    "showfirst.py": "import sys\nprint(sys.path[0])\n",
    "which.py": "import os, shutil\nprint(os.path.basename(shutil.which('tool') or 'none'))\n",
  ]

  static func wheel(_ scratch: Scratch) throws -> WheelInput {
    try scratch.wheel(
      "pkg-1.0-py3-none-any.whl",
      [
        "pkg/__init__.py": "x = 1\ndef tool():\n  print('tool ran')\n",
        "pkg-1.0.dist-info/entry_points.txt": "[console_scripts]\ntool = pkg:tool\n",
        "pkg-1.0.data/scripts/raw": "#!python\nprint('raw script')\n",
        "pkg-1.0.data/scripts/other": "#!/bin/sh\necho other language $1\n",
      ])
  }

  @Test("Each variable has its effect, on the first start and on the next", arguments: cases)
  func variables(_ one: Case) throws {
    let scratch = try Scratch()
    let bundle = try scratch.build(entry: "app", sources: Self.sources, wheels: [try Self.wheel(scratch)])
    for _ in 0..<2 {
      let outcome = try scratch.run(bundle.path, one.arguments, environment: one.environment)
      let expected = one.output == "PYTHON" ? try Python.any().path.string : one.output
      #expect(outcome.text == expected, "\(outcome.errorText)")
    }
  }

  @Test("PEX_PYTHON and PEX_PYTHON_PATH choose the interpreter", arguments: Python.all)
  func chooses(python: Python) throws {
    let scratch = try Scratch()
    let bundle = try scratch.build(entry: "app", sources: ["app.py": "import sys\nprint(sys.version_info[1])\n"])
    let directory = python.path.removingLastComponent()
    let choices = [
      ["PEX_PYTHON": python.path.string],
      ["PEX_PYTHON": "python3.\(python.minor)", "PATH": "\(directory):/usr/bin:/bin"],
      ["PEX_PYTHON_PATH": directory.string],
      ["PEX_PYTHON_PATH": "/nonexistent:\(python.path)"],
    ]
    for choice in choices {
      for _ in 0..<2 {
        let outcome = try scratch.run(bundle.path, environment: choice)
        #expect(outcome.text == "\(python.minor)", "\(choice): \(outcome.errorText)")
      }
    }
    let unfit = try scratch.run(bundle.path, environment: ["PEX_PYTHON": "/bin/false"])
    #expect(unfit.termination == .exited(3))
    #expect(unfit.errorText.contains("tried and found unfit: /bin/false"))
  }

  @Test("An unsupported value is refused with a reason")
  func refused() throws {
    let scratch = try Scratch()
    let bundle = try scratch.build(entry: "app", sources: Self.sources)
    let script = try scratch.run(bundle.path, environment: ["PEX_SCRIPT": "none-such"])
    #expect(script.errorText.contains("no wheel has the script 'none-such'"))
    #expect(script.termination == .exited(2))
    let tool = try scratch.run(bundle.path, ["info"], environment: ["PEX_TOOLS": "1"])
    #expect(tool.termination == .exited(2))
    #expect(tool.errorText.contains("include_tools=True"))
  }

  @Test("Variables of Python itself keep their meaning", arguments: [[:], ["PYTHONPATH": "/x"]])
  func pythonVariables(extra: [String: String]) throws {
    let scratch = try Scratch()
    let bundle = try scratch.build(
      entry: "app", sources: ["app.py": "import sys\nprint(sys.stdout.write_through, sys.dont_write_bytecode)\n"])
    let environment = ["PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"].merging(extra) { $1 }
    for _ in 0..<2 {
      #expect(try scratch.run(bundle.path, environment: environment).text == "True True")
    }
  }

  @Test("Frozen arguments precede the given arguments, and frozen variables yield to set variables")
  func frozen() throws {
    let scratch = try Scratch()
    let source = "import os, sys\nprint(sys.argv[1:], os.environ['A'], os.environ['B'])\n"
    let bundle = try scratch.build(entry: "app", sources: ["app.py": source]) {
      $0.arguments = ["--port", "a 'b'"]
      $0.environment = ["A": "1", "B": "ü\n"]
    }
    for _ in 0..<2 {
      let outcome = try scratch.run(bundle.path, ["x"], environment: ["A": "set"])
      #expect(outcome.text == "['--port', \"a 'b'\", 'x'] set ü", "\(outcome.errorText)")
    }
  }

  @Test("With strip_pex_env off, the program sees the PEX_* variables")
  func strip() throws {
    let scratch = try Scratch()
    let source = "import os\nprint(*sorted(k for k in os.environ if 'PEX' in k or 'KILT' in k))\n"
    for strips in [true, false] {
      let bundle = try scratch.build("s\(strips).pex", entry: "app", sources: ["app.py": source]) {
        $0.stripsPexEnvironment = strips
      }
      for _ in 0..<2 {
        let outcome = try scratch.run(bundle.path, environment: ["PEX_MAX_INSTALL_JOBS": "1"])
        #expect(outcome.text == (strips ? "PEX" : "PEX PEX_MAX_INSTALL_JOBS"), "\(outcome.errorText)")
      }
    }
  }
}
