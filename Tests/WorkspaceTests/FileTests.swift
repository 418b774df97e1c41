import BuildFiles
import SystemSupport
import Testing
import Workspace

/// A directory with these files, removed by `body`'s end.
func withFiles<Result>(_ files: [String: String], _ body: (FilePath) throws -> Result) throws -> Result {
  let root = try FileSystem.canonicalPath(try FileSystem.makeTemporaryDirectory(prefix: "kilt-workspace"))
  defer {
    do { try FileSystem.removeTree(root) } catch { Issue.record(error) }
  }
  for (path, text) in files {
    let full = root.appending(path)
    try FileSystem.createDirectories(full.removingLastComponent())
    try FileSystem.write(text: text, to: full)
  }
  return try body(root)
}

@Suite struct FileTests {
  func paths(_ table: FileTable) -> [String] {
    table.allDirectories.flatMap { directory in table.files(in: directory).map { table.path(of: $0) } }
  }

  @Test func aScanLeavesOutWhatIsIgnored() throws {
    let files = [
      "kilt.toml": "", ".gitignore": "*.log\n/build/\n!keep.log\n", "a/x.py": "", "a/x.log": "", "a/keep.log": "",
      "a/build/y.py": "", "build/z.py": "", ".hidden/q.py": "", "dist/app.pex": "", "a/__pycache__/x.pyc": "",
      "a/.gitignore": "secret.*\n", "a/b/secret.txt": "", "a.b/c.py": "", "own/t.py": "",
    ]
    try withFiles(files) { root in
      let table = try FileTable.scan(root: root, ignore: ["own/"])
      #expect(
        paths(table) == [
          ".gitignore", "kilt.toml", "a/.gitignore", "a/keep.log", "a/x.py", "a/build/y.py", "a.b/c.py",
        ])
    }
  }

  @Test func aTableFindsFilesAndSubtrees() throws {
    let table = try FileTable(paths: ["a/b/c.py", "a/d.py", "a.x/e.py", "f.py", "a/b/g/h.txt"])
    #expect(table.fileCount == 5)
    #expect(table.directoryCount == 5)
    let file = try #require(table.file(at: "a/b/c.py"))
    #expect(table.path(of: file) == "a/b/c.py")
    #expect(table.file(at: "a/b") == nil)
    #expect(table.file(at: "none/x") == nil)
    let directory = try #require(table.directory(at: "a"))
    #expect(table.subtree(of: directory).map { table.path(of: $0) } == ["a", "a/b", "a/b/g"])
    #expect(
      table.files(matching: SourceGlobs(["**/*.py"]), in: directory).map { table.path(of: $0) }.sorted() == [
        "a/b/c.py", "a/d.py",
      ])
    #expect(table.files(matching: SourceGlobs(["*"]), in: directory).map { table.path(of: $0) } == ["a/d.py"])
    #expect(table.files(matching: SourceGlobs(["b/*", "!b/c*"]), in: directory).isEmpty)
  }

  @Test func linksToFilesAreFilesAndLinksToDirectoriesAreNot() throws {
    try withFiles(["real/a.py": ""]) { root in
      let outcome = try Subprocess("ln", ["-s", "real", root.appending("link").string]).run()
      #expect(outcome.termination.isSuccess)
      _ = try Subprocess("ln", ["-s", "a.py", root.appending("real/b.py").string]).run()
      #expect(paths(try FileTable.scan(root: root)) == ["real/a.py", "real/b.py"])
    }
  }

  @Test func aWorkspaceIsFoundUpwards() throws {
    try withFiles(["kilt.toml": "[workspace]\nname = \"acme\"\n", "a/b/x.py": ""]) { root in
      let workspace = try Workspace.find(from: root.appending("a/b"))
      #expect(workspace.root == root)
      #expect(workspace.name == "acme")
      #expect(workspace.relativePath(of: root.appending("a/b")) == "a/b")
      #expect(workspace.relativePath(of: root) == "")
    }
    try withFiles(["pants.toml": "", "a/x.py": ""]) { root in
      let workspace = try Workspace.find(from: root.appending("a"))
      #expect(workspace.configuration.path == "pants.toml")
    }
  }

  @Test func packagesAreLoadedFromDisk() throws {
    let files = [
      "kilt.toml": "[workspace]\nprelude_globs = [\"m.py\"]\n", "m.py": "def lib(**kw):\n  python_sources(**kw)\n",
      "BUILD": "__defaults__(all=dict(tags=['t']))\n", "a/BUILD": "lib()\n",
      "a/BUILD.more": "files(name='f', sources=[])\n",
    ]
    try withFiles(files) { root in
      let workspace = try Workspace.find(from: root)
      let table = try workspace.scanFiles()
      let evaluation = try PackageEvaluation(
        workspace, files: table, reader: ContentReader(workspace, files: table, ignoringInode: false))
      let directories = table.allDirectories.filter { !workspace.buildFiles(in: $0, of: table).isEmpty }
      let (evaluated, problems) = try evaluation.evaluate(directories)
      #expect(problems.isEmpty)
      #expect(
        evaluated.map { $0.inputs.map { table.path(of: $0) } } == [
          ["BUILD", "m.py"], ["a/BUILD", "a/BUILD.more", "m.py"],
        ])
      let packages = BuildDirectory.resolve(evaluated.map(\.package)).packages
      #expect(packages.map(\.directory) == ["", "a"])
      #expect(packages[1].targets.map(\.name) == ["a", "f"])
      #expect(packages[1].targets.map { $0.strings(of: "tags") } == [["t"], ["t"]])
    }
  }
}
