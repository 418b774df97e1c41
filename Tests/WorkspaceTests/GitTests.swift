import Diagnostics
import SystemSupport
import Testing
import Workspace

@Suite struct GitTests {
  @discardableResult
  func git(_ root: FilePath, _ arguments: String...) throws -> String {
    let identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
    let outcome = try Subprocess("git", ["-C", root.string] + identity + arguments).run()
    try #require(outcome.termination.isSuccess, "install git: \(outcome.errorText)")
    return outcome.text
  }

  @Test func changesAreSeenFromTheWorkspaceRoot() throws {
    try withFiles(["ws/a.py": "1", "ws/b.py": "1", "other.py": "1", "ws/c.py": "1"]) { root in
      try git(root, "init", "-q")
      try git(root, "add", "-A")
      try git(root, "commit", "-qm", "one")
      let first = try git(root, "rev-parse", "HEAD")
      let repository = GitRepository(root: root.appending("ws"))
      #expect(try repository.headCommit() == first)
      #expect(try repository.dirtyFiles().isEmpty)
      try FileSystem.write(text: "2", to: root.appending("ws/a.py"))
      try git(root, "commit", "-qam", "two")
      try FileSystem.write(text: "2", to: root.appending("ws/b.py"))
      try FileSystem.write(text: "2", to: root.appending("ws/new file.py"))
      try FileSystem.write(text: "2", to: root.appending("other.py"))
      try FileSystem.removeTree(root.appending("ws/c.py"))
      #expect(try repository.dirtyFiles() == ["b.py", "c.py", "new file.py"])
      #expect(try repository.changedFiles(since: first) == ["a.py", "b.py", "c.py", "new file.py"])
      #expect(try repository.isAncestor(first, ofBranch: "main"))
      try git(root, "checkout", "-q", "--orphan", "lonely")
      try git(root, "commit", "-qam", "three")
      let lonely = try repository.headCommit()
      #expect(try repository.isAncestor(lonely, ofBranch: "main") == false)
    }
  }

  @Test func errorsSayWhatIsMissing() throws {
    try withFiles(["a": ""]) { root in
      let repository = GitRepository(root: root)
      #expect(throws: GitError.notARepository(root)) { try repository.headCommit() }
      try git(root, "init", "-q")
      #expect(throws: GitError.noCommit) { try repository.headCommit() }
      #expect(throws: GitError.unknownRevision("nope")) { try repository.changedFiles(since: "nope") }
      #expect(throws: GitError.unknownRevision("--all")) { try repository.changedFiles(since: "--all") }
    }
    #expect(GitError.notInstalled.diagnostic.blame == .environment)
  }
}
