import BuildCommands
import BuildFiles
import Diagnostics
import Digests
import PythonPackaging
import SystemSupport
import TargetGraph
import Testing
import Workspace

/// What a change of files concerns, in a real git repository.
@Suite struct ChangedTargetsTests {
  static let configuration = """
    [workspace]
    source_roots = ["/"]
    [python.resolves]
    default = "3rdparty/default.lock"
    """

  static let files: [String: String] = [
    "kilt.toml": configuration,
    "3rdparty/BUILD": "python_requirements(name='reqs')\n",
    "3rdparty/requirements.txt": "flask>=2\nrequests\nattrs\n",
    "app/BUILD": "python_sources()\npex_binary(name='bin', entry_point='web.py')\n",
    "app/web.py": "import flask\n", "app/fetch.py": "import requests\n", "app/plain.py": "import attr\n",
  ]

  /// A lock of flask (on werkzeug), requests (on idna) and attrs.
  static func lock(werkzeug: String = "3.0", idna: String = "3.4", attrs: String = "23.1") -> String {
    func package(_ name: String, _ version: String, _ dependency: String? = nil) throws -> LockedPackage {
      LockedPackage(
        name: try #require(PackageName(name)), version: version,
        dependencies: try dependency.map { [LockedDependency(name: try #require(PackageName($0)))] } ?? [],
        files: [LockedFile(name: "\(name)-\(version)-py3-none-any.whl", size: 1, sha256: .of("\(name)\(version)"))])
    }
    do {
      return Lockfile(
        requiresPython: try #require(SpecifierSet(">=3.8")), requirements: ["attrs", "flask>=2", "requests"],
        roots: try ["attrs", "flask", "requests"].map { LockedDependency(name: try #require(PackageName($0))) },
        packages: [
          try package("attrs", attrs), try package("flask", "3.0", "werkzeug"), try package("idna", idna),
          try package("requests", "2.31", "idna"), try package("werkzeug", werkzeug),
        ]
      ).text
    } catch {
      Issue.record(error)
      return ""
    }
  }

  @discardableResult
  func git(_ root: FilePath, _ arguments: String...) throws -> String { try git(root, arguments) }

  @discardableResult
  func git(_ root: FilePath, _ arguments: [String]) throws -> String {
    let identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
    let outcome = try Subprocess("git", ["-C", root.string] + identity + arguments).run()
    try #require(outcome.termination.isSuccess, "install git: \(outcome.errorText)")
    return outcome.text
  }

  /// Runs with a repository whose first commit is these files and the lock.
  func withRepository(below folder: String = "", _ body: (FilePath) throws -> Void) throws {
    let top = try FileSystem.canonicalPath(try FileSystem.makeTemporaryDirectory(prefix: "changed"))
    defer {
      do { try FileSystem.removeTree(top) } catch { Issue.record("\(top) stays: \(error)") }
    }
    let root = folder.isEmpty ? top : top.appending(folder)
    var files = Self.files
    files["3rdparty/default.lock"] = Self.lock()
    for (path, text) in files { try write(text, to: path, in: root) }
    try git(top, "init", "-q")
    try git(top, "add", "-A")
    try git(top, "commit", "-qm", "one")
    try body(root)
  }

  func write(_ text: String, to path: String, in root: FilePath) throws {
    let full = root.appending(path)
    try FileSystem.createDirectories(full.removingLastComponent())
    try FileSystem.write(text: text, to: full)
  }

  func changed(
    _ root: FilePath, since revision: String = "HEAD", _ depth: DependentsDepth = .transitive
  ) throws -> (names: [String], warnings: [String]) {
    let workspace = try Workspace.find(from: root)
    let graph = try TargetGraph.load(workspace)
    var change = ChangedTargets(workspace, DependencyResolver(graph: graph, sources: workspace))
    let found = try change.find(since: revision, depth: depth)
    return (found.map { graph.address(of: $0).description }, change.warnings.map(\.summary))
  }

  let lockfile = "3rdparty/default.lock:_default_lockfile"

  @Test func aLockedVersionConcernsWhatReachesIt() throws {
    try withRepository { root in
      #expect(try changed(root).names.isEmpty)
      try write(Self.lock(werkzeug: "3.1"), to: "3rdparty/default.lock", in: root)
      #expect(try changed(root, .none).names == [lockfile, "3rdparty:reqs#flask"])
      #expect(
        try changed(root).names == [
          lockfile, "3rdparty:reqs", "3rdparty:reqs#flask", "app/web.py", "app:app", "app:bin",
        ])
      try write(Self.lock(idna: "3.5"), to: "3rdparty/default.lock", in: root)
      let names = try changed(root).names
      #expect(names.contains("app/fetch.py"))
      #expect(!names.contains("app/web.py"))
      #expect(!names.contains("app/plain.py"))
    }
  }

  @Test func theWorkspaceMayLieBelowTheRepository() throws {
    try withRepository(below: "sub/ws") { root in
      try write(Self.lock(attrs: "24.1"), to: "3rdparty/default.lock", in: root)
      #expect(try changed(root, .direct).names.contains("app/plain.py"))
      #expect(try !changed(root, .direct).names.contains("app/web.py"))
    }
  }

  @Test func aLockOfTheSameWheelsConcernsNobody() throws {
    try withRepository { root in
      try write(Self.lock() + "\n", to: "3rdparty/default.lock", in: root)
      #expect(try changed(root).names == [lockfile])
    }
  }

  @Test func aLockThatCanNotBeReadConcernsAllItsRequirements() throws {
    try withRepository { root in
      try write("{", to: "3rdparty/default.lock", in: root)
      let (names, warnings) = try changed(root)
      #expect(Set(["app/web.py", "app/fetch.py", "app/plain.py"]).isSubset(of: names))
      #expect(warnings.count == 1)
      #expect(warnings.first?.contains("treating all its requirements as changed") == true)
    }
  }

  @Test func aLineOfARequirementsFileConcernsItsProject() throws {
    try withRepository { root in
      try write("flask>=3\nrequests\nattrs\nidna\n", to: "3rdparty/requirements.txt", in: root)
      #expect(
        try changed(root, .none).names == [
          "3rdparty/requirements.txt:reqs", "3rdparty:reqs#flask", "3rdparty:reqs#idna",
        ])
      #expect(try changed(root).names.contains("app/web.py"))
      #expect(try !changed(root).names.contains("app/fetch.py"))
    }
  }

  @Test func differencesBetweenCommits() throws {
    try withRepository { root in
      try git(root, "checkout", "-qb", "topic")
      try write(Self.lock(werkzeug: "3.1"), to: "3rdparty/default.lock", in: root)
      try write("import attr, os\n", to: "app/plain.py", in: root)
      try git(root, "commit", "-qam", "two")
      try git(root, "checkout", "-q", "main")
      try write("import requests, os\n", to: "app/fetch.py", in: root)
      try git(root, "commit", "-qam", "three")
      try git(root, "checkout", "-q", "topic")
      let workspace = try Workspace.find(from: root)
      let graph = try TargetGraph.load(workspace)
      func names(_ difference: String) throws -> [String] {
        var change = ChangedTargets(workspace, DependencyResolver(graph: graph, sources: workspace))
        return try change.find(between: difference, depth: .none).map { graph.address(of: $0).description }
      }
      #expect(try names("main...topic") == [lockfile, "3rdparty:reqs#flask", "app/plain.py"])
      #expect(try names("main..topic") == [lockfile, "3rdparty:reqs#flask", "app/fetch.py", "app/plain.py"])
      #expect(try names("topic..topic").isEmpty)
      #expect(throws: GitError.unknownRevision("nope")) { try names("nope...topic") }
      #expect(throws: GitError.unknownRevision("--output=x")) { try names("--output=x") }
      #expect(try changed(root, since: "main", .none).names == [lockfile, "3rdparty:reqs#flask", "app/plain.py"])
    }
  }
}
