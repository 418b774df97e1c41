public import SystemSupport

/// Reads lockfiles of every kind: which one it is, the text itself says.
public enum LockfileReader {
  /// No lockfile is larger.
  private static let sizeLimit = 256 << 20

  /// Reads the lockfile at `path` below the workspace root.
  ///
  /// - Throws: ``LockError/unreadable(path:line:reason:)``, or `SystemCallError` when the file cannot be read.
  public static func read(_ path: String, root: FilePath) throws -> Lockfile {
    try parse(try FileSystem.read(root.pushing(FilePath(path)), limit: sizeLimit), path: path, root: root)
  }

  /// Parses a lockfile.
  ///
  /// - Parameters:
  ///   - path: from the workspace root: for messages, and because the local paths of some formats are relative to the
  ///     lockfile's directory.
  ///   - root: the workspace's.
  /// - Throws: ``LockError/unreadable(path:line:reason:)``.
  public static func parse(_ bytes: [UInt8], path: String, root: FilePath) throws(LockError) -> Lockfile {
    let text = LockfileText(bytes)
    if let line = text.conflictLine {
      throw .unreadable(path: path, line: line, reason: "it contains conflict markers of a merge")
    }
    switch text.syntax {
    case .json where text.mentions("\"locked_resolves\""):
      return try PexLockReader(text, path: path).lockfile()
    case .json: return try Lockfile(parsing: text.body, path: path)
    case .toml:
      if text.mentions("lock-version") && text.mentions("[[packages]]") {
        return try PylockReader(bytes, path: path).lockfile()
      }
      return try UvLockReader(bytes, path: path, root: root).lockfile()
    case .lines: return try RequirementsLockReader(text, path: path).lockfile()
    }
  }

  /// A path that a lockfile has, as one from the workspace root.
  static func resolve(_ relative: String, besides lockfile: String) -> String {
    if relative.hasPrefix("/") { return relative }
    var parts = lockfile.split(separator: "/").dropLast().map(String.init)
    for part in relative.split(separator: "/") where part != "." {
      if part == "..", let last = parts.last, last != ".." { parts.removeLast() } else { parts.append(String(part)) }
    }
    return parts.joined(separator: "/")
  }
}

/// The text of a lockfile of a still unknown format.
struct LockfileText {
  enum Syntax { case json, toml, lines }
  let bytes: [UInt8]
  /// The start of the first line that is neither blank nor a comment.
  private let start: Int
  /// The comments at the top: Pants writes them with `//` before JSON and `#` elsewhere.
  let header: [String]
  let conflictLine: Int?

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    var position = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    var header: [String] = []
    while position < bytes.count {
      let end = bytes[position...].firstIndex(of: 0x0A) ?? bytes.count
      let line = trimmed(String(decoding: bytes[position..<end], as: UTF8.self))
      guard line.isEmpty || line.hasPrefix("//") || line.hasPrefix("#") else { break }
      header.append(line)
      position = min(end + 1, bytes.count)
    }
    start = position
    self.header = header
    conflictLine = Self.conflictLine(bytes)
  }

  private static func conflictLine(_ bytes: [UInt8]) -> Int? {
    var line = 1
    var isLineStart = true
    let mark = Array("<<<<<<< ".utf8)
    for index in bytes.indices {
      if isLineStart, bytes[index] == mark[0], bytes[index...].starts(with: mark) { return line }
      isLineStart = bytes[index] == 0x0A
      if isLineStart { line += 1 }
    }
    return nil
  }

  var syntax: Syntax {
    let rest = bytes[start...]
    guard let first = rest.first else { return .lines }
    if first == UInt8(ascii: "{") { return .json }
    let line = trimmed(String(decoding: rest.prefix { $0 != 0x0A }, as: UTF8.self))
    if line.hasPrefix("[") { return .toml }
    // "version = 1", and not "name==1".
    let key = line.prefix { $0.isLetter || $0 == "-" || $0 == "_" }
    let afterKey = line.dropFirst(key.count).drop { $0 == " " }
    return !key.isEmpty && afterKey.hasPrefix("=") && !afterKey.hasPrefix("==") ? .toml : .lines
  }

  /// The text with the comments at the top blanked, so that locations stay the same.
  var body: [UInt8] { bytes[..<start].map { $0 == 0x0A ? 0x0A : 0x20 } + bytes[start...] }

  /// Whether an ASCII text occurs.
  func mentions(_ text: String) -> Bool {
    let wanted = Array(text.utf8)
    guard let first = wanted.first else { return true }
    var index = start
    while let found = bytes[index...].firstIndex(of: first) {
      if bytes[found...].starts(with: wanted) { return true }
      index = found + 1
    }
    return false
  }

  /// The lines between the marks that Pants puts around its metadata of a lockfile, without comment signs.
  var pantsMetadata: String? {
    guard let begin = header.firstIndex(where: { $0.contains("BEGIN PANTS LOCKFILE METADATA") }),
      let end = header[begin...].firstIndex(where: { $0.contains("END PANTS LOCKFILE METADATA") })
    else { return nil }
    return header[(begin + 1)..<end].map { line in
      String(line.hasPrefix("//") ? line.dropFirst(2) : line.dropFirst(1))
    }.joined(separator: "\n")
  }
}
