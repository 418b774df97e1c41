import BuildCommands
import BuildFiles
import Diagnostics
import SystemSupport
import TargetGraph
import Testing
import Workspace

/// Changes of which the files say little: targets are compared, as a commit has them and as they are.
@Suite struct ChangedByComparisonTests {
  private static let files: [String: String] = [
    "kilt.toml": "[workspace]\nsource_roots = [\"/\"]\nprelude_globs = [\"macros.py\"]\n",
    "macros.py": "def library(**kwargs):\n    python_sources(tags=[\"made\"], **kwargs)\n", "more.py": "TAG = 'x'\n",
    "lib/BUILD": "library()\n", "lib/a.py": "", "lib/b.py": "from lib import a\n",
    "deep/BUILD": "load('//more.py', 'TAG')\npython_sources(tags=[TAG])\n", "deep/c.py": "",
    "app/BUILD": "python_sources()\npython_tests(name='tests')\npex_binary(name='bin', entry_point='main.py')\n",
    "app/main.py": "import lib.b, deep.c\n", "app/main_test.py": "import app.main\n", "app/alone.py": "import later\n",
  ]

  private func withRepository(_ body: (FilePath) throws -> Void) throws {
    let root = try FileSystem.canonicalPath(try FileSystem.makeTemporaryDirectory(prefix: "compared"))
    defer {
      do { try FileSystem.removeTree(root) } catch { Issue.record("\(root) stays: \(error)") }
    }
    for (path, text) in Self.files { try write(text, to: path, in: root) }
    try git(root, "init", "-q")
    try git(root, "add", "-A")
    try git(root, "commit", "-qm", "one")
    try body(root)
  }

  private func git(_ root: FilePath, _ arguments: String...) throws { try ChangedTargetsTests().git(root, arguments) }

  private func write(_ text: String, to path: String, in root: FilePath) throws {
    try ChangedTargetsTests().write(text, to: path, in: root)
  }

  private func changed(_ root: FilePath, _ depth: DependentsDepth = .none) throws -> [String] {
    try ChangedTargetsTests().changed(root, depth).names
  }

  @Test("A deleted file changes its importers, by the graph of the older commit")
  func deletedFile() throws {
    try withRepository { root in
      try FileSystem.removeTree(root.appending("lib/a.py"))
      #expect(try changed(root) == ["lib/b.py", "lib:lib"])
      #expect(
        try changed(root, .transitive) == [
          "app/main.py", "app/main_test.py:tests", "app:app", "app:bin", "app:tests", "lib/b.py", "lib:lib",
        ])
    }
  }

  @Test("A renamed file changes its importers, and a later commit too")
  func renamedFile() throws {
    try withRepository { root in
      try git(root, "mv", "deep/c.py", "deep/d.py")
      #expect(try changed(root) == ["app/main.py", "deep/d.py", "deep:deep"])
      try git(root, "commit", "-qam", "two")
      let workspace = try Workspace.find(from: root)
      let graph = try TargetGraph.load(workspace)
      var change = ChangedTargets(workspace, DependencyResolver(graph: graph, sources: workspace))
      let found = try change.find(between: "HEAD~1..HEAD", depth: .none)
      #expect(found.map { graph.name(of: $0) } == ["app/main.py", "deep/d.py", "deep:deep"])
    }
  }

  @Test("A deleted BUILD file changes the dependents of its targets")
  func deletedBuildFile() throws {
    try withRepository { root in
      try FileSystem.removeTree(root.appending("lib/BUILD"))
      #expect(try changed(root) == ["app/main.py"])
    }
  }

  @Test("White space and comments in BUILD files do not change any target")
  func whiteSpace() throws {
    try withRepository { root in
      try write("# What is here.\n\n\nlibrary(  )\n", to: "lib/BUILD", in: root)
      try write("def library(**kwargs):\n    python_sources(tags=['made'], **kwargs)\n\n", to: "macros.py", in: root)
      #expect(try changed(root, .transitive) == [])
    }
  }

  @Test("A changed macro or loaded file changes the targets whose declaration differs")
  func macros() throws {
    try withRepository { root in
      try write("def library(**kwargs):\n    python_sources(tags=['other'], **kwargs)\n", to: "macros.py", in: root)
      #expect(try changed(root) == ["lib/a.py", "lib/b.py", "lib:lib"])
      try write(Self.files["macros.py"] ?? "", to: "macros.py", in: root)
      try write("TAG = 'y'\n", to: "more.py", in: root)
      #expect(try changed(root) == ["deep/c.py", "deep:deep"])
    }
  }

  @Test("A changed configuration changes only the targets that it affects")
  func configuration() throws {
    try withRepository { root in
      let text = Self.files["kilt.toml"] ?? ""
      try write(text + "[repository]\nurl = \"file:///x\"\n", to: "kilt.toml", in: root)
      #expect(try changed(root, .transitive) == [])
      try write(text + "[python]\nversion = \"3.11\"\n", to: "kilt.toml", in: root)
      #expect(try changed(root) == ["app/main_test.py:tests", "app:bin"])
      try write(text + "[python]\ninterpreter_constraints = [\"CPython>=3.9\"]\n", to: "kilt.toml", in: root)
      #expect(try changed(root).contains("lib/a.py"))
      try write(text + "[test]\nextra_env_vars = [\"A=1\"]\n", to: "kilt.toml", in: root)
      #expect(try changed(root) == ["app/main_test.py:tests"])
      try write(
        "[workspace]\nsource_roots = [\"/\", \"/deep\"]\nprelude_globs = [\"macros.py\"]\n", to: "kilt.toml", in: root)
      #expect(try changed(root) == ["app/main.py", "deep/c.py"])
    }
  }

  @Test("Changed ignore rules change the importers of hidden and newly visible files")
  func ignoreRules() throws {
    try withRepository { root in
      try write("/lib/a.py\n", to: ".gitignore", in: root)
      #expect(try changed(root) == ["lib/b.py", "lib:lib"])
      try git(root, "add", "-A")
      try git(root, "commit", "-qm", "two")
      try write("", to: ".gitignore", in: root)
      #expect(try changed(root) == ["lib/a.py", "lib/b.py"])
    }
  }

  @Test("A new file changes the importers whose import it provides")
  func newFile() throws {
    try withRepository { root in
      try write("", to: "later.py", in: root)
      #expect(try changed(root) == [])
      try write("python_sources(name='top')\n", to: "BUILD", in: root)
      #expect(
        try changed(root) == ["//:top", "//later.py:top", "//macros.py:top", "//more.py:top", "app/alone.py"])
    }
  }

  @Test("A package file that appears, disappears or changes affects products of the files below it")
  func packageFile() throws {
    try withRepository { root in
      try write("", to: "deep/__init__.py", in: root)
      #expect(try changed(root, .transitive).contains("app:bin"))
      try git(root, "add", "-A")
      try git(root, "commit", "-qm", "two")
      #expect(try changed(root, .transitive) == [])
      try write("# No code.\n", to: "deep/__init__.py", in: root)
      #expect(try changed(root, .transitive).contains("app:bin"))
      try FileSystem.removeTree(root.appending("deep/__init__.py"))
      #expect(try changed(root, .transitive).contains("app:bin"))
    }
  }

  @Test("A change of pytest's configuration changes all tests only if it configures pytest")
  func pytestConfiguration() throws {
    try withRepository { root in
      try write("[project]\nname = 'x'\n", to: "pyproject.toml", in: root)
      #expect(try changed(root) == [])
      try write("[tool.pytest.ini_options]\naddopts = '-x'\n", to: "pyproject.toml", in: root)
      #expect(try changed(root) == ["app/main_test.py:tests"])
    }
  }

  @Test("A commit with invalid BUILD files changes everything, with a warning")
  func wrongCommit() throws {
    try withRepository { root in
      try write("library(", to: "lib/BUILD", in: root)
      try git(root, "commit", "-qam", "two")
      try write("library()\n", to: "lib/BUILD", in: root)
      let (names, warnings) = try ChangedTargetsTests().changed(root, .none)
      #expect(names.contains("app/alone.py"))
      #expect(warnings.count == 1)
      #expect(warnings.first?.contains("treating all targets as changed") == true)
    }
  }
}
