internal import SystemPackage
internal import SystemSupport

extension GitRepository {
  /// A file of a commit.
  public struct TreeEntry: Sendable, Hashable {
    /// The path from the workspace root.
    public var path: String
    /// The object's name.
    var object: String
    public var isLink: Bool
  }

  /// The files of a commit below the workspace root, without submodules.
  ///
  /// - Parameter paths: the only files to search for; nil for all.
  /// - Throws: ``GitError``.
  public func entries(of commit: String, among paths: [String]? = nil) throws(GitError) -> [TreeEntry] {
    let prefix = try prefix()
    var lines: [String] = []
    if let paths {
      // The number that fits a command line.
      for start in stride(from: 0, to: paths.count, by: 400) {
        let part = paths[start..<min(start + 400, paths.count)].map { prefix + $0 }
        lines += try names(["ls-tree", "-z", "--full-tree", commit, "--"] + part)
      }
    } else {
      lines = try names(
        ["ls-tree", "-r", "-z", "--full-tree", commit] + (prefix.isEmpty ? [] : ["--", prefix]))
    }
    return lines.compactMap { line in
      // MODE TYPE OBJECT<tab>PATH
      guard let tab = line.firstIndex(of: "\t") else { return nil }
      let fields = line[..<tab].split(separator: " ")
      let path = line[line.index(after: tab)...]
      guard fields.count == 3, fields[1] == "blob", path.hasPrefix(prefix) else { return nil }
      return TreeEntry(
        path: String(path.dropFirst(prefix.utf8.count)), object: String(fields[2]), isLink: fields[0] == "120000")
    }
  }

  /// The bytes of files of a commit, by path from the workspace root.
  ///
  /// - Throws: ``GitError``.
  public func contents(of entries: [TreeEntry]) throws(GitError) -> [String: [UInt8]] {
    if entries.isEmpty { return [:] }
    let input = Array(entries.map { $0.object + "\n" }.joined().utf8)
    let outcome = try run(["cat-file", "--batch"], input: input)
    guard outcome.termination.isSuccess else { throw .failed(command: "cat-file", outcome.errorText) }
    var found: [String: [UInt8]] = [:]
    var rest = outcome.output[...]
    for entry in entries {
      // OBJECT blob SIZE<newline>BYTES<newline>
      guard let end = rest.firstIndex(of: 0x0A) else { throw .failed(command: "cat-file", "its output ends early") }
      let fields = String(decoding: rest[..<end], as: UTF8.self).split(separator: " ")
      guard fields.count == 3, let size = Int(fields[2]), rest.endIndex - end > size else {
        throw .failed(command: "cat-file", "no object \(entry.object)")
      }
      found[entry.path] = Array(rest[(end + 1)..<(end + 1 + size)])
      rest = rest[(end + 2 + size)...]
    }
    return found
  }
}
