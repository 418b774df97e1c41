import BuildCommands
import SystemSupport
import TargetGraph
import Testing
import Workspace

/// The version of the sources as the state knows it, against what git says when it is asked for everything.
@Suite struct VersionFromStateTests {
  /// A repository whose workspace lies below its top.
  private struct Repository {
    let top: FilePath
    var root: FilePath { top.appending("ws") }

    @discardableResult
    func git(_ arguments: String...) throws -> String {
      let identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
      let outcome = try Subprocess("git", ["-C", top.string] + identity + arguments).run()
      try #require(outcome.termination.isSuccess, "git \(arguments): \(outcome.errorText)")
      return outcome.text
    }

    func write(_ path: String, _ text: String) throws {
      let full = top.appending(path)
      try FileSystem.createDirectories(full.removingLastComponent())
      try FileSystem.write(text: text, to: full)
    }

    func remove(_ path: String) throws { try FileSystem.removeTree(top.appending(path)) }

    /// One run.
    ///
    /// - Returns: the version, and whether the next run would say it without git if nothing changed.
    func run() throws -> (version: SourceVersion, isKnown: Bool) {
      let workspace = try Workspace.find(from: root)
      let state = try WorkspaceState(of: workspace, isUsed: true)
      let graph = try TargetGraph.load(workspace, state: state)
      let resolver = DependencyResolver(graph: graph, sources: workspace)
      let version = try SourceVersion(of: workspace, resolver)
      resolver.save()
      guard let record = graph.rememberedGit, case .same = record.standing else { return (version, false) }
      return (version, graph.files.state.changedPaths(since: record.generation).isEmpty)
    }

    func version() throws -> SourceVersion { try run().version }

    /// Compares until the state can say it alone: times that are too new are not trusted at first.
    func compare(after what: String) throws {
      let asked = try SourceVersion(of: try Workspace.find(from: root))
      var isKnown = false
      for number in 1...50 where !isKnown {
        let (version, known) = try run()
        #expect(version == asked, "run \(number) after \(what)")
        isKnown = known
      }
      #expect(isKnown, "git is asked again and again after \(what)")
      #expect(try version() == asked, "once it is known after \(what)")
    }
  }

  private func withRepository(_ body: (Repository) throws -> Void) throws {
    let top = try FileSystem.canonicalPath(try FileSystem.makeTemporaryDirectory(prefix: "kilt-version"))
    defer {
      do { try FileSystem.removeTree(top) } catch { Issue.record(error) }
    }
    let repository = Repository(top: top)
    let files = [
      "ws/kilt.toml": "[workspace]\nsource_roots = [\"/\"]\n", "ws/a/BUILD": "python_sources()\n",
      "ws/a/one.py": "import os\n",
      "ws/a/two.py": "from a import one\n", "ws/.gitignore": "*.log\n/ignored/\n", "ws/.github/flow.yml": "x\n",
      "ws/README.md": "text\n", "other/file": "x\n", "ws/b/data.bin": "data\n",
      "ws/b/BUILD": "resources(sources=[\"*.bin\"])\n",
    ]
    for (path, text) in files { try repository.write(path, text) }
    try repository.git("init", "-q")
    try repository.git("add", "-A")
    try repository.git("commit", "-qm", "one")
    try body(repository)
  }

  @Test func itIsWhatGitSaysAfterEveryKindOfChange() throws {
    try withRepository { repository in
      func step(_ what: String, _ change: () throws -> Void) throws {
        try change()
        try repository.compare(after: what)
      }
      try repository.compare(after: "nothing")
      try step("an edit") { try repository.write("ws/a/one.py", "import sys\n") }
      try step("taking it back") { try repository.write("ws/a/one.py", "import os\n") }
      try step("an edit of no source") { try repository.write("ws/README.md", "more\n") }
      try step("a commit") { try repository.git("commit", "-qam", "two") }
      try step("a new file") { try repository.write("ws/a/new.py", "") }
      try step("staging it") { try repository.git("add", "ws/a/new.py") }
      try step("taking it from the index") { try repository.git("reset", "-q") }
      try step("its removal") { try repository.remove("ws/a/new.py") }
      try step("a new hidden directory") { try repository.write("ws/a/.hidden/deep/x", "x") }
      try step("a file more in it") { try repository.write("ws/a/.hidden/deep/y", "y") }
      try step("its removal") { try repository.remove("ws/a/.hidden") }
      try step("an empty hidden directory") { try FileSystem.createDirectories(repository.root.appending(".empty")) }
      try step("a file in it") { try repository.write("ws/.empty/x", "x") }
      try step("its removal") { try repository.remove("ws/.empty/x") }
      try step("an edit of a tracked hidden file") { try repository.write("ws/.github/flow.yml", "y\n") }
      try step("a stash") { try repository.git("stash", "-q") }
      try step("its return") { try repository.git("stash", "pop", "-q") }
      try step("a commit") { try repository.git("commit", "-qam", "three") }
      try step("an ignored file") { try repository.write("ws/a/x.log", "x") }
      try step("no longer ignored") { try repository.write("ws/.gitignore", "/ignored/\n") }
      try step("ignored by the repository") { try repository.write(".git/info/exclude", "*.log\n") }
      try step("another checkout") { try repository.git("checkout", "-q", "-f", "HEAD~1") }
      try step("a file outside of the workspace") { try repository.write("other/file", "y\n") }
      try step("a file that may be executed") {
        try repository.git("checkout", "-q", "-f", "main")
        let outcome = try Subprocess("chmod", ["+x", repository.root.appending("b/data.bin").string]).run()
        #expect(outcome.termination.isSuccess)
      }
      try step("git rm --cached") { try repository.git("rm", "-q", "--cached", "ws/b/data.bin") }
      try step("dist") { try repository.write("ws/dist/x", "x") }
      try step("a removed directory") { try repository.remove("ws/a") }
      try step("a reset") { try repository.git("reset", "-q", "--hard") }
    }
  }

  @Test func aChangeThatAnotherVerbHasSeenIsToldToo() throws {
    try withRepository { repository in
      #expect(try repository.version().dirtyFiles.isEmpty)
      #expect(try repository.version().dirtyFiles.isEmpty)
      try repository.write("ws/a/one.py", "import sys\n")
      let workspace = try Workspace.find(from: repository.root)
      let graph = try TargetGraph.load(workspace, state: try WorkspaceState(of: workspace, isUsed: true))
      let resolver = DependencyResolver(graph: graph, sources: workspace)
      try resolver.resolveAll()
      resolver.save()
      #expect(try repository.version().dirtyFiles == ["a/one.py"])
    }
  }
}
