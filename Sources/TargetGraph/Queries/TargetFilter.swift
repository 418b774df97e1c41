internal import BuildFiles
internal import Diagnostics

/// Filters over targets, from `--filter-target-type`, `--filter-address-regex`, `--filter-tag-regex`,
/// `--filter-granularity` and `--tag`.
///
/// Each entry of a filter is a list with commas, of which one must match; with a leading `-`, none can match. All
/// entries count.
public struct TargetFilter: Sendable {
  /// Whether a filter keeps generators, generated targets or both.
  public enum Granularity: Sendable {
    /// Both.
    case all
    /// Targets of one file.
    case file
    /// Targets that BUILD files declare, and those generated from something else than a file.
    case build
  }

  /// One entry: its alternatives, and whether it excludes them.
  private struct Entry<Alternative: Sendable>: Sendable {
    var alternatives: [Alternative]
    var isNegated: Bool

    init(_ text: String, _ make: (String) throws -> Alternative) rethrows {
      isNegated = text.hasPrefix("-")
      alternatives = try text.drop { $0 == "-" || $0 == "+" }.split(separator: ",").map { try make(String($0)) }
    }

    func holds(_ test: (Alternative) -> Bool) -> Bool { alternatives.contains(where: test) != isNegated }
  }

  private var types: [Entry<String>]
  private var tags: [Entry<String>]
  private var addresses: [Entry<Pattern>]
  private var tagPatterns: [Entry<Pattern>]
  private var granularity: Granularity

  /// A filter of these entries.
  ///
  /// - Throws: `Diagnostic` for an unknown type, and for an invalid regular expression.
  public init(
    types: [String] = [], tags: [String] = [], addresses: [String] = [], tagPatterns: [String] = [],
    granularity: Granularity = .all
  ) throws {
    self.types = types.map { Entry($0) { $0 } }
    self.tags = tags.map { Entry($0) { $0 } }
    self.addresses = try addresses.map { try Entry($0) { try Pattern($0, option: "--filter-address-regex") } }
    self.tagPatterns = try tagPatterns.map { try Entry($0) { try Pattern($0, option: "--filter-tag-regex") } }
    self.granularity = granularity
  }

  /// A filter that keeps everything.
  public static var none: TargetFilter { TargetFilter(types: []) }

  private init(types: [Entry<String>]) {
    self.types = types
    tags = []
    addresses = []
    tagPatterns = []
    granularity = .all
  }

  /// Whether every target passes.
  public var isEmpty: Bool {
    types.isEmpty && tags.isEmpty && addresses.isEmpty && tagPatterns.isEmpty && granularity == .all
  }

  /// Whether a target passes.
  public func accepts(_ target: Target) -> Bool {
    switch granularity {
    case .all: break
    case .file: guard target.address.file != nil else { return false }
    case .build: guard target.address.file == nil else { return false }
    }
    guard types.allSatisfy({ $0.holds { $0 == target.typeName } }) else { return false }
    guard tags.allSatisfy({ $0.holds { target.tags.contains($0) } }) else { return false }
    if !addresses.isEmpty {
      let text = target.address.description
      guard addresses.allSatisfy({ $0.holds { $0.occurs(in: text) } }) else { return false }
    }
    return tagPatterns.allSatisfy { $0.holds { pattern in target.tags.contains { pattern.occurs(in: $0) } } }
  }

  /// Throws for a type that is neither known nor in the graph: a filter with a typing error would keep nothing.
  func checkTypes(in graph: TargetGraph) throws {
    let named = Set(types.flatMap(\.alternatives))
    guard !named.isEmpty else { return }
    let known = Set(TargetType.allCases.map(\.rawValue)).union(TargetType.foreignNames)
    for name in named.sorted() where !known.contains(name) {
      if graph.allTargets.contains(where: { graph[$0].typeName == name }) { continue }
      throw Diagnostic(
        .input, "unknown target type \"\(name)\" in --filter-target-type",
        remedies: Suggestions.remedy(for: name, among: known.filter { !$0.hasPrefix("_") }.sorted()).map { [$0] } ?? [])
    }
  }
}

/// A regular expression, found anywhere in a text.
private struct Pattern: Sendable {
  // Immutable once made; `Regex` is only not marked so.
  nonisolated(unsafe) private let expression: Regex<AnyRegexOutput>

  init(_ text: String, option: String) throws {
    do {
      expression = try Regex(text)
    } catch {
      throw Diagnostic(.input, "\(option): \"\(text)\" is not a regular expression", notes: ["\(error)"])
    }
  }

  /// Matching throws only for captures that are transformed, which none of a pattern from text is.
  func occurs(in text: String) -> Bool { (try? expression.firstMatch(in: text)) != nil }
}
