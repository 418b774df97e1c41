/// The `sources` of a target: globs that select files, and globs after `!` that exclude files, in any order, as in
/// Pants.
public struct SourceGlobs: Hashable, Sendable {
  /// The patterns that select.
  public var includes: [GlobPattern]
  /// The patterns after `!`.
  public var excludes: [GlobPattern]

  /// The globs that these texts write.
  public init(_ texts: some Sequence<String>) {
    includes = []
    excludes = []
    for text in texts {
      if text.hasPrefix("!") {
        excludes.append(GlobPattern(String(text.dropFirst())))
      } else {
        includes.append(GlobPattern(text))
      }
    }
  }

  /// Whether a path, relative to the target's directory, is selected.
  public func matches(_ path: String) -> Bool {
    includes.contains { $0.matches(path) } && !excludes.contains { $0.matches(path) }
  }

  /// The maximum number of directories between its base and a match; nil without a bound.
  public var depth: Int? {
    var deepest = 0
    for pattern in includes {
      guard let depth = pattern.depth else { return nil }
      deepest = max(deepest, depth)
    }
    return deepest
  }
}
