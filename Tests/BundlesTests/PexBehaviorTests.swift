import Bundles
import SystemSupport
import Testing

/// Behaviors that the test suite of pex describes, beside those of `PexComparisonTests`: programs packed by Kilt and by the
/// real pex, with the same fields, and started alike. docs/bundles.md lists where the two differ.
@Suite("Behaviors of PEX files, compared with the real pex")
struct PexBehaviorTests {
  /// What is packed.
  enum Program: String, Sendable, CaseIterable {
    case module, function, script, interpreter
    /// With arguments and variables of its own.
    case frozen
    /// With flags of the interpreter of its own.
    case flags
    /// Whose scripts, and which itself, heed PYTHONPATH.
    case open
    /// What others add by PEX_PATH.
    case other

    var pexOptions: [String] {
      switch self {
      case .module: ["-e", "where"]
      case .function: ["-e", "where:main"]
      case .script: ["-c", "named"]
      case .interpreter, .other: []
      case .frozen: ["-e", "app", "--inject-args", "--at {pex.env.AA}x {pex.env.NOT_SET}.", "--inject-env", "BB=bb"]
      case .flags: ["-e", "flags", "--inject-python-args=-O -W ignore"]
      case .open: ["-e", "paths", "--venv", "--non-hermetic-venv-scripts"]
      }
    }

    func apply(to specification: inout BundleSpecification) {
      switch self {
      case .module: specification.entryPoint = .module("where")
      case .function: specification.entryPoint = .init("where:main")
      case .script: specification.entryPoint = .script("named")
      case .interpreter, .other: specification.entryPoint = .none
      case .frozen:
        specification.entryPoint = .module("app")
        specification.arguments = ["--at", "{pex.env.AA}x", "{pex.env.NOT_SET}."]
        specification.environment = ["BB": "bb"]
      case .flags:
        specification.entryPoint = .module("flags")
        specification.interpreterFlags = ["-O", "-W", "ignore"]
      case .open:
        specification.entryPoint = .module("paths")
        specification.hasHermeticScripts = false
      }
    }
  }

  struct Case: Sendable {
    var program = Program.module
    var environment: [String: String] = [:]
    var arguments: [String] = []
    /// What stands between the interpreter and the file; nil where the file is executed.
    var flags: [String]?
    var input: String?

    init(
      _ program: Program, _ environment: [String: String] = [:], _ arguments: [String] = [], flags: [String]? = nil,
      input: String? = nil
    ) {
      (self.program, self.environment, self.arguments) = (program, environment, arguments)
      (self.flags, self.input) = (flags, input)
    }
  }

  private static func module(_ name: String, _ more: [String: String] = [:]) -> [String: String] {
    more.merging(["PEX_MODULE": name]) { $1 }
  }

  private static let interpreter = ["PEX_INTERPRETER": "1"]
  private static let path = ["PEX_PATH": "OTHER"]

  static let cases: [Case] = [
    // How a program ends.
    Case(.module, module("ends:text")), Case(.module, module("ends:five")), Case(.module, module("ends:none")),
    Case(.module, module("ends:true")), Case(.module, module("ends:list")), Case(.module, module("ends:exits")),
    Case(.module, module("ends:raises")), Case(.module, module("ends:hook")), Case(.module, module("ends:late")),
    // What it is started with.
    Case(.module, [:], ["a", "-b", ""]), Case(.function), Case(.module, flags: []), Case(.function, flags: []),
    Case(.script, [:], ["q"]), Case(.script, module("app")), Case(.module, ["PEX_SCRIPT": "named"], ["z"]),
    Case(.frozen, ["AA": "1"], ["u"]), Case(.frozen, [:], ["u"]), Case(.frozen, module("app", ["AA": "1"])),
    Case(.frozen, ["PEX_SCRIPT": "tool"]), Case(.frozen, interpreter, ["-c", "import sys; print(sys.argv)"]),
    Case(.frozen, module("variables")), Case(.frozen, module("variables", ["BB": "set"])),
    // Flags of the interpreter.
    Case(.module, module("flags"), flags: ["-u"]), Case(.module, module("flags"), flags: ["-OO"]),
    Case(.module, module("flags"), flags: ["-B"]), Case(.module, module("flags"), flags: ["-W", "ignore"]),
    Case(.module, module("flags"), flags: ["-X", "dev"]), Case(.module, module("flags"), flags: ["-sE"]),
    Case(.flags), Case(.flags, flags: ["-B"]),
    Case(.flags, interpreter, ["-c", "import sys; print(sys.flags.optimize)"]),
    // As an interpreter.
    Case(.module, interpreter, ["-c", "import pkg, sys; print(pkg.x, sys.argv)", "a"]),
    Case(.module, interpreter, ["-m", "mod", "x"]),
    Case(.module, interpreter, ["-m", "mod.sub"]),
    Case(.module, interpreter, ["-"], input: "import pkg\nprint('in', pkg.x)\n"),
    Case(.interpreter, [:], ["-c", "import pkg; print(pkg.x)"]), Case(.module, interpreter, ["-c"]),
    Case(.module, interpreter, ["-m"]),
    Case(.module, interpreter, ["missing.py"]),
    Case(.module, interpreter, ["-c", "import sys; print(sys.path[0] == '')"]),
    // Modules.
    Case(.module, module("mod"), ["k"]), Case(.module, module("mod.sub")), Case(.module, module(" mod")),
    Case(.module, module("nothing:x")),
    Case(.module, module("ends:nothing")), Case(.module, module("ends:")), Case(.module, module("metadata")),
    Case(.module, module("spawns")),
    // Other PEX files.
    Case(.module, module("usesother", path)), Case(.module, module("usessources", path)),
    Case(.module, path.merging(["PEX_SCRIPT": "othertool"]) { $1 }),
    Case(.module, path.merging(["PEX_SCRIPT": "otherscript"]) { $1 }, ["k"]),
    Case(.module, path.merging(["PEX_SCRIPT": "othernothing"]) { $1 }),
    Case(.module, interpreter.merging(path) { $1 }, ["-c", "import other; print(other.y)"]),
    Case(.module, module("app", ["PEX_PATH": ""])),
    Case(.module, module("app", ["PEX_PATH": "/nonexistent.pex"])),
    Case(.module, module("usesother", ["PEX_PATH": "~/OTHER-NAME"])),
    Case(.module, module("usesother", ["PEX_PATH": "../OTHER-NAME"])),
    Case(.module, module("usesother", ["PEX_PATH": "OTHER:OTHER"])),
    Case(.module, module("listed", ["PEX_PATH": "OTHER:OTHER"])), Case(.module, module("listed", ["PEX_PATH": "OWN"])),
    Case(.module, interpreter, ["-c", "import pkg, sys; print(sys.modules['pkg'].x)"]),
    Case(.interpreter, [:], ["-V"]), Case(.interpreter, [:], ["-O", "-c", "print(__debug__)"]),
    Case(.interpreter, [:], ["-m", "mod", "x"]), Case(.interpreter, [:], ["-i", "-c", "print(1)"]),
    // Paths.
    Case(.module, module("paths", ["PEX_EXTRA_SYS_PATH": "~/extra:/extra/2"])),
    Case(.module, module("paths", ["PYTHONPATH": "/extra/1"])),
    Case(.open, ["PYTHONPATH": "/extra/1"]),
    Case(.module, module("childpaths", ["PYTHONPATH": "/extra/1", "PEX_EXTRA_SYS_PATH": "/extra/2"])),
    // Interpreters.
    Case(.module, module("version", ["PEX_PYTHON": "PYTHON"])),
    Case(.module, module("version", ["PEX_PYTHON_PATH": "PYTHON"])),
    Case(.module, module("version", ["PEX_PYTHON": "PYTHON-NAME", "PEX_PYTHON_PATH": "PYTHON-DIRECTORY"])),
    Case(.module, module("version", ["PEX_PYTHON": "PYTHON", "PEX_PYTHON_PATH": "/usr/bin"])),
    Case(.module, module("version", ["PEX_PYTHON": "3.11"])),
    // Values that are none.
    Case(.module, ["PEX_VENV": "perhaps"]), Case(.module, ["PEX_EMIT_WARNINGS": "perhaps"]),
    Case(.module, ["PEX_DISABLE_VARIABLES": "perhaps"]),
    Case(.module, ["PEX_IGNORE_ERRORS": "perhaps"]), Case(.module, ["PEX_INTERPRETER_HISTORY": "perhaps"]),
    Case(.module, ["PEX_VERBOSE": "-1"]),
    Case(.module, ["PEX_TOOLS": "1"], ["interpreter", "--nothing"]),
  ]

  static let sources: KeyValuePairs<String, String> = [
    "app.py": "import sys\nprint('app', sys.argv[1:])\n",
    "where.py": """
    import os, sys
    def shown():
        pex = os.environ["PEX"]
        print(os.path.realpath(sys.argv[0]) == pex, os.path.isabs(pex), os.path.realpath(pex) == pex, sys.argv[1:])
    def main():
        print(os.path.basename(sys.argv[0]) in ("real-function.pex", "ours-function.pex"))
        shown()
    if __name__ == "__main__":
        shown()

    """,
    "ends.py": """
    import sys
    def text(): return "message"
    def five(): return 5
    def none(): return None
    def true(): return True
    def list(): return ["x"]
    def exits(): sys.exit("bye")
    def raises(): raise ValueError("raised")
    def hook():
        sys.excepthook = lambda *error: print("hooked", error[1])
        raise ValueError("raised")
    def late():
        import atexit
        atexit.register(lambda: print("at exit"))
        sys.exit(3)

    """,
    "variables.py": "import os\nprint({k: v for k, v in os.environ.items() if k in ('AA', 'BB')})\n",
    "flags.py":
      "import sys\nprint(sys.flags.optimize, sys.flags.dont_write_bytecode, sys.stdout.write_through, sys.warnoptions, sorted(sys._xoptions))\n",
    "mod/__init__.py": "", "mod/data.py": "d = 1\n",
    "mod/__main__.py": "import sys\nprint('mod', __name__, __package__, __spec__.name, sys.argv[1:])\n",
    "mod/sub.py": "from . import data\nprint('sub', __name__, data.d)\n",
    "metadata.py":
      "import importlib.metadata as m\nprint(m.version('pkg'), sorted(e.name for e in m.distribution('pkg').entry_points))\n",
    "spawns.py": """
    import multiprocessing
    def double(x): return x * 2
    if __name__ == "__main__":
        with multiprocessing.get_context("spawn").Pool(2) as pool: print(pool.map(double, [1, 2]))

    """,
    "listed.py": "import importlib.metadata as m\nprint(sorted(d.metadata['Name'] for d in m.distributions()))\n",
    "usesother.py": "import other, ns.mine, ns.theirs\nprint(other.y, ns.mine.z + ns.theirs.z)\n",
    "ns/mine.py": "z = 1\n",
    "usessources.py": "import theirsource\nprint(theirsource.v)\n",
    "paths.py":
      "import sys\nprint([p for p in sys.path if 'extra' in p and '/home-' not in p], [p for p in sys.path if '~' in p])\n",
    "childpaths.py": """
    import subprocess, sys
    print(subprocess.check_output([sys.executable, "-c", "import sys; print([p for p in sys.path if 'extra' in p])"]))

    """,
    "version.py": "import sys\nprint(sys.version_info[:2])\n",
  ]

  @Test("Each behavior matches the real pex")
  func table() throws {
    let scratch = try Scratch()
    let python = try Python.any()
    let files = try pack(scratch, python)
    // Another interpreter, where there is one.
    let other = Python.all.first { $0.minor != python.minor && $0.minor >= 9 } ?? python
    for one in Self.cases {
      func outcome(_ kind: String) throws -> Subprocess.Outcome {
        let home = scratch.path.appending("home-\(kind)")
        try FileSystem.createDirectories(home)
        let theirs = files["\(kind)-other"] ?? ""
        // What `~` and `..` lead to.
        for place in [home, scratch.path] where !FileSystem.exists(place.appending("theirs-\(kind).pex")) {
          try FileSystem.createSymbolicLink(at: place.appending("theirs-\(kind).pex"), to: FilePath(theirs))
        }
        let file = FilePath(files["\(kind)-\(one.program.rawValue)"] ?? "")
        let words: [(String, String)] = [
          ("OWN", file.string),
          ("OTHER-NAME", "theirs-\(kind).pex"), ("OTHER", theirs),
          ("PYTHON-NAME", other.path.lastComponent?.string ?? ""),
          ("PYTHON-DIRECTORY", other.path.removingLastComponent().string), ("PYTHON", other.path.string),
        ]
        var environment = one.environment.filter { _ in true }
        for (name, value) in environment {
          // The names of variables hold one of the words.
          environment[name] = words.reduce(value) { text, word in text == word.0 ? word.1 : replaced(word, in: text) }
        }
        return try scratch.run(
          one.flags == nil ? file : python.path, (one.flags.map { $0 + [file.string] } ?? []) + one.arguments,
          input: one.input.map { Array($0.utf8) } ?? [],
          environment: ["HOME": home.string].merging(environment) { $1 })
      }
      let (expected, found) = (try outcome("real"), try outcome("ours"))
      #expect(
        (found.termination == .exited(0)) == (expected.termination == .exited(0)),
        "\(one): \(found.errorText)\n\(expected.errorText)")
      // Where the program itself ends, it ends alike; where it is not started, pex ends with 1.
      if case .exited(let code) = found.termination, code != 2, code != 3 || expected.text == found.text {
        #expect(found.termination == expected.termination || expected.termination == .exited(1), "\(one)")
        if found.termination == .exited(0) || found.termination == expected.termination {
          #expect(found.text == expected.text, "\(one): \(found.errorText)")
        }
      }
    }
  }

  private func replaced(_ word: (String, String), in text: String) -> String {
    text.split(separator: ":", omittingEmptySubsequences: false).map { part in
      part.hasSuffix(word.0) && word.0.hasPrefix("OTHER") ? part.dropLast(word.0.count) + word.1 : String(part)
    }.joined(separator: ":")
  }

  /// The files by `KIND-PROGRAM`.
  private func pack(_ scratch: Scratch, _ python: Python) throws -> [String: String] {
    let pex = try PexToolsTests.RealPex.bin(python).appending("pex")
    let wheel = try scratch.wheel(
      "pkg-1.0-py3-none-any.whl",
      [
        "pkg/__init__.py":
          "x = 1\nimport sys\ndef tool():\n  print('tool', sys.argv[1:])\ndef named():\n  print('named', sys.argv[1:])\n",
        "pkg-1.0.dist-info/entry_points.txt": "[console_scripts]\ntool = pkg:tool\nnamed = pkg:named\n",
      ])
    let other = try scratch.wheel(
      "other-2.0-py3-none-any.whl",
      [
        "other/__init__.py": "y = 2\ndef tool():\n  print('other tool')\n", "ns/theirs.py": "z = 2\n",
        "other-2.0.dist-info/entry_points.txt": "[console_scripts]\nothertool = other:tool\n",
        "other-2.0.data/scripts/otherscript": "#!python\nimport sys, other\nprint('script', other.y, sys.argv[1:])\n",
      ])
    func write(_ files: KeyValuePairs<String, String>, in directory: FilePath) throws {
      for (path, text) in files {
        let file = directory.appending(path)
        try FileSystem.createDirectories(file.removingLastComponent())
        try FileSystem.write(text: text, to: file)
      }
    }
    let theirs: KeyValuePairs = ["theirsource.py": "v = 'their source'\n"]
    try write(Self.sources, in: scratch.path.appending("src"))
    try write(theirs, in: scratch.path.appending("theirs"))
    var files: [String: String] = [:]
    for program in Program.allCases {
      let isOther = program == .other
      let ours = try scratch.build(
        "ours-\(program.rawValue).pex", sources: isOther ? theirs : Self.sources, wheels: [isOther ? other : wheel]
      ) { program.apply(to: &$0) }
      files["ours-\(program.rawValue)"] = ours.path.string
      let real = scratch.path.appending("real-\(program.rawValue).pex")
      let made = try scratch.run(
        pex,
        ["-D", scratch.path.appending(isOther ? "theirs" : "src").string, (isOther ? other : wheel).path.string]
          + ["--no-pypi", "--include-tools", "-o", real.string] + program.pexOptions)
      try #require(made.termination == .exited(0), "pex could not pack \(program): \(made.errorText)")
      files["real-\(program.rawValue)"] = real.string
    }
    return files
  }
}
