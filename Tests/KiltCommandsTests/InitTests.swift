import SystemSupport
import Testing
import Workspace

@testable import KiltCommands

@Suite struct InitTests {
  @Test(
    "kilt init writes a valid kilt.toml for any directory name",
    arguments: ["acme", "a \"quoted\" \\ name", "tab\tbed", "größe"])
  func anyName(name: String) throws {
    let configuration = try WorkspaceConfiguration(
      kiltFile: "kilt.toml", text: WorkspaceInit.text(name: name, layout: ProjectLayout()))
    #expect(configuration.name == name.split(separator: "\t").joined(separator: "_"))
    #expect(configuration.defaultResolve == "default")
    #expect(configuration.repositoryURL == "file:.kilt/repository")
    #expect(configuration.clusters.map(\.name) == ["devcluster"])
    #expect(configuration.mainBranch == "main")
  }

  private static let projects: [(files: [String: String], constraints: [String], roots: [String])] = [
    ([:], [">=3.8"], ["/"]),
    (
      ["pyproject.toml": "[project]\nname = 'a'\nrequires-python = '>=3.9,<4'\n", "src/shop/__init__.py": ""],
      [">=3.9,<4"], ["/", "src"]
    ),
    (
      ["pyproject.toml": "[tool.poetry.dependencies]\npython = '^3.10'\n", "shop/__init__.py": ""], [">=3.10,<4"], ["/"]
    ),
    (["pyproject.toml": "[tool.poetry.dependencies]\npython = '~3.10'\n"], [">=3.10,<3.11"], ["/"]),
    (["pyproject.toml": "[project\n", "packages/one/src/one.py": ""], [">=3.8"], ["/", "src"]),
    (["pyproject.toml": "[project]\nrequires-python = 'new'\n", "src/__init__.py": ""], [">=3.8"], ["/"]),
    (["node_modules/x/src/x.py": "", "venv/src/y.py": "", "venv/pyvenv.cfg": ""], [">=3.8"], ["/"]),
  ]

  @Test("kilt init takes Python versions and source roots from the repository", arguments: projects.indices)
  func repositories(index: Int) throws {
    let project = Self.projects[index]
    let folder = try FileSystem.makeTemporaryDirectory(prefix: "init")
    defer { remove(folder) }
    for (path, text) in project.files {
      let file = FilePath("\(folder)/\(path)")
      try FileSystem.createDirectories(file.removingLastComponent())
      try FileSystem.write(text: text, to: file)
    }
    #expect(Invocation.run(["init", "--quiet", "-C", folder.string]) == 0)
    let configuration = try WorkspaceConfiguration(
      kiltFile: "kilt.toml", text: FileSystem.readText(folder.appending("kilt.toml")))
    #expect(configuration.interpreterConstraints == project.constraints)
    #expect(configuration.sourceRoots == project.roots)
  }

  @Test("kilt init enables string imports if a manage.py names Django's settings") func django() throws {
    let folder = try FileSystem.makeTemporaryDirectory(prefix: "init")
    defer { remove(folder) }
    try FileSystem.write(
      text: "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n",
      to: folder.appending("manage.py"))
    #expect(Invocation.run(["init", "--quiet", "-C", folder.string]) == 0)
    let configuration = try WorkspaceConfiguration(
      kiltFile: "kilt.toml", text: FileSystem.readText(folder.appending("kilt.toml")))
    #expect(configuration.inference.stringImports)
    #expect(configuration.inference.stringImportsMinimumDots == 1)
  }

  private func remove(_ folder: FilePath) {
    do { try FileSystem.removeTree(folder) } catch { Issue.record("\(folder) stays: \(error)") }
  }

  @Test("kilt init refuses a directory that is already a workspace") func existing() throws {
    let folder = try FileSystem.makeTemporaryDirectory(prefix: "init")
    defer { remove(folder) }
    #expect(Invocation.run(["init", "--quiet", "-C", folder.string]) == 0)
    let before = try FileSystem.status(of: folder.appending("kilt.toml"))
    #expect(Invocation.run(["init", "--quiet", "-C", folder.string]) == 2)
    #expect(try FileSystem.status(of: folder.appending("kilt.toml")) == before)
  }
}
