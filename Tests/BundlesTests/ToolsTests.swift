import Bundles
import SystemSupport
import Testing

@Suite("PEX_TOOLS of a bundle")
struct ToolsTests {
  struct Fixture {
    let scratch: Scratch
    let python: Python
    let bundle: Bundle

    init() throws {
      scratch = try Scratch()
      python = try Python.any()
      bundle = try scratch.build(
        entry: "hello", sources: ["hello.py": BundleBuildTests.hello, "pkg/data.txt": "data\n"],
        wheels: try RealWheels.wheels(for: python)
      ) { $0.requirements = RealWheels.requirements }
    }

    func tool(_ arguments: [String], code: Int32 = 0, from bundle: FilePath? = nil) throws -> String {
      let outcome = try scratch.run(bundle ?? self.bundle.path, arguments, environment: ["PEX_TOOLS": "1"])
      #expect(outcome.termination == .exited(code), "\(arguments): \(outcome.errorText)")
      return outcome.text + outcome.errorText
    }
  }

  @Test("info, interpreter, graph, repository, size and why report the contents")
  func listings() throws {
    let fixture = try Fixture()
    #expect(try fixture.tool(["info"]).contains("\"entry_point\": \"hello\""))
    #expect(try fixture.tool([]).contains("\"entry_point\": \"hello\""))
    #expect(try fixture.tool(["interpreter"]).hasPrefix("/"))
    #expect(try fixture.tool(["interpreter", "-v"]).contains("\"requirement\": \"CPython==3.\(fixture.python.minor)."))
    let graph = try fixture.tool(["graph"])
    #expect(graph.contains("\"requests\" -> \"urllib3\""))
    #expect(!graph.contains("PySocks"), "what only an extra needs is not there")
    let repository = try fixture.tool(["repository", "info"])
    for name in ["requests", "PyYAML", "certifi"] { #expect(repository.contains("\(name) ")) }
    #expect(try fixture.tool(["repository", "info", "-v"]).contains("\"project_name\": \"requests\""))
    let sizes = try fixture.tool(["size"])
    #expect(sizes.contains("compiled module") && sizes.contains("workspace") && sizes.contains("pyyaml-"))
    #expect(try fixture.tool(["size", "--format=json"]).contains("\"distributions\""))
    let why = try fixture.tool(["why", "urllib3.util"])
    #expect(why.contains("the workspace requires requests") && why.contains("requests requires urllib3"))
    #expect(try fixture.tool(["why", "hello"]).contains("the workspace's own file"))
    #expect(try fixture.tool(["why", "nothing"], code: 2).contains("no module nothing"))
    #expect(try fixture.tool(["nothing"], code: 2).contains("there is no tool 'nothing'"))
    #expect(try fixture.tool(["size", "--nothing"], code: 2).contains("unknown option --nothing"))
    #expect(try fixture.tool(["--help"]).contains("repository extract -d DIR"))
  }

  @Test("diff names missing, additional and changed members of another bundle")
  func difference() throws {
    let scratch = try Scratch()
    let wheel = try scratch.wheel("pkg-1.0-py3-none-any.whl", ["pkg.py": ""])
    let one = try scratch.build("one.pex", sources: ["a.py": "1\n", "b.py": "1\n"], wheels: [wheel])
    let other = try scratch.build("other.pex", sources: ["a.py": "2\n", "c.py": "1\n"], wheels: [wheel])
    let outcome = try scratch.run(one.path, ["diff", other.path.string], environment: ["PEX_TOOLS": "1"])
    #expect(outcome.termination == .exited(1))
    #expect(outcome.text == "- b.py\n+ c.py\n~ PEX-INFO\n~ a.py")
    let same = try scratch.run(one.path, ["diff", one.path.string], environment: ["PEX_TOOLS": "1"])
    #expect(same.termination == .exited(0))
    #expect(same.text == "")
  }

  @Test("venv creates an independent environment: layers, console scripts, the program")
  func venv() throws {
    let fixture = try Fixture()
    let target = fixture.scratch.path.appending("venv dir")
    _ = try fixture.tool(["venv", "--scope", "deps", target.string])
    let python = target.appending("bin/python")
    #expect(try fixture.scratch.run(python, ["-c", "import hello"]).termination == .exited(1))
    _ = try fixture.tool(["venv", "--scope=srcs", "--compile", target.string])
    #expect(try fixture.tool(["venv", target.string], code: 2).contains("--force replaces it"))
    // What it was made from is no longer needed.
    try FileSystem.removeTree(fixture.scratch.home.appending(".cache"))
    try FileSystem.removeFile(fixture.bundle.path)
    #expect(try fixture.scratch.run(target.appending("pex")).text == "versions 1")
    #expect(try fixture.scratch.run(python, ["-c", "import hello"]).text == "versions 1")
    let script = try fixture.scratch.run(target.appending("bin/normalizer"), ["--version"])
    #expect(script.termination == .exited(0), "\(script.errorText)")
    let interpreter = try fixture.scratch.run(
      target.appending("pex"), ["-c", "import requests; print(requests.__name__)"],
      environment: ["PEX_INTERPRETER": "1"])
    #expect(interpreter.text == "requests", "\(interpreter.errorText)")
  }

  @Test("An environment starts after a move, by its Python, and reports missing parts")
  func movedEnvironment() throws {
    let scratch = try Scratch()
    let wheel = try scratch.wheel("pkg-1.0-py3-none-any.whl", ["pkg.py": "x = 1\n"])
    let source = "import os, pkg, sys\nprint(pkg.__file__, os.environ['PEX'], sys.argv[1:])\n"
    let bundle = try scratch.build(entry: "app", sources: ["app.py": source], wheels: [wheel])
    let target = scratch.path.appending("made here"), other = scratch.path.appending("moved 'there'")
    let variables = ["PEX_TOOLS": "1"]
    _ = try scratch.run(bundle.path, ["venv", "--scope", "deps", target.string], environment: variables)
    let again = try scratch.build("b.pex", entry: "app", sources: ["app.py": source, "pkg.py": "x = 2\n"]) {
      $0.includesTools = true
    }
    let refused = try scratch.run(again.path, ["venv", "--scope", "srcs", target.string], environment: variables)
    #expect(refused.termination == .exited(2) && refused.errorText.contains("pkg.py of another layer"))
    // The first layer stays.
    _ = try scratch.run(bundle.path, ["venv", "--scope", "srcs", target.string], environment: variables)
    try FileSystem.rename(target, to: other)
    let python = other.appending("bin/python")
    for (program, words) in [
      (other.appending("pex"), []), (python, [other.appending("pex").string]), (python, [other.string]),
    ] as [(FilePath, [String])] {
      let outcome = try scratch.run(program, words + ["x"])
      #expect(
        outcome.text.hasPrefix("\(other)/lib/") && outcome.text.hasSuffix("\(other)/pex ['x']"),
        "\(program) \(words): \(outcome.text) \(outcome.errorText)")
    }
    try FileSystem.removeTree(other.appending("lib"))
    let lacking = try scratch.run(other.appending("pex"))
    #expect(lacking.termination == .exited(1) && lacking.errorText.contains("make it again"), "\(lacking.errorText)")
  }

  @Test("All tools of pex accept an output file and a cache")
  func commonOptions() throws {
    let fixture = try Fixture()
    let file = fixture.scratch.path.appending("output")
    for words in [["info"], ["interpreter"], ["graph"], ["repository", "info"]] {
      let printed = try fixture.tool(words)
      #expect(try fixture.tool(words + ["-o", file.string, "--no-emit-warnings", "--tmpdir", "/tmp"]).isEmpty)
      #expect(try FileSystem.readText(file) == printed + "\n" || FileSystem.readText(file) == printed)
    }
    let root = fixture.scratch.path.appending("pex root")
    _ = try fixture.tool(["venv", "--pex-root", root.string, fixture.scratch.path.appending("made").string])
    #expect(FileSystem.exists(root.appending("kilt/wheels")))
  }

  @Test("repository extract writes wheels that pip installs")
  func extract() throws {
    let fixture = try Fixture()
    let wheels = fixture.scratch.path.appending("wheels")
    _ = try fixture.tool(["repository", "extract", "-d", wheels.string])
    let target = fixture.scratch.path.appending("target")
    let pip = try Subprocess(
      fixture.python.path.string,
      ["-m", "pip", "install", "-q", "--no-index", "--find-links", wheels.string, "-t", target.string, "requests"]
    ).run()
    #expect(pip.termination == .exited(0), "\(pip.errorText)")
    #expect(FileSystem.exists(target.appending("requests/__init__.py")))
  }

  @Test("venv refuses different scripts and files of one name, or uses the first if allowed")
  func collisions() throws {
    let scratch = try Scratch()
    let wheels = try ["one", "two"].map { name in
      try scratch.wheel(
        "\(name)-1.0-py3-none-any.whl",
        [
          "\(name).py": "def main(): print('\(name)')\n", "same.txt": "same",
          "\(name)-1.0.dist-info/entry_points.txt": "[console_scripts]\ntool = \(name):main\n",
        ])
    }
    let bundle = try scratch.build(entry: "app", sources: ["app.py": "import one, two\nprint('ran')\n"], wheels: wheels)
    let target = scratch.path.appending("venv")
    func venv(_ options: [String]) throws -> Subprocess.Outcome {
      try scratch.run(bundle.path, ["venv"] + options + [target.string], environment: ["PEX_TOOLS": "1"])
    }
    let refused = try venv([])
    #expect(refused.termination == .exited(2))
    #expect(refused.errorText.contains("bin/tool of one-1.0-py3-none-any.whl and two-1.0-py3-none-any.whl"))
    #expect(!FileSystem.exists(target))
    let made = try venv(["--collisions-ok"])
    #expect(made.termination == .exited(0) && made.errorText.contains("the first of each is used"), "\(made.errorText)")
    #expect(try scratch.run(target.appending("bin/tool")).text == "one")
    #expect(try scratch.run(target.appending("pex"), environment: ["PYTHONPATH": "/x"]).text == "ran")
    // The start takes the same one.
    #expect(try scratch.run(bundle.path, environment: ["PEX_SCRIPT": "tool"]).text == "one")
  }

  @Test("venv has the options of python -m venv and of pex")
  func venvOptions() throws {
    let scratch = try Scratch()
    let wheel = try scratch.wheel(
      "pkg-1.0-py3-none-any.whl",
      [
        "pkg.py": "import sys\ndef main(): print([p for p in sys.path if p == '/x'])\n",
        "pkg-1.0.data/data/bin/native": "#!/bin/sh\necho native\n", "pkg-1.0.data/data/share/doc.txt": "doc",
        "pkg-1.0.data/scripts/crlf": "#!python\r\nprint('crlf')\r\n",
        "pkg-1.0.dist-info/entry_points.txt": "[console_scripts]\ntool = pkg:main\n",
      ])
    let bundle = try scratch.build(entry: "app", sources: ["app.py": "import pkg\nprint('ran')\n"], wheels: [wheel])
    let target = scratch.path.appending("made venv")
    func venv(_ options: [String]) throws {
      let outcome = try scratch.run(
        bundle.path, ["venv", "--force"] + options + [target.string], environment: ["PEX_TOOLS": "1"])
      #expect(outcome.termination == .exited(0), "\(options): \(outcome.errorText)")
      #expect(try scratch.run(target.appending("pex")).text == "ran", "\(options)")
    }
    try venv(["--prompt", "my prompt", "--system-site-packages", "--copies", "--site-packages-copies"])
    let settings = try FileSystem.readText(target.appending("pyvenv.cfg"))
    #expect(settings.contains("my prompt") && settings.contains("include-system-site-packages = true"))
    #expect(try FileSystem.status(of: target.appending("bin/python")).kind == .file)
    try venv([])
    #expect(try scratch.run(target.appending("bin/tool"), environment: ["PYTHONPATH": "/x"]).text == "[]")
    try venv(["--non-hermetic-scripts", "--compile"])
    #expect(try scratch.run(target.appending("bin/tool"), environment: ["PYTHONPATH": "/x"]).text == "['/x']")
    // Last, as the bundle goes.
    try venv(["--rm", "all"])
    #expect(!FileSystem.exists(bundle.path) && !FileSystem.exists(scratch.home.appending(".cache/kilt/runtime")))
    let script = try scratch.run(target.appending("bin/crlf"))
    #expect(script.text == "crlf", "\(script.errorText)")
    #expect(try FileSystem.readText(target.appending("bin/native")) == "#!/bin/sh\necho native\n")
    #expect(try FileSystem.readText(target.appending("share/doc.txt")) == "doc")
  }

  @Test("interpreter lists the interpreters on the PATH, and every tool has help")
  func interpreters() throws {
    let fixture = try Fixture()
    let listed = try fixture.tool(["interpreter", "--all"]).split(separator: "\n")
    #expect(listed.count == Set(listed).count && listed.allSatisfy { $0.hasPrefix("/") })
    let facts = try fixture.tool(["interpreter", "-vvv", "--indent", "2"])
    #expect(facts.contains("\n  \"path\": ") && facts.contains("\"python_full_version\""))
    for tool in ["info", "interpreter", "graph", "repository", "venv", "size", "diff", "why"] {
      #expect(try fixture.tool([tool, "--help"]).contains("--collisions-ok"))
    }
  }
}
