internal import BuildFiles
internal import Synchronization

/// The directories that imports start at.
///
/// A pattern with a leading slash names one directory from the workspace root (`/` is the root itself); one without names
/// every directory whose path ends in it. The deepest match above a file counts, as in Pants.
public struct SourceRoots: Sendable {
  private let patterns: [(pattern: GlobPattern, isAnchored: Bool, names: Int)]
  private let hasRoot: Bool
  private let marked: Set<String>

  /// The roots of these patterns, and of these directories that a marker file marks.
  public init(patterns: [String], marked: Set<String> = []) {
    self.marked = marked
    hasRoot = patterns.contains("/")
    self.patterns = patterns.filter { $0 != "/" }.map { text in
      let pattern = GlobPattern(text)
      return (pattern, text.hasPrefix("/"), text.split(separator: "/").count)
    }
  }

  /// The same number for the same roots, in every process.
  public var stableHash: UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for text in marked.sorted() { for byte in text.utf8 + [0] { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 } }
    return hash
  }

  /// The source root that contains a directory, from the workspace root; nil if there is none.
  public func root(of directory: String) -> String? {
    var current = directory
    while true {
      if isRoot(current) { return current }
      if current.isEmpty { return nil }
      current = Paths.parent(current)
    }
  }

  private func isRoot(_ directory: String) -> Bool {
    if marked.contains(directory) { return true }
    if directory.isEmpty { return hasRoot }
    return patterns.contains { entry in
      if entry.isAnchored { return entry.pattern.matches(directory) }
      let names = directory.split(separator: "/")
      guard names.count >= entry.names else { return false }
      return entry.pattern.matches(names.suffix(entry.names).joined(separator: "/"))
    }
  }
}
