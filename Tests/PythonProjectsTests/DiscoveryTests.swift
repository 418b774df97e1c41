import Diagnostics
import PythonProjects
import Testing

@Suite struct DiscoveryTests {
  private static let root = "[tool.uv.workspace]\nmembers = [\"packages/*\"]\nexclude = [\"packages/old*\"]\n"

  private static func project(_ name: String, _ rest: String = "") -> String {
    "[project]\nname = \"\(name)\"\nversion = \"1\"\n\(rest)\n[build-system]\nbuild-backend = \"hatchling.build\"\n"
  }

  private func table(_ texts: [String: String]) throws -> ProjectTable? { try ProjectSearch(Texts(texts)).table() }

  @Test("Members are found by glob, without excluded, hidden and unmanaged ones") func members() throws {
    let table = try #require(
      try table([
        "pyproject.toml": Self.root, "packages/api/pyproject.toml": Self.project("My_API"),
        "packages/lib/pyproject.toml": Self.project("lib", "requires-python = \">=3.10\""),
        "packages/old-one/pyproject.toml": Self.project("old"), "packages/.hidden/x": "",
        "packages/cached/__pycache__/x.pyc": "",
        "packages/own/pyproject.toml": Self.project("own") + "[tool.uv]\nmanaged = false\n",
      ]))
    #expect(table.entries.map(\.directory) == ["", "packages/api", "packages/lib"])
    #expect(table.entries(named: "my.api").map(\.directory) == ["packages/api"])
    #expect(table.requiresPython == [">=3.10"])
    #expect(table.roots == [ProjectTable.Root(directory: "", lockfile: "uv.lock", isProject: false)])
  }

  @Test("A member without pyproject.toml is an error at the members key") func missingProject() throws {
    let error = #expect(throws: Diagnostic.self) {
      try table(["pyproject.toml": Self.root, "packages/api/main.py": ""])
    }
    #expect(error?.summary == "the workspace member \"packages/api\" has no pyproject.toml")
    #expect(error?.location?.line == 2)
  }

  @Test("A nested workspace and a duplicate name are errors") func conflicts() throws {
    let nested = Self.project("api") + Self.root
    #expect(throws: Diagnostic.self) {
      try table(["pyproject.toml": Self.root, "packages/api/pyproject.toml": nested])
    }
    #expect(throws: Diagnostic.self) {
      try table([
        "pyproject.toml": Self.root, "packages/a/pyproject.toml": Self.project("x-y"),
        "packages/b/pyproject.toml": Self.project("X_y"),
      ])
    }
  }

  @Test("A project beside uv.lock is a workspace; one without a lockfile is not") func singleProject() throws {
    let text = Self.project("app")
    let entries = try table(["pyproject.toml": text, "uv.lock": "", "src/app/__init__.py": ""])?.entries
    #expect(entries?.map(\.name) == ["app"])
    #expect(entries?[0].sourceRoots == ["", "src"])
    #expect(try table(["pyproject.toml": text]) == nil)
  }

  @Test("Several uv roots in one tree keep their own lockfiles, and share projects by path") func severalRoots() throws
  {
    let user = Self.project("app") + "[tool.uv.sources]\nlib = { path = \"../lib\", editable = true }\n"
    let table = try #require(
      try table([
        "README.md": "", "libs/app/pyproject.toml": user, "libs/app/uv.lock": "",
        "libs/lib/pyproject.toml": Self.project("lib"), "libs/lib/uv.lock": "",
      ]))
    #expect(table.roots.map(\.lockfile) == ["libs/app/uv.lock", "libs/lib/uv.lock"])
    #expect(table.entries.map(\.directory) == ["libs/app", "libs/lib"])
    #expect(table.root(of: "libs/lib")?.lockfile == "libs/lib/uv.lock")
  }

  @Test("A star in exclude spans directories, as in uv")
  func exclusion() throws {
    let root = "[tool.uv.workspace]\nmembers = [\"**\"]\nexclude = [\"vendor/*\", \"docs\"]\n"
    let table = try #require(
      try table([
        "pyproject.toml": root, "a/pyproject.toml": Self.project("a"), "vendor/x/y/pyproject.toml": Self.project("y"),
        "vendor/pyproject.toml": Self.project("vendor"), "vendor/x/pyproject.toml": Self.project("x"),
        "docs/pyproject.toml": Self.project("docs"),
      ]))
    #expect(table.entries.map(\.directory) == ["", "a", "vendor"])
  }
}
