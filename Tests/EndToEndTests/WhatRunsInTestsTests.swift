import SystemSupport
import Testing

/// What runs in tests runs in the bundle, in a distribution, and with `kilt run` and `kilt repl`.
@Suite struct WhatRunsInTestsTests {
  /// A wheel of these files in a folder.
  private func addWheel(
    _ example: Example, _ name: String, _ files: [String: String], to folder: FilePath
  ) throws {
    try FileSystem.createDirectories(folder)
    let script = #"""
      import sys, zipfile
      folder, name = sys.argv[1:3]
      info = '%s-1.0.dist-info/' % name
      with zipfile.ZipFile('%s/%s-1.0-py3-none-any.whl' % (folder, name), 'w') as z:
        def add(member, text): z.writestr(zipfile.ZipInfo(member, (1980, 1, 1, 0, 0, 0)), text)
        for path, text in zip(sys.argv[3::2], sys.argv[4::2]): add(path.replace('INFO/', info), text)
        add(info + 'METADATA', 'Metadata-Version: 2.1\nName: %s\nVersion: 1.0\n' % name)
        add(info + 'WHEEL', 'Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n')
        add(info + 'RECORD', '')
      """#
    let pairs = files.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] }
    try example.execute("python3", ["-c", script, folder.string, name] + pairs)
  }

  private func lockedWorkspace(
    _ example: Example, _ requirements: [String], _ files: [String: String], wheels: FilePath
  ) throws -> FilePath {
    var files = files
    files["kilt.toml"] = """
      [workspace]
      source_roots = ["/src"]
      [python]
      interpreter_constraints = ["CPython>=3.8"]
      [python.resolves]
      default = "default.lock"
      """
    files["3rdparty/BUILD"] = requirements.map { "python_requirement(name='\($0)', requirements=['\($0)'])\n" }.joined()
    let root = try example.makeWorkspace(files)
    let outcome = try example.kilt(["lock"], in: root, environment: try example.packages(in: wheels))
    try #require(outcome.termination.isSuccess, "\(outcome.errorText)")
    return root
  }

  private static let probe = """
    import importlib.resources
    import pkgutil

    import app.data
    import tests.helper
    import test.support_of_ours

    print(pkgutil.get_data("app.data", "x.txt").decode().strip())
    if hasattr(importlib.resources, "files"):
        print(importlib.resources.files("app.data").joinpath("x.txt").read_text().strip())
    print(tests.helper.WHERE, test.support_of_ours.WHERE)
    print([bool(getattr(m, "__file__", None)) for m in (app, app.data, tests, test)])

    """

  private func workspace(_ example: Example) throws -> (root: FilePath, wheels: FilePath) {
    let wheels = example.scratch.appending("wheels")
    // A wheel that brings a package of a usual name.
    try addWheel(
      example, "rude", ["rude.py": "", "tests/__init__.py": "", "tests/helper.py": "WHERE = 'wheel'\n"], to: wheels)
    let root = try lockedWorkspace(
      example, ["rude"],
      [
        "src/app/__init__.py": "", "src/app/main.py": Self.probe + "import rude\n", "src/app/data/__init__.py": "",
        "src/app/data/x.txt": "data\n", "src/tests/__init__.py": "", "src/tests/helper.py": "WHERE = 'ours'\n",
        "src/test/__init__.py": "", "src/test/support_of_ours.py": "WHERE = 'ours'\n",
        "src/app/main_test.py": "def test_main():\n    import app.main\n",
        "src/app/BUILD": "python_sources(dependencies=['src/app/data:x'])\npython_tests(name='tests')\n"
          + "pex_binary(name='bin', entry_point='main.py')\n",
        "src/app/data/BUILD": "resource(name='x', source='x.txt')\n", "src/tests/BUILD": "python_sources()\n",
        "src/test/BUILD": "python_sources()\n",
      ], wheels: wheels)
    return (root, wheels)
  }

  @Test("Tests, bundles, kilt run and kilt repl include blank package files")
  func blankPackageFiles() throws {
    let example = try Example()
    let (root, wheels) = try workspace(example)
    let environment = try example.packages(in: wheels)
    let expected = ["data", "data", "ours ours", "[True, True, True, True]"]
    func check(_ outcome: Subprocess.Outcome, _ what: String) {
      #expect(outcome.termination == .exited(0), "\(what): \(outcome.errorText)")
      #expect(outcome.text.split(separator: "\n").map(String.init) == expected, "\(what)")
    }
    check(try example.kilt(["run", "src/app/main.py"], in: root, environment: environment), "run FILE")
    check(try example.kilt(["run", "src/app:bin"], in: root, environment: environment), "run BINARY")
    check(
      try example.kilt(["repl", "src/app/main.py", "--", "-c", "import app.main"], in: root, environment: environment),
      "repl")
    let test = try example.kilt(
      ["test", "src/app:tests", "--output", "all", "--", "-s"], in: root,
      environment: ["KILT_UV=\(try example.uv())"])
    #expect(test.termination == .exited(0), "\(test.text) \(test.errorText)")
    #expect(test.errorText.contains("ours ours") || test.text.contains("ours ours"), "\(test.text) \(test.errorText)")
  }

  @Test("A console script that no wheel has is an error when the bundle is built")
  func missingScript() throws {
    let example = try Example()
    let wheels = example.scratch.appending("wheels")
    try addWheel(
      example, "tool",
      ["tool.py": "def main(): print('hi')\n", "INFO/entry_points.txt": "[console_scripts]\nrun-tool = tool:main\n"],
      to: wheels)
    let root = try lockedWorkspace(
      example, ["tool"],
      [
        "BUILD": "pex_binary(name='good', script='run-tool', dependencies=['3rdparty:tool'])\n"
          + "pex_binary(name='bad', script='run-tol', dependencies=['3rdparty:tool'])\n"
      ], wheels: wheels)
    let environment = try example.packages(in: wheels)
    #expect(try example.kilt(["run", "//:good"], in: root, environment: environment).text == "hi")
    let outcome = try example.kilt(["package", "//:bad"], in: root, environment: environment)
    #expect(outcome.termination == .exited(2))
    #expect(
      outcome.errorText.hasPrefix(
        "error: cannot start \"//:bad\" with the console script \"run-tol\": no wheel of the bundle has it\n  --> BUILD:2:"
      ),
      "\(outcome.errorText)")
    #expect(outcome.errorText.contains("note: the wheels have run-tool"))
    #expect(outcome.errorText.hasSuffix("help: did you mean \"run-tool\"?"))
  }

  @Test("Two wheels do not conflict over unimported files and comments")
  func collisions() throws {
    let example = try Example()
    let wheels = example.scratch.appending("wheels")
    for (name, code) in [("one", "# One.\nX = 1\n"), ("two", "X = 1  # Two.\n")] {
      try addWheel(
        example, name, ["LICENSE": name, "README.md": name, "\(name)_module.py": "", "shared/__init__.py": code],
        to: wheels)
    }
    for (name, code) in [("three", "X = 3\n"), ("four", "X = 4\n")] {
      try addWheel(example, name, ["other/__init__.py": code], to: wheels)
    }
    let root = try lockedWorkspace(
      example, ["one", "two", "three", "four"],
      [
        "BUILD": "pex_binary(name='good', dependencies=['3rdparty:one', '3rdparty:two'])\n"
          + "pex_binary(name='bad', dependencies=['3rdparty:three', '3rdparty:four'])\n"
      ], wheels: wheels)
    let environment = try example.packages(in: wheels)
    let good = try example.kilt(["package", "//:good"], in: root, environment: environment)
    #expect(good.termination == .exited(0), "\(good.errorText)")
    #expect(
      good.errorText.contains(
        "warning: LICENSE is in one-1.0-py3-none-any.whl and in two-1.0-py3-none-any.whl; the bundle uses the first"),
      "\(good.errorText)")
    #expect(good.errorText.contains("warning: shared/__init__.py is in"), "\(good.errorText)")
    let bad = try example.kilt(["package", "//:bad"], in: root, environment: environment)
    #expect(bad.termination == .exited(2))
    #expect(bad.errorText.contains("wheels contain different files with the same path"), "\(bad.errorText)")
  }

  @Test("A warning names a conftest.py that no target owns")
  func unownedFixtures() throws {
    let example = try Example()
    let root = try example.makeWorkspace([
      "kilt.toml": "[workspace]\nsource_roots = [\"/\"]\n", "a/BUILD": "python_tests()\n",
      "a/x_test.py": "def test_x(): pass\n",
      "a/conftest.py": "import pytest\n", "conftest.py": "",
      "b/BUILD": "python_tests()\npython_test_utils(name='utils')\n", "b/y_test.py": "def test_y(): pass\n",
      "b/conftest.py": "",
    ])
    let outcome = try example.kilt(["dependencies", "::"], in: root)
    #expect(
      outcome.errorText.contains(
        "warning: no target owns the file \"a/conftest.py\", so tests run without its fixtures"),
      "\(outcome.errorText)")
    #expect(outcome.errorText.contains("note: concerned: a/x_test.py"))
    #expect(outcome.errorText.contains("\"conftest.py\", so tests run"))
    #expect(!outcome.errorText.contains("\"b/conftest.py\""))
    // It is said again by a run that knows all from the last one.
    #expect(try example.kilt(["dependencies", "::"], in: root).errorText == outcome.errorText)
    try FileSystem.write(text: "python_tests()\npython_test_utils(name='utils')\n", to: root.appending("a/BUILD"))
    let owned = try example.kilt(["dependencies", "::"], in: root).errorText
    #expect(!owned.contains("\"a/conftest.py\", so tests run"), "\(owned)")
  }
}
