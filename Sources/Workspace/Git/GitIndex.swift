internal import SystemPackage
internal import SystemSupport

/// The index of a git repository, read without git: it is asked in every run, and a process would cost more than all else.
enum GitIndex {
  /// Whether git tracks a file in a directory of the workspace. Leaves an index in an unknown format to git.
  static func tracks(_ directory: String, in root: FilePath) -> Bool {
    guard let (index, prefix) = place(root) else { return false }
    let wanted = Array((prefix + directory + "/").utf8)
    // Without an index nothing is tracked.
    guard let file = try? MappedFile(index) else { return false }
    if let answer = search(file.bytes, for: wanted) { return answer }
    let outcome = try? Subprocess(
      "git", ["-C", root.string, "ls-files", "-z", "--", directory], environment: GitSettings([]).environment
    ).run()
    return outcome.map { $0.termination.isSuccess && !$0.output.isEmpty } ?? false
  }

  /// The index of the git repository that contains a directory, and the path of the directory in it, with a final
  /// slash.
  private static func place(_ root: FilePath) -> (index: FilePath, prefix: String)? {
    var current = root
    var prefix = ""
    while true {
      let git = current.appending(".git")
      if let status = try? FileSystem.status(of: git, followingLinks: true) {
        if status.kind == .directory { return (git.appending("index"), prefix) }
        // A worktree or a submodule: "gitdir: PATH".
        guard let text = try? FileSystem.readText(git), text.hasPrefix("gitdir: ") else { return nil }
        let path = text.dropFirst("gitdir: ".count).prefix { !$0.isNewline }
        return (current.pushing(FilePath(String(path))).appending("index"), prefix)
      }
      guard let name = current.lastComponent else { return nil }
      prefix = name.string + "/" + prefix
      let parent = current.removingLastComponent()
      if parent == current || parent.isEmpty { return nil }
      current = parent
    }
  }

  /// Looks through the entries of an index in the format of versions 2 and 3 (gitformat-index(5)), which are sorted by path.
  ///
  /// - Returns: whether a path begins with `wanted`; nil for another format.
  static func search(_ bytes: UnsafeRawBufferPointer, for wanted: [UInt8]) -> Bool? {
    func number(_ offset: Int) -> Int {
      (0..<4).reduce(0) { $0 << 8 | Int(bytes[offset + $1]) }
    }
    guard bytes.count >= 12, bytes.prefix(4).elementsEqual("DIRC".utf8) else { return nil }
    let version = number(4)
    guard version == 2 || version == 3 else { return nil }
    let count = number(8)
    // A split index has most of its entries in another file.
    if count == 0, bytes.count > 64 { return nil }
    var offset = 12
    for _ in 0..<count {
      guard offset + 62 < bytes.count else { return nil }
      let flags = Int(bytes[offset + 60]) << 8 | Int(bytes[offset + 61])
      let start = offset + 62 + (version == 3 && flags & 0x4000 != 0 ? 2 : 0)
      var end = start
      while end < bytes.count, bytes[end] != 0 { end += 1 }
      // Object names of another length shift all later bytes: then the lengths of paths do not agree.
      let length = flags & 0xFFF
      guard end < bytes.count, length == 0xFFF ? end - start >= length : end - start == length else { return nil }
      let path = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
      if path.starts(with: wanted) { return true }
      if wanted.lexicographicallyPrecedes(path) { return false }
      offset += (end - offset + 8) & ~7
    }
    return false
  }
}
