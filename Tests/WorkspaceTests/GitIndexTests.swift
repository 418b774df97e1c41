import SystemSupport
import Testing

@testable import Workspace

/// What git tracks, read from its index.
@Suite struct GitIndexTests {
  private func withRepository(_ body: (FilePath) throws -> Void) throws {
    let root = try FileSystem.canonicalPath(FileSystem.makeTemporaryDirectory(prefix: "git-index"))
    defer {
      do { try FileSystem.removeTree(root) } catch { Issue.record("\(root) stays: \(error)") }
    }
    try git(root, "init", "-q")
    for path in [".a", "a/b", "kilt", "ws/.kilt-not/x", "ws/code.py", ".kiltx"] { try write(path, in: root) }
    try git(root, "add", "-A")
    try body(root)
  }

  private func write(_ path: String, in root: FilePath) throws {
    let file = root.appending(path)
    try FileSystem.createDirectories(file.removingLastComponent())
    try FileSystem.write(text: path, to: file)
  }

  private func git(_ root: FilePath, _ arguments: String...) throws {
    let identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    let outcome = try Subprocess("git", ["-C", root.string] + identity + arguments).run()
    try #require(outcome.termination.isSuccess, "\(arguments): \(outcome.errorText)")
  }

  @Test("Tracked files of a directory are found in every version of the git index", arguments: ["2", "3", "4"])
  func versions(_ version: String) throws {
    try withRepository { root in
      try git(root, "update-index", "--index-version", version)
      #expect(!GitIndex.tracks(".kilt", in: root))
      #expect(!GitIndex.tracks(".kilt", in: root.appending("ws")))
      try write(".kilt/state/x", in: root)
      #expect(!GitIndex.tracks(".kilt", in: root))
      try git(root, "add", "-A")
      // An entry that is to be added makes version 3 of an index.
      try git(root, "update-index", "--skip-worktree", "a/b")
      #expect(GitIndex.tracks(".kilt", in: root))
      #expect(!GitIndex.tracks(".kilt", in: root.appending("ws")))
      try write("ws/.kilt/y", in: root)
      try git(root, "add", "-A")
      #expect(GitIndex.tracks(".kilt", in: root.appending("ws")))
    }
  }

  @Test("A worktree has its own git index")
  func worktree() throws {
    try withRepository { root in
      try git(root, "commit", "-qm", "x")
      try git(root, "worktree", "add", "-q", "tree")
      let tree = root.appending("tree")
      #expect(!GitIndex.tracks(".kilt", in: tree))
      try write(".kilt/x", in: tree)
      try git(tree, "add", "-A")
      #expect(GitIndex.tracks(".kilt", in: tree))
      #expect(!GitIndex.tracks(".kilt", in: root))
    }
  }

  @Test("SHA-256 object names and damage are left to git")
  func otherFormats() throws {
    try withRepository { root in
      let other = root.appending("other")
      try FileSystem.createDirectories(other)
      try git(other, "init", "-q", "--object-format=sha256")
      try write(".kilt/x", in: other)
      try git(other, "add", "-A")
      #expect(GitIndex.tracks(".kilt", in: other))
    }
    let bytes: [UInt8] = Array("DIRC".utf8) + [0, 0, 0, 2, 0, 0, 0, 9] + Array(repeating: 0xFF, count: 80)
    for count in 0...bytes.count {
      _ = bytes[..<count].withUnsafeBytes { GitIndex.search($0, for: Array(".kilt/".utf8)) }
    }
  }

  @Test("Settings that name programs lose their effect, and the user's own settings stay")
  func settings() {
    let environment = GitSettings([
      "core.fsmonitor", "filter.x.clean", "filter.x.required", "diff.y.textconv", "core.sshcommand", "user.name",
      "remote.origin.url", "remote.origin.uploadpack", "credential.https://host.helper",
    ]).environment
    func value(_ key: String) -> String? {
      guard let entry = environment.last(where: { $0.hasPrefix("GIT_CONFIG_KEY_") && $0.hasSuffix("=" + key) }) else {
        return nil
      }
      let number = entry.dropFirst("GIT_CONFIG_KEY_".count).prefix { $0 != "=" }
      return environment.first { $0.hasPrefix("GIT_CONFIG_VALUE_\(number)=") }.map {
        String($0.dropFirst("GIT_CONFIG_VALUE_\(number)=".count))
      }
    }
    #expect(value("core.fsmonitor") == "false")
    #expect(value("filter.x.clean") == "" && value("filter.x.required") == "false" && value("diff.y.textconv") == "")
    #expect(value("core.sshcommand") == "ssh" && value("remote.origin.uploadpack") == "git-upload-pack")
    #expect(value("credential.https://host.helper") == "")
    #expect(value("user.name") == nil && value("remote.origin.url") == nil)
  }
}
