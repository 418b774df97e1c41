/// The `sources` of a target: globs that select files, and globs behind `!` that take them away again, whatever their
/// order, as in Pants.
public struct SourceGlobs: Hashable, Sendable {
  /// The patterns that select.
  public var includes: [GlobPattern]
  /// The patterns behind `!`.
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

  /// Whether a path, from the target's directory, is selected.
  public func matches(_ path: String) -> Bool {
    includes.contains { $0.matches(path) } && !excludes.contains { $0.matches(path) }
  }

  /// How many directories below its base a match can lie at most; nil without a bound.
  public var depth: Int? {
    var deepest = 0
    for pattern in includes {
      guard let depth = pattern.depth else { return nil }
      deepest = max(deepest, depth)
    }
    return deepest
  }
}
