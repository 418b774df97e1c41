import JSON
import SystemSupport
import Testing

/// A uv workspace without kilt.toml and without BUILD files.
@Suite struct UvWorkspaceTests {
  private static let wheel = "99b87a485a5820b23b879f04c2305b44b951b502fd64be915879d77a7e8fc6f1"
  private static let attrs = """
    [[package]]
    name = "attrs"
    version = "23.2.0"
    source = { registry = "https://index.invalid/simple" }
    wheels = [{ url = "https://index.invalid/attrs-23.2.0-py3-none-any.whl", hash = "sha256:\(wheel)", size = 60752 }]

    """
  private static let lock = """
    version = 1
    revision = 3
    requires-python = ">=3.8"

    [manifest]
    members = ["api", "lib", "plain"]

    [[package]]
    name = "api"
    version = "1.2.0"
    source = { editable = "packages/api" }
    dependencies = [{ name = "lib" }, { name = "absent", marker = "sys_platform == 'win32'" }]

    \(attrs)
    [[package]]
    name = "lib"
    version = "0.1.0"
    source = { editable = "packages/lib" }
    dependencies = [{ name = "attrs" }]

    [[package]]
    name = "plain"
    version = "0.1.0"
    source = { virtual = "packages/plain" }

    """
  private static let files: [String: String] = [
    "pyproject.toml": "[tool.uv.workspace]\nmembers = [\"packages/*\"]\n", "uv.lock": lock,
    "packages/api/pyproject.toml": """
    [project]
    name = "api"
    version = "1.2.0"
    requires-python = ">=3.8"
    dependencies = ["lib"]
    [project.scripts]
    serve = "api.main:serve"
    metadata = "api.about:main"
    [build-system]
    requires = ["hatchling"]
    build-backend = "hatchling.build"
    """,
    "packages/api/src/api/__init__.py": "", "packages/api/src/api/greeting.txt": "hello",
    "packages/api/src/api/main.py": """
    import pkgutil

    from lib import attrs_version

    def serve():
        print(pkgutil.get_data("api", "greeting.txt").decode(), "attrs", attrs_version())
    """,
    "packages/api/src/api/about.py": """
    from importlib.metadata import entry_points, version

    def main():
        found = [point for point in entry_points(group="acme.plugins")]
        print(version("api"), version("lib"), [point.load()() for point in found])
    """,
    "packages/lib/src/lib/plugin.py": "def run():\n    return 'plugged'\n",
    "packages/api/tests/test_metadata.py": """
    from api.about import main

    def test_metadata(capsys):
        main()
        assert capsys.readouterr().out == "1.2.0 0.1.0 ['plugged']\\n"
    """,
    "packages/api/tests/test_main.py": """
    from helper import expected

    from api.main import serve

    def test_serve(capsys):
        serve()
        assert capsys.readouterr().out == expected
    """,
    "packages/api/tests/helper.py": "expected = 'hello attrs 23.2.0\\n'\n",
    "packages/lib/pyproject.toml": """
    [project]
    name = "lib"
    version = "0.1.0"
    dependencies = ["attrs"]
    [project.entry-points."acme.plugins"]
    run = "lib.plugin:run"
    [build-system]
    requires = ["uv_build"]
    build-backend = "uv_build"
    """,
    "packages/lib/src/lib/__init__.py": """
    import attr

    def attrs_version():
        return attr.__version__
    """,
    "packages/plain/pyproject.toml": "[project]\nname = \"plain\"\nversion = \"0.1.0\"\n",
    "packages/plain/job.py": "if __name__ == \"__main__\":\n    print(\"plain job\")\n",
  ]

  @Test("A uv workspace lists, packages, runs and tests without kilt init and BUILD files") func fiveMinutes() throws {
    let example = try Example()
    let root = try example.makeWorkspace(Self.files)
    func kilt(_ arguments: String...) throws -> String {
      let outcome = try example.kilt(arguments, in: root)
      #expect(
        outcome.termination.isSuccess, "kilt \(arguments.joined(separator: " ")):\n\(outcome.text)\(outcome.errorText)")
      #expect(!outcome.errorText.contains("warning:"), "\(outcome.errorText)")
      return outcome.text
    }
    let listed = try kilt("list", "::").split(separator: "\n").map(String.init)
    for name in ["packages/api:serve", "packages/api:tests", "packages/lib:sources", "packages/plain:job"] {
      #expect(listed.contains(name), "\(listed)")
    }
    _ = try kilt("package", "api:serve")
    let names = try FileSystem.list(root.appending("dist")).map(\.name)
    let bundle = try #require(names.first { $0.hasPrefix("api-serve-") && $0.hasSuffix(".pex") }, "\(names)")
    let output = try example.execute(root.appending("dist").appending(bundle).string, [], in: example.scratch)
    #expect(output == "hello attrs 23.2.0")
    #expect(try kilt("run", "serve") == output)
    #expect(try kilt("run", "--package", "api", "serve") == output)
    #expect(try kilt("run", "packages/plain:job") == "plain job")
    #expect(try kilt("run", "metadata") == "1.2.0 0.1.0 ['plugged']")
    #expect(try kilt("run", "packages/api/src/api/about.py") == "")
    let tests = try example.kilt(["test", "::"], in: root)
    #expect(tests.termination.isSuccess && tests.errorText.contains("2 passed"), "\(tests.text)\(tests.errorText)")
    #expect(try kilt("list", "packages/api/tests::").contains("packages/api/tests/test_main.py:../tests"))
    // Without first-party code that is not reached, and with what reached members declare.
    #expect(try !kilt("dependencies", "--transitive", "api:serve").contains("packages/plain"))
    let unknown = try example.kilt(["run", "serv"], in: root)
    #expect(unknown.termination == .exited(2) && unknown.errorText.contains("serve"), "\(unknown.errorText)")
  }

  @Test("A module of two projects is taken from the one that is declared, and refused where none or both are")
  func sharedModule() throws {
    let example = try Example()
    func project(_ name: String, _ dependencies: String) -> String {
      "[project]\nname = \"\(name)\"\nversion = \"1\"\nrequires-python = \">=3.8\"\ndependencies = [\(dependencies)]\n"
        + "[tool.uv.sources]\none = { workspace = true }\ntwo = { workspace = true }\n"
        + "[build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n"
        + "[tool.hatch.build.targets.wheel]\npackages = [\"src/\(name)\", \"src/shared\"]\n"
    }
    func member(_ name: String, _ dependencies: [String]) -> String {
      "[[package]]\nname = \"\(name)\"\nversion = \"1\"\nsource = { editable = \"packages/\(name)\" }\n"
        + "dependencies = [\(dependencies.map { "{ name = \"\($0)\" }" }.joined(separator: ", "))]\n"
    }
    func lock(_ dependencies: [String]) -> String {
      "version = 1\nrequires-python = \">=3.8\"\n[manifest]\nmembers = [\"app\", \"one\", \"two\"]\n"
        + member("app", dependencies) + member("one", []) + member("two", [])
    }
    var files = [
      "pyproject.toml": "[tool.uv.workspace]\nmembers = [\"packages/*\"]\n", "uv.lock": lock([]),
      "packages/app/pyproject.toml": project("app", ""), "packages/app/src/app/__init__.py": "",
      "packages/app/src/app/__main__.py": "from shared.m import NAME\nprint(NAME)\n",
    ]
    for name in ["one", "two"] {
      files["packages/\(name)/pyproject.toml"] = project(name, "")
      files["packages/\(name)/src/\(name)/__init__.py"] = ""
      files["packages/\(name)/src/shared/__init__.py"] = ""
      files["packages/\(name)/src/shared/m.py"] = "NAME = '\(name)'\n"
    }
    let root = try example.makeWorkspace(files)
    func run(_ dependencies: [String]) throws -> Subprocess.Outcome {
      let texts = dependencies.map { "\"\($0)\"" }.joined(separator: ", ")
      try FileSystem.write(text: project("app", texts), to: root.appending("packages/app/pyproject.toml"))
      try FileSystem.write(text: lock(dependencies), to: root.appending("uv.lock"))
      return try example.kilt(["run", "packages/app:app"], in: root)
    }
    // With one state: the declaration alone is another each time.
    for (dependencies, expected) in [(["one"], "one"), (["two"], "two"), (["one"], "one")] {
      let outcome = try run(dependencies)
      #expect(outcome.text == expected, "\(dependencies): \(outcome.errorText)")
    }
    for (dependencies, says) in [([], "declares none of them"), (["one", "two"], "declares one, two")] {
      let outcome = try run(dependencies)
      #expect(outcome.termination == .exited(2), "\(outcome.text)")
      #expect(
        outcome.errorText.contains("is in the projects one, two, and \"packages/app/pyproject.toml\" \(says)"),
        "\(outcome.errorText)")
      #expect(outcome.errorText.contains("--> packages/app/src/app/__main__.py:1"), "\(outcome.errorText)")
    }
    #expect(try run(["two"]).text == "two")
  }

  @Test("A run with nothing changed starts no Python, no uv and no git") func startsNothing() throws {
    let example = try Example()
    let root = try example.makeWorkspace(Self.files)
    for _ in 0..<2 { try #require(try example.kilt(["package", "api:serve"], in: root).termination.isSuccess) }
    let programs = example.scratch.appending("programs")
    try FileSystem.createDirectories(programs)
    for name in ["python", "python3", "uv", "git"] {
      try FileSystem.write(
        text: "#!/bin/sh\ntouch \(example.scratch)/started\nexit 1\n", to: programs.appending(name), permissions: 0o755)
    }
    let path = "PATH=\(programs)"
    for arguments in [["list", "::"], ["dependencies", "--transitive", "api:serve"]] {
      let outcome = try example.kilt(arguments, in: root, environment: [path])
      #expect(outcome.termination.isSuccess, "\(outcome.errorText)")
    }
    #expect(!FileSystem.exists(example.scratch.appending("started")))
  }

  @Test("A script with its own metadata runs with the packages of its lockfile") func inlineScript() throws {
    let example = try Example()
    let lock =
      "version = 1\nrequires-python = \">=3.8\"\n[manifest]\nrequirements = [{ name = \"attrs\" }]\n" + Self.attrs
    let root = try example.makeWorkspace([
      "tools/s.py":
        "# /// script\n# dependencies = [\"attrs\"]\n# ///\nimport attr, sys\nprint(attr.__version__, sys.argv[1:])\n",
      "tools/s.py.lock": lock,
    ])
    let outcome = try example.kilt(["run", "tools/s.py", "--", "-x"], in: root)
    #expect(outcome.text == "23.2.0 ['-x']", "\(outcome.errorText)")
  }

  @Test("A script with metadata of its own is packed with the packages of its lockfile and the modules beside it")
  func packedScript() throws {
    let example = try Example()
    let lock =
      "version = 1\nrequires-python = \">=3.8\"\n[manifest]\nrequirements = [{ name = \"attrs\" }]\n" + Self.attrs
    let root = try example.makeWorkspace([
      "tools/s.py":
        "# /// script\n# dependencies = [\"attrs\"]\n# ///\nimport attr, beside, sys\n"
        + "print(attr.__version__, beside.NAME, sys.argv[1:])\n",
      "tools/s.py.lock": lock, "tools/beside.py": "NAME = 'beside'\n", "tools/other.py": "1 / 0\n",
      "tools/plain.py": "print(1)\n",
    ])
    let outcome = try example.kilt(["package", "s.py", "--format=json"], in: root.appending("tools"))
    #expect(outcome.termination.isSuccess, "\(outcome.errorText)")
    let path = try #require(try JSONValue(parsing: outcome.output).array?.first?["path"]?.string)
    #expect(path.hasPrefix("dist/s-"), "\(path)")
    let bundle = root.appending("tools").pushing(FilePath(path))
    #expect(try example.execute(bundle.string, ["-x"]) == "23.2.0 beside ['-x']")
    #expect(try !example.execute("unzip", ["-l", bundle.string]).contains("other.py"))
    // A name that Python cannot import, for another platform.
    let file = root.appending("tools/s.py")
    try FileSystem.write(FileSystem.read(file), to: root.appending("tools/my-tool.py"))
    try FileSystem.write(
      FileSystem.read(root.appending("tools/s.py.lock")), to: root.appending("tools/my-tool.py.lock"))
    let other = try example.kilt(
      ["package", "my-tool.py", "--platform", "linux_x86_64@3.11", "--platform", "linux_aarch64@3.11"],
      in: root.appending("tools"))
    #expect(other.termination.isSuccess, "\(other.errorText)")
    let names = try FileSystem.list(root.appending("tools/dist")).map(\.name).filter { $0.hasPrefix("my-tool-") }
    #expect(names.count == 2, "\(names)")
    let own = try #require(names.first { !$0.contains("aarch64") })
    #expect(try example.execute(root.appending("tools/dist").appending(own).string, []) == "23.2.0 beside []")
    // A script that is named like a test; a link in the place of `dist`.
    try FileSystem.write(text: "# /// script\n# ///\nprint('named')\n", to: root.appending("tools/test_it.py"))
    let named = try example.kilt(["package", "test_it.py"], in: root.appending("tools"))
    #expect(named.termination.isSuccess, "\(named.errorText)")
    try FileSystem.removeTree(root.appending("tools/dist"))
    try FileSystem.createDirectories(example.scratch.appending("elsewhere"))
    try example.execute(
      "ln", ["-s", example.scratch.appending("elsewhere").string, root.appending("tools/dist").string])
    let linked = try example.kilt(["package", "test_it.py"], in: root.appending("tools"))
    #expect(linked.termination == .exited(2), "\(linked.errorText)")
    #expect(try FileSystem.list(example.scratch.appending("elsewhere")).isEmpty)
    // A file without metadata is no script.
    #expect(try example.kilt(["package", "tools/plain.py"], in: root).termination == .exited(2))
  }

  @Test("kilt run --script starts a console script of a dependency, with the target's code") func dependencyScript()
    throws
  {
    let example = try Example()
    let wheels = example.scratch.appending("wheels")
    try FileSystem.createDirectories(wheels)
    let wheel = #"""
      import sys, zipfile
      with zipfile.ZipFile(sys.argv[1] + "/tool-1.0-py3-none-any.whl", "w") as file:
          info = "tool-1.0.dist-info/"
          file.writestr("tool.py", "import importlib, sys\ndef main(): print('tool runs', importlib.import_module(sys.argv[1]).NAME)\n")
          file.writestr(info + "METADATA", "Metadata-Version: 2.1\nName: tool\nVersion: 1.0\n")
          file.writestr(info + "WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
          file.writestr(info + "entry_points.txt", "[console_scripts]\ntool = tool:main\n")
          file.writestr(info + "RECORD", "tool.py,,\n" + "".join(info + name + ",,\n" for name in ["METADATA", "WHEEL", "entry_points.txt", "RECORD"]))
      """#
    try example.execute("python3", ["-c", wheel, wheels.string])
    let root = try example.makeWorkspace([
      "kilt.toml":
        "[workspace]\nsource_roots = [\"/\"]\n[python]\ninterpreter_constraints = [\">=3.8\"]\n[python.resolves]\ndefault = \"default.lock\"\n",
      "BUILD":
        "python_sources(name='l', dependencies=[':tool'])\npython_requirement(name='tool', requirements=['tool'])\n",
      "own.py": "NAME = 'own'\n",
    ])
    let locked = try example.kilt(["lock"], in: root, environment: try example.packages(in: wheels))
    #expect(locked.termination.isSuccess, "\(locked.errorText)")
    let run = try example.kilt(
      ["run", "own.py", "--script", "tool", "--", "own"], in: root, environment: ["PIP_FIND_LINKS=\(wheels)"])
    #expect(run.text == "tool runs own", "\(run.errorText)")
    let outcome = try example.kilt(
      ["run", "own.py", "--script", "nothing"], in: root, environment: ["PIP_FIND_LINKS=\(wheels)"])
    #expect(outcome.termination == .exited(2))
    #expect(
      outcome.errorText.contains("no package that \"//own.py:l\" depends on has the console script \"nothing\""),
      "\(outcome.errorText)")
  }

  @Test("kilt lint deps names undeclared and unused packages with the line to add") func lintDependencies() throws {
    let example = try Example()
    var files = Self.files
    files["packages/api/src/api/other.py"] = "import attr\n"
    files["packages/api/pyproject.toml"] = files["packages/api/pyproject.toml"]?.replacing("[\"lib\"]", with: "[]")
    let root = try example.makeWorkspace(files)
    let outcome = try example.kilt(["lint", "deps", "--package", "api"], in: root)
    #expect(outcome.termination == .exited(1))
    #expect(outcome.errorText.contains("add \"attrs>=23.2.0\" to dependencies"), "\(outcome.errorText)")
    #expect(outcome.errorText.contains("lib = { workspace = true }"), "\(outcome.errorText)")
    for words in [["packages/api"], ["packages/api::", "--package", "lib"]] {
      #expect(try example.kilt(["lint", "deps"] + words, in: root).errorText == outcome.errorText, "\(words)")
    }
    let all = try example.kilt(["lint", "deps", "::"], in: root)
    #expect(all.errorText.contains("add \"attrs>=23.2.0\" to dependencies"), "\(all.errorText)")
    let missing = try example.kilt(["lint", "deps", "no/such"], in: root)
    #expect(missing.termination == .exited(2) && missing.errorText.contains("\"no/such\" contains no Python project"))
    let clean = try example.kilt(["lint", "deps", "--package", "lib"], in: root)
    #expect(clean.termination.isSuccess, "\(clean.errorText)")
  }

  @Test("A change of uv.lock affects only dependents of its changed packages") func changedLock() throws {
    let example = try Example()
    var files = Self.files
    files["packages/plain/test_job.py"] = "def test_job():\n    import job\n"
    let root = try example.makeWorkspace(files)
    let lock = Self.lock.replacing("size = 60752", with: "size = 60753")
    try FileSystem.write(text: String(lock), to: root.appending("uv.lock"))
    let outcome = try example.kilt(
      ["list", "--changed-since=HEAD", "--changed-dependents=transitive"], in: root)
    #expect(outcome.termination.isSuccess, "\(outcome.errorText)")
    let found = outcome.text.split(separator: "\n").map(String.init)
    #expect(
      found.contains("packages/api:serve") && found.contains("packages/lib/src/lib/__init__.py:../../sources"),
      "\(found)")
    #expect(!found.contains { $0.hasPrefix("packages/plain") }, "\(found)")
  }
}
