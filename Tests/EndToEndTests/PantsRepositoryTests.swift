import SystemSupport
import Testing

/// Repositories that have nothing but a `pants.toml`, with packages of a private index: the built programs, the real uv.
@Suite struct PantsRepositoryTests {
  private let example: Example
  private let root: FilePath
  private let wheels: FilePath

  init() throws {
    example = try Example()
    wheels = example.scratch.appending("wheels")
    try example.addWheel("lib", "1.0", to: wheels)
    try example.addWheel("lib", "2.0", to: wheels)
    try example.addWheel("app", "1.0", to: wheels, requires: ["lib"])
    // Another project with a file of that name, as happens with "docs" and "tests".
    try example.execute(
      "python3",
      [
        "-c",
        """
        import sys, zipfile
        with zipfile.ZipFile(sys.argv[1], 'a') as wheel: wheel.writestr('lib.py', 'VERSION = None\\n')
        """, wheels.appending(try example.addWheel("other", "1.0", to: wheels)).string,
      ])
    root = try example.makeWorkspace([
      "pants.toml": """
      [GLOBAL]
      backend_packages = "['pants.backend.python']"
      [source]
      root_patterns = "['/']"
      [python]
      interpreter_constraints = ">=3.8"
      requirement_constraints = "constraints.txt"
      [pytest]
      extra_requirements.add = ["pytest-cov"]

      """,
      "constraints.txt": "lib<2\n",
      "BUILD": """
      python_requirements(name="reqs")
      python_sources(name="code")
      pex_binary(name="main", entry_point="main.py", output_path="main.pex", extra_build_args=["--sh-boot"])
      pex_binary(name="none", entry_point="none.py", output_path="none.pex")
      docker_image(name="image", source="Dockerfile", extra_build_args={"VERSION": "local"})

      """,
      "Dockerfile": "FROM scratch\n", "requirements.txt": "app\nother\n",
      "main.py": "import app, lib, other\nprint('lib', lib.VERSION)\n", "none.py": "print('none')\n",
    ])
  }

  private func kilt(_ arguments: String...) throws -> Subprocess.Outcome {
    try example.kilt(arguments, in: root, environment: try example.packages(in: wheels))
  }

  @Test func aRepositoryWithoutResolvesIsLockedAndPackaged() throws {
    // What needs no requirement needs no lockfile.
    let none = try kilt("package", "//:none")
    #expect(none.termination.isSuccess, "\(none.errorText)")
    let unlocked = try kilt("package", "//:main")
    #expect(unlocked.termination == .exited(2))
    #expect(
      unlocked.errorText.hasSuffix(
        """
        error: "//:main" needs app, and no lockfile contains it
          help: run `kilt lock` to create 3rdparty/python/default.lock from all requirements of the workspace
        """))
    let listed = try kilt("list", "::").text
    let locked = try kilt("lock")
    #expect(locked.errorText.contains("wrote 3rdparty/python/default.lock: 3 packages"), "\(locked.errorText)")
    // Nothing else is different for it: Pants has no target for it.
    #expect(try kilt("list", "::").text == listed)
    #expect(try kilt("lock", "--check").termination.isSuccess)
    let packaged = try kilt("package", "::")
    #expect(packaged.termination.isSuccess, "\(packaged.errorText)")
    // As with pex, wheels with different files of one name are no error.
    #expect(
      packaged.errorText.contains(
        "warning: lib.py is in lib-1.0-py3-none-any.whl and in other-1.0-py3-none-any.whl; the bundle uses the first"),
      "\(packaged.errorText)")
    #expect(try example.execute(root.appending("dist/main.pex").string, []) == "lib 1.0")
    #expect(try kilt("package", "//:main").errorText.contains("unchanged  dist/main.pex"))
    // Another lock is another bundle.
    try FileSystem.write(text: "lib\n", to: root.appending("constraints.txt"))
    #expect(try kilt("lock", "--upgrade").termination.isSuccess)
    #expect(try kilt("package", "//:main").errorText.contains("built  dist/main.pex"))
    #expect(try example.execute(root.appending("dist/main.pex").string, []) == "lib 2.0")
  }

  @Test func pytestTakesItsPluginsFromTheResolveThatIsNamed() throws {
    let names = ["kiltnotaplugin", "kiltplugin"]
    for name in names { try example.addWheel(name, "1.0", to: wheels) }
    let text = """
      [python]
      interpreter_constraints = [">=3.8"]
      enable_resolves = true
      resolves = {python-default = "default.lock", tools = "tools.lock"}
      [pytest]
      install_from_resolve = "tools"
      requirements = ["//:tools#kiltplugin"]

      """
    try FileSystem.write(text: text, to: root.appending("pants.toml"))
    try FileSystem.write(
      text: """
        python_requirement(name="app", requirements=["app"])
        python_requirements(name="tools", source="tools.txt", resolve="tools")
        python_tests(name="tests")

        """, to: root.appending("BUILD"))
    try FileSystem.write(text: names.joined(separator: "\n") + "\n", to: root.appending("tools.txt"))
    try FileSystem.write(
      text: """
        import app, importlib.util
        def test_what_is_there():
          found = [bool(importlib.util.find_spec(name)) for name in ("kilt" + "plugin", "kiltnot" + "aplugin")]
          assert found == [True, False], found

        """, to: root.appending("some_test.py"))
    let environment = ["PIP_FIND_LINKS=\(wheels)"]
    let locked = try example.kilt(["lock"], in: root, environment: try example.packages(in: wheels))
    #expect(locked.termination.isSuccess, "\(locked.errorText)")
    let outcome = try example.kilt(["test", "::"], in: root, environment: environment)
    #expect(outcome.termination.isSuccess, "\(outcome.errorText)")
  }

  @Test func aLockfileThatIsIgnoredIsNotMissedInSilence() throws {
    try FileSystem.write(text: "*.lock\n", to: root.appending(".gitignore"))
    #expect(try kilt("lock").termination.isSuccess)
    let outcome = try kilt("package", "//:main")
    #expect(outcome.termination == .exited(2))
    #expect(
      outcome.errorText.contains("\"3rdparty/python/default.lock\" exists, but git or pants_ignore excludes it"),
      "\(outcome.errorText)")
  }
}
