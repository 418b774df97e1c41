import BuildFiles
import PythonProjects
import Testing

/// Which files each build backend packs, beside the same files with other options.
@Suite struct BackendTests {
  private func sources(
    _ backend: String, _ options: String = "", name: String = "my-app", _ paths: String...
  ) throws -> [String] {
    var texts = Dictionary(uniqueKeysWithValues: paths.map { ($0, "x = 1\n") })
    texts["pyproject.toml"] = """
      [project]
      name = "\(name)"
      [build-system]
      requires = ["setuptools"]
      build-backend = "\(backend)"
      \(options)
      """
    texts["uv.lock"] = ""
    let found = Texts(texts)
    return try (found.sources() + found.sources("resources")).sorted()
  }

  @Test("hatchling finds the package of the project's name in its documented order") func hatchlingDefault() throws {
    #expect(
      try sources("hatchling.build", "", "my_app/__init__.py", "my_app/data.json", "other/__init__.py")
        == ["my_app/__init__.py", "my_app/data.json"])
    #expect(
      try sources("hatchling.build", "", "src/my_app/__init__.py", "src/my_app/py.typed")
        == ["src/my_app/__init__.py", "src/my_app/py.typed"])
    #expect(try sources("hatchling.build", "", "my_app.py", "other.py") == ["my_app.py"])
    #expect(
      try sources("hatchling.build", "", "acme/my_app/__init__.py", "acme/x.py") == [
        "acme/my_app/__init__.py", "acme/x.py",
      ])
  }

  @Test("hatchling follows packages, only-include, include, exclude and force-include") func hatchlingOptions() throws {
    let wheel = "[tool.hatch.build.targets.wheel]\n"
    #expect(
      try sources(
        "hatchling.build", wheel + "packages = [\"lib/acme\"]\nexclude = [\"*.md\"]", "lib/acme/a.py", "lib/acme/a.md",
        "b.py")
        == ["lib/acme/a.py"])
    #expect(
      try sources("hatchling.build", wheel + "include = [\"acme/**/*.py\"]", "acme/a/b.py", "acme/a/b.txt", "c.py")
        == ["acme/a/b.py"])
    #expect(
      try sources(
        "hatchling.build", wheel + "only-include = [\"src/acme\"]\nsources = [\"src\"]", "src/acme/a.py",
        "src/other/b.py")
        == ["src/acme/a.py"])
    #expect(
      try sources(
        "hatchling.build", "[tool.hatch.build.targets.wheel.force-include]\n\"data\" = \"my_app/data\"",
        "my_app/__init__.py", "data/x.json") == ["my_app/__init__.py"])
  }

  @Test("setuptools discovers src and flat layouts without its reserved names") func setuptoolsDiscovery() throws {
    #expect(
      try sources("setuptools.build_meta", "", "src/a/__init__.py", "src/a/x.json", "src/a/py.typed", "b/__init__.py")
        == ["src/a/__init__.py", "src/a/py.typed"])
    #expect(
      try sources("setuptools.build_meta", "", "acme/__init__.py", "docs/conf.py", "examples/e.py", "setup.py")
        == ["acme/__init__.py"])
  }

  @Test("setuptools follows packages.find, package-dir, package-data and lists") func setuptoolsOptions() throws {
    #expect(
      try sources(
        "setuptools.build_meta", "[tool.setuptools.packages.find]\nwhere = [\"lib\"]\nexclude = [\"acme.dev*\"]",
        "lib/acme/__init__.py", "lib/acme/dev/x.py", "lib/acme/sub/y.py")
        == ["lib/acme/__init__.py", "lib/acme/sub/y.py"])
    #expect(
      try sources(
        "setuptools.build_meta",
        "[tool.setuptools]\npackages = [\"acme\"]\npackage-dir = {\"\" = \"lib\"}\n[tool.setuptools.package-data]\nacme = [\"*.json\"]",
        "lib/acme/__init__.py", "lib/acme/x.json", "lib/acme/x.md", "lib/acme/sub/y.py")
        == ["lib/acme/__init__.py", "lib/acme/x.json"])
  }

  @Test("uv_build packs src by default, and the directories of module-root and module-name") func uvBuild() throws {
    #expect(try sources("uv_build", "", "src/my_app/__init__.py", "my_app/x.py") == ["src/my_app/__init__.py"])
    let options = "[tool.uv.build-backend]\nmodule-root = \"\"\nmodule-name = [\"a.b\", \"c\"]\nnamespace = true"
    #expect(try sources("uv_build", options, "a/b/x.py", "a/y.py", "c/z.py") == ["a/b/x.py", "c/z.py"])
  }

  @Test("flit, pdm-backend and poetry-core pack by their own defaults") func otherBackends() throws {
    #expect(try sources("flit_core.buildapi", "", "src/my_app/a.py", "b.py") == ["src/my_app/a.py"])
    #expect(
      try sources("flit_core.buildapi", "[tool.flit.module]\nname = \"acme.app\"", "acme/app/a.py", "acme/b.py")
        == ["acme/app/a.py"])
    #expect(try sources("pdm.backend", "", "src/p/__init__.py", "q/__init__.py") == ["src/p/__init__.py"])
    #expect(
      try sources("pdm.backend", "", "p/__init__.py", "p/.keep", "tests/__init__.py") == ["p/.keep", "p/__init__.py"])
    #expect(
      try sources(
        "poetry.core.masonry.api", "[tool.poetry]\npackages = [{include = \"p\", from = \"lib\"}]", "lib/p/a.py", "q.py"
      )
        == ["lib/p/a.py"])
  }

  @Test("A project without a package offers its directory, and files with a main guard as binaries") func noPackage()
    throws
  {
    let texts = Texts([
      "pyproject.toml": "[project]\nname = \"app\"\n", "uv.lock": "",
      "main.py": "if __name__ == '__main__':\n    pass\n",
      "lib/helper.py": "", "lib/data.json": "{}", "README.md": "",
    ])
    #expect(try texts.sources() == ["lib/helper.py", "main.py"])
    #expect(try texts.sources("resources") == ["lib/data.json"])
    #expect(try texts.targets(of: "").filter { $0.type == .pexBinary }.map(\.name) == ["main"])
  }

  @Test("Scripts, extras and __main__ become binaries with names of projects") func scripts() throws {
    let texts = Texts([
      "pyproject.toml": """
      [project]
      name = "My.App"
      [project.optional-dependencies]
      cli = ["click"]
      [project.scripts]
      my-app = "my_app.cli:main [cli]"
      sources = "my_app.other:run"
      [build-system]
      build-backend = "hatchling.build"
      """, "uv.lock": "", "my_app/__init__.py": "", "my_app/__main__.py": "", "my_app/cli.py": "",
      "tests/test_a.py": "",
      "tests/data/x.json": "", "tests/conftest.py": "", "tests/helper.py": "", "examples/e.py": "",
    ])
    let targets = try texts.targets(of: "")
    let binaries = targets.filter { $0.type == .pexBinary }
    #expect(binaries.map(\.name) == ["my-app", "sources", "my_app"])
    #expect(binaries[0].given("entry_point")?.string == "my_app.cli:main")
    #expect(binaries[0].given("artifact")?.string == "my-app-my-app")
    #expect(binaries[0].strings(of: "dependencies") == [":dependencies", ":dependencies-cli"])
    #expect(binaries[2].given("entry_point")?.string == "my_app.__main__")
    #expect(binaries[0].site.line == 6)
    #expect(targets.first { $0.name == "sources_" }?.strings(of: "sources").count == 3)
    #expect(targets.first { $0.name == "tests" }?.strings(of: "sources") == ["tests/test_a.py"])
    #expect(
      targets.first { $0.name == "test_utils" }?.strings(of: "sources") == ["tests/conftest.py", "tests/helper.py"])
    #expect(targets.first { $0.name == "test_data" }?.strings(of: "sources") == ["tests/data/x.json"])
    #expect(targets.first { $0.name == "scripts" }?.strings(of: "sources") == ["examples/e.py"])
    #expect(targets.first { $0.name == "dependencies" }?.strings(of: "requirements") == ["my-app"])
  }
}
