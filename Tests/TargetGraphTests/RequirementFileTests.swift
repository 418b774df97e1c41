import BuildFiles
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
}
