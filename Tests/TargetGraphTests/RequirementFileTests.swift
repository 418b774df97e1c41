import BuildFiles
import Diagnostics
import TargetGraph
import Testing

@Suite struct RequirementFileTests {
  func requirements(_ build: String, _ name: String, _ text: String) throws -> [String] {
    let resolver = try GraphFixture(["3rdparty/BUILD": build, "3rdparty/" + name: text]).resolver()
    let ids = try resolver.graph.select(
      [try Spec(parsing: "::")], filter: TargetFilter(types: ["python_requirement"]))
    return ids.flatMap { resolver.graph[$0].strings(of: "requirements") }
  }

  @Test func projectsNameTheirRequirements() throws {
    let text = """
      [project]
      name = "acme"
      dependencies = ["requests>=2", "attrs"]
      [project.optional-dependencies]
      dev = ["pytest>=7 ; python_version > '3.8'"]
      """
    #expect(
      try requirements("python_requirements(source='pyproject.toml')\n", "pyproject.toml", text) == [
        "attrs", "pytest>=7 ; python_version > '3.8'", "requests>=2",
      ])
    #expect(
      message { _ = try requirements("python_requirements(source='pyproject.toml')\n", "pyproject.toml", "") }
        .contains("has no project.dependencies"))
  }

  @Test("An empty list of dependencies differs from a missing list") func emptyDependencies() throws {
    let text = "[project]\nname = \"acme\"\ndependencies = []\n"
    #expect(try requirements("python_requirements(source='pyproject.toml')\n", "pyproject.toml", text) == [])
  }

  @Test("A package that uv takes from the workspace or a path is not searched on an index") func ownProjects() throws {
    let text = """
      [project]
      name = "acme"
      dependencies = ["attrs", "acme-lib>=1", "acme_tool"]
      [tool.uv.sources]
      acme_lib = { workspace = true }
      acme-tool = { path = "../tool" }
      """
    #expect(try requirements("python_requirements(source='pyproject.toml')\n", "pyproject.toml", text) == ["attrs"])
  }

  @Test func poetryHasItsOwnNotation() throws {
    let text = """
      [tool.poetry.dependencies]
      python = "^3.9"
      a = "^1.2.3"
      b = "^0.0.3"
      c = "~1.2"
      d = "~1"
      e = "1.2.*"
      f = "*"
      g = "1.0"
      h = ">=1, <2"
      i = {version = "^2.0", extras = ["x", "y"], markers = "sys_platform == 'linux'", python = "^3.8"}
      j = {git = "git@github.com:acme/j.git", tag = "v1"}
      k = {path = "../k"}
      l = {url = "https://example.org/l.whl"}
      m = [{version = "1.0", python = "<3.9"}, {version = "2.0", python = ">=3.9"}]
      [tool.poetry.dev-dependencies]
      n = "^0.2"
      [tool.poetry.group.test.dependencies]
      o = "~=1.4"
      """
    #expect(
      try requirements("poetry_requirements()\n", "pyproject.toml", text) == [
        "a>=1.2.3,<2.0.0", "b>=0.0.3,<0.0.4", "c>=1.2,<1.3.0", "d>=1,<2.0.0", "e>=1.2.0,<1.3.0", "f", "g==1.0",
        "h>=1,<2",
        "i[x,y]>=2.0,<3.0.0;(sys_platform == 'linux') and (python_version >= '3.8' and python_version < '4.0.0')",
        "j @ git+ssh://git@github.com/acme/j.git@v1", "l @ https://example.org/l.whl",
        "m==1.0;(python_version < '3.9')", "m==2.0;(python_version >= '3.9')", "n>=0.2,<0.3.0", "o~=1.4",
      ])
  }

  @Test func pipenvAndUv() throws {
    let lock = """
      {"default": {"requests": {"version": "==2.31.0", "extras": ["socks"], "markers": "python_version >= '3.7'"}},
       "develop": {"pytest": {"version": "==7.4"}, "loose": {}}}
      """
    #expect(
      try requirements("pipenv_requirements()\n", "Pipfile.lock", lock) == [
        "loose", "pytest==7.4", "requests[socks]==2.31.0;python_version >= '3.7'",
      ])
    #expect(
      try requirements("uv_requirements()\n", "pyproject.toml", "[tool.uv]\ndev-dependencies = [\"ruff\"]\n") == [
        "ruff"
      ])
    #expect(
      message { _ = try requirements("uv_requirements()\n", "pyproject.toml", "[tool\n") }.contains("is not TOML"))
    #expect(message { _ = try requirements("pipenv_requirements()\n", "Pipfile.lock", "{") }.contains("is not JSON"))
  }

  private func graph(_ files: [String: String]) throws -> TargetGraph { try GraphFixture(files).resolver().graph }

  private func requirements(_ graph: TargetGraph) throws -> [String] {
    try graph.select([try Spec(parsing: "::")], filter: TargetFilter(types: ["python_requirement"])).flatMap {
      graph[$0].strings(of: "requirements")
    }
  }

  @Test func whatAFileIncludesIsRequiredTooAndPathsBecomeNames() throws {
    let graph = try graph([
      "3rdparty/BUILD": "python_requirements()\n",
      "3rdparty/requirements.txt": """
      --index-url https://index.invalid/simple
      -r more/base.txt   # comment
      -c constraints.txt
      a>=1 \\
        --hash=sha256:00 \\
        --hash=sha256:11
      -e ./libs/local[fast] ; python_version > "3.8"
      libs2 @ file:libs/two
      ./libs/setup
      ./vendored/x-1.0-py3-none-any.whl
      ../libs/above
      git+https://host.invalid/repo@v1#egg=tool&subdirectory=py

      """,
      "3rdparty/more/base.txt": "b\n-rdeeper.txt\n", "3rdparty/more/deeper.txt": "c[x]<2\n",
      "3rdparty/constraints.txt": "b<3\n",
      "3rdparty/libs/local/pyproject.toml": "[project]\nname = 'local-name'\n",
      "3rdparty/libs/setup/setup.cfg": "[metadata]\nname = by-setup\n", "3rdparty/vendored/x-1.0-py3-none-any.whl": "",
      "libs/above/pyproject.toml": "[tool.poetry]\nname = 'above'\n",
    ])
    #expect(
      try requirements(graph) == [
        "a>=1", "above @ file:libs/above", "b", "by-setup @ file:3rdparty/libs/setup", "c[x]<2",
        "libs2 @ file:libs/two", "local-name[fast] @ file:3rdparty/libs/local ; python_version > \"3.8\"",
        "tool @ git+https://host.invalid/repo@v1#subdirectory=py", "x @ file:3rdparty/vendored/x-1.0-py3-none-any.whl",
      ])
  }

  @Test func constraintsAndHashesOfAFileAreForTheResolver() {
    let files = ["a.txt": "-c c.txt\na==1 --hash=sha256:00 --hash=md5:22\n", "c.txt": "b<3\n"]
    let file = RequirementsFile(path: "a.txt") { files[$0].map { Array($0.utf8) } }
    #expect(file.constraints.map(\.text) == ["b<3"])
    #expect(file.requirements.map(\.hashes) == [["00"]])
    #expect(file.files == ["a.txt", "c.txt"])
    #expect(file.problems.isEmpty)
  }

  @Test func filesThatIncludeEachOtherAreReadOnce() {
    let files = ["a.txt": "-r b.txt\na\n", "b.txt": "-r a.txt\nb\n"]
    let file = RequirementsFile(path: "a.txt") { files[$0].map { Array($0.utf8) } }
    #expect(file.requirements.map(\.text) == ["b", "a"])
  }

  @Test func aFileThatAnotherTargetTakesIsNotIncludedTwice() throws {
    let graph = try graph([
      "BUILD": "python_requirements(name='r')\npython_requirements(name='dev', source='dev.txt')\n",
      "requirements.txt": "a\n", "dev.txt": "-r requirements.txt\nb\n",
    ])
    #expect(try requirements(graph) == ["b", "a"])
  }

  @Test func pathsInBuildFilesBecomeNamesToo() throws {
    let graph = try graph([
      "3rdparty/BUILD": "python_requirement(name='r', requirements=['-e ./libs/x', 'plain'])\n",
      "3rdparty/libs/x/pyproject.toml": "[project]\nname = 'x'\n",
    ])
    #expect(try requirements(graph) == ["x @ file:3rdparty/libs/x", "plain"])
  }

  @Test(arguments: [
    ("-r gone.txt", "the requirements file \"gone.txt\" does not exist"),
    ("-r ../out.txt", "\"../out.txt\" is outside the workspace"),
    ("--frobnicate x", "Kilt does not support the option \"--frobnicate\" in a requirements file"),
    ("./libs/unnamed", "cannot find the name of the project \"./libs/unnamed\""),
    ("/opt/x", "\"/opt/x\" is an absolute path, which does not exist on other machines"),
    ("./../../x", "\"./../../x\" is outside the workspace"),
    ("https://host.invalid/", "\"https://host.invalid/\" does not name its package"),
    ("=1.0", "invalid requirement \"=1.0\""),
  ])
  func whatIsNoRequirementIsAnErrorWithItsPlace(line: String, summary: String) throws {
    let file = RequirementsFile(path: "r.txt") { $0 == "r.txt" ? Array("ok\n\(line)\n".utf8) : nil }
    let problem = try #require(file.problems.first)
    #expect(problem.summary.contains(summary), "\(problem.summary)")
    #expect(problem.location?.line == 2)
    #expect(file.requirements.map(\.text) == ["ok"])
  }
}
