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
