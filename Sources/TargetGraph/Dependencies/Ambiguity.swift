internal import BuildFiles
public import Diagnostics
internal import Workspace

/// A name that a target needs and several targets provide, so that nothing was inferred.
public struct Ambiguity: Sendable, Hashable {
  /// The needed name.
  public enum Need: Sendable, Hashable, Comparable {
    /// A dotted name that a source file imports, or a module that a binary or a distribution starts.
    case module(String)
    /// A path in a string of a source file.
    case asset(String)

    /// The name or path.
    public var text: String {
      switch self {
      case .module(let text), .asset(let text): text
      }
    }

    public static func < (left: Self, right: Self) -> Bool { left.text < right.text }
  }

  /// A target that needs it, and where.
  public struct Place: Sendable, Hashable {
    /// The target.
    public var target: TargetID
    /// The line of its file, or of its BUILD file if it has no file of its own.
    public var line: Int
  }

  /// All names that the same targets provide, sorted.
  public var needs: [Need]
  /// The targets that provide it, in the order of addresses, at least two.
  public var providers: [TargetID]
  /// The targets that need it, in the order of addresses, each with the first line that says so.
  public var places: [Place]
}

extension DependencyResolver {
  /// The ambiguities of the targets whose dependencies have been requested, one entry per set of providers, in the
  /// order of their addresses.
  public var ambiguities: [Ambiguity] {
    var byProviders: [[TargetID]: (needs: Set<Ambiguity.Need>, lines: [TargetID: Int])] = [:]
    for (importer, found) in findings.all {
      for entry in found.ambiguous {
        let key = graph.sortedByAddress(entry.providers)
        var group = byProviders[key] ?? ([], [:])
        group.needs.insert(entry.need)
        group.lines[importer] = min(group.lines[importer] ?? .max, entry.line)
        byProviders[key] = group
      }
    }
    return byProviders.map { providers, group in
      let importers = graph.sortedByAddress(Array(group.lines.keys))
      return Ambiguity(
        needs: group.needs.sorted(), providers: providers,
        places: importers.map { Ambiguity.Place(target: $0, line: group.lines[$0] ?? 0) })
    }.sorted { $0.providers.lexicographicallyPrecedes($1.providers, by: graph.store.precedes) }
  }

  /// The entries that settle an ambiguity in the `dependencies` of `target`, or of its generator: they exclude all
  /// other providers. Inference then uses the remaining one where it is needed, and nowhere else.
  ///
  /// - Parameter choice: the provider to keep; the proposed one by default.
  public func settlingEntries(_ ambiguity: Ambiguity, for target: TargetID, choosing choice: TargetID? = nil)
    -> [String]
  {
    let kept = providers(of: ambiguity, with: choice ?? proposal(for: ambiguity, in: target))
    return ambiguity.providers.filter { !kept.contains($0) }.map { "!" + graph.address(of: $0).description }
  }

  /// A provider, with those that provide the same package: all its requirements count as one.
  public func providers(of ambiguity: Ambiguity, with choice: TargetID) -> [TargetID] {
    graph.providers(ambiguity.providers).first { $0.contains(choice) } ?? [choice]
  }

  /// The provider that a target most likely means: an implementation rather than a stub, the nearest in the tree, the
  /// first by address.
  public func proposal(for ambiguity: Ambiguity, in target: TargetID) -> TargetID {
    let directory = graph.address(of: target).directory.split(separator: "/")
    func score(_ id: TargetID) -> (Int, Int) {
      let other = graph.address(of: id).directory.split(separator: "/")
      let isStub = graph.file(of: id).map { graph.files.name(of: $0).hasSuffix(".pyi") } ?? false
      return (isStub ? 0 : 1, zip(directory, other).prefix { $0 == $1 }.count)
    }
    return ambiguity.providers.reduce(ambiguity.providers[0]) { score($1) > score($0) ? $1 : $0 }
  }

  /// The message about an ambiguity: its subject, its location, and the lines that settle it.
  public func diagnostic(for ambiguity: Ambiguity) -> Diagnostic {
    let addresses = ambiguity.providers.map { graph.address(of: $0).description }
    let count = graph.providers(ambiguity.providers).count
    let names = ambiguity.needs.map { "\"\($0.text)\"" }.joined(separator: ", ")
    let isModule = ambiguity.needs.contains { if case .module = $0 { true } else { false } }
    let importers = ambiguity.places.map { graph.address(of: $0.target).description }
    var diagnostic = Diagnostic(
      .input,
      "\(names) could come from \(count) \(count == addresses.count ? "targets" : "providers"), so nothing was inferred",
      notes: [
        "provided by " + addresses.joined(separator: ", "),
        (isModule ? "imported by " : "used by ") + Self.listing(importers),
      ])
    if let first = ambiguity.places.first {
      let path = graph[first.target].file.map { graph.files.path(of: $0) } ?? graph[first.target].declaration.site.path
      diagnostic.location = SourceLocation(path: path, line: first.line)
      diagnostic.remedies = [remedy(for: ambiguity)]
    }
    return diagnostic
  }

  /// The lines to add, by field that needs them: all targets of one generator are settled by one line.
  private func remedy(for ambiguity: Ambiguity) -> String {
    var lines: [(text: String, places: [String])] = []
    var seen: Set<DependenciesField> = []
    for place in ambiguity.places {
      let field = graph.dependenciesField(of: place.target)
      guard seen.insert(field).inserted else { continue }
      let entries = settlingEntries(ambiguity, for: field.target).map { "\"\($0)\"" }.joined(separator: ", ")
      let text = "dependencies=[\(entries)]"
      let site = graph[field.target].declaration.site
      let overrides = field.file.map { "the overrides of \"\($0)\" in " } ?? ""
      let name = "\(overrides)\"\(graph.address(of: field.target))\" (\(site.path):\(site.line))"
      if let index = lines.firstIndex(where: { $0.text == text }) {
        lines[index].places.append(name)
      } else {
        lines.append((text, [name]))
      }
    }
    return lines.map { "add \($0.text) to " + Self.listing($0.places) }.joined(separator: "; ")
      + ", or run `kilt tailor --fix`"
  }

  static func listing(_ names: [String]) -> String {
    names.count <= 5
      ? names.joined(separator: ", ")
      : names.prefix(5).joined(separator: ", ") + " and \(names.count - 5) more"
  }
}

/// The field that contains the dependencies of a target.
public struct DependenciesField: Sendable, Hashable {
  /// The target that a BUILD file declares: the generator of a generated one.
  public var target: TargetID
  /// The file, from the directory of the BUILD file, whose `overrides` have a field of their own.
  public var file: String?
}

extension TargetGraph {
  /// The field that contains the dependencies of a target: all targets of a generator share its field, except those
  /// whose `overrides` have one.
  public func dependenciesField(of id: TargetID) -> DependenciesField {
    guard let generator = generator(of: id) else { return DependenciesField(target: id) }
    let target = self[id]
    guard target.hasOwnDependencies else { return DependenciesField(target: generator) }
    return DependenciesField(target: generator, file: target.address.file)
  }
}

extension Target {
  /// Whether a generated target has a `dependencies` field besides its generator's.
  public var hasOwnDependencies: Bool { ownFields.contains { $0.name == "dependencies" } }
}
