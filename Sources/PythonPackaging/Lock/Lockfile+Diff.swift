import Digests
public import JSON

/// The difference between two lockfiles.
public struct LockDifference: Sendable, Hashable {
  /// A package whose versions changed. Empty versions mean that the package was added or removed.
  public struct Change: Sendable, Hashable {
    public var name: PackageName
    public var before: [String]
    public var after: [String]
    /// For an added package: the packages that require it.
    public var requiredBy: [String]

    public init(name: PackageName, before: [String], after: [String], requiredBy: [String] = []) {
      self.name = name
      self.before = before
      self.after = after
      self.requiredBy = requiredBy
    }

    /// Whether the newest version is older than before.
    public var isDowngrade: Bool {
      guard let before = before.compactMap({ Version($0) }).max(), let after = after.compactMap({ Version($0) }).max()
      else { return false }
      return after < before
    }
  }

  /// A package of the same versions with other files, edges or markers: additions and removals, one fact per line.
  public struct Alteration: Sendable, Hashable {
    public var name: PackageName
    public var versions: [String]
    public var facts: [String]
  }

  public var changes: [Change]
  public var altered: [Alteration]
  /// Changes of the lockfile's inputs: requirements, Pythons, platforms.
  public var terms: [String]

  public var isEmpty: Bool { changes.isEmpty && altered.isEmpty && terms.isEmpty }

  /// One line per package, for people: `+ name 1.0 (for app)`, `- name 1.0`, `~ name 1.0 -> 1.1`; then the other
  /// changes.
  public var lines: [String] {
    let width = changes.map { $0.name.text.count }.max() ?? 0
    func padded(_ name: PackageName) -> String {
      name.text + String(repeating: " ", count: max(0, width - name.text.count))
    }
    let changed = changes.map { change in
      let before = change.before.joined(separator: ", "), after = change.after.joined(separator: ", ")
      if change.before.isEmpty {
        let reason = change.requiredBy.isEmpty ? "" : "  (for \(change.requiredBy.joined(separator: ", ")))"
        return (change.name, ["+ \(padded(change.name)) \(after)\(reason)"])
      }
      if change.after.isEmpty { return (change.name, ["- \(padded(change.name)) \(before)"]) }
      return (
        change.name, ["~ \(padded(change.name)) \(before) -> \(after)" + (change.isDowngrade ? "  (downgrade)" : "")]
      )
    }
    let altered = altered.map { alteration in
      let title = "~ \(padded(alteration.name)) \(alteration.versions.joined(separator: ", "))"
      return (alteration.name, [title] + alteration.facts.map { "    \($0)" })
    }
    return terms + (changed + altered).sorted { $0.0 < $1.0 }.flatMap(\.1)
  }

  /// The same for programs.
  public var json: JSONValue {
    .members([
      "terms": .strings(terms),
      "changes": .array(
        changes.map { change in
          .members([
            "name": .string(change.name.text), "before": .strings(change.before), "after": .strings(change.after),
            "required_by": .strings(change.requiredBy),
          ])
        }),
      "altered": .array(
        altered.map { alteration in
          .members([
            "name": .string(alteration.name.text), "versions": .strings(alteration.versions),
            "facts": .strings(alteration.facts),
          ])
        }),
    ])
  }
}

extension Lockfile {
  /// The changes since an older lockfile.
  public func difference(from old: Lockfile) -> LockDifference {
    let before = Dictionary(grouping: old.packages, by: \.name)
    let after = Dictionary(grouping: packages, by: \.name)
    var difference = LockDifference(changes: [], altered: [], terms: terms(since: old))
    for name in Set(before.keys).union(after.keys).sorted() {
      let old = before[name] ?? [], new = after[name] ?? []
      if old.map(\.version) != new.map(\.version) {
        difference.changes.append(
          .init(
            name: name, before: old.map(\.version), after: new.map(\.version),
            requiredBy: old.isEmpty ? requirers(of: name) : []))
      } else if old != new {
        let facts = zip(old, new).flatMap { $1.facts(since: $0) }
        if !facts.isEmpty { difference.altered.append(.init(name: name, versions: new.map(\.version), facts: facts)) }
      }
    }
    return difference
  }

  /// The packages that require a package: up to four, with the workspace first.
  private func requirers(of name: PackageName) -> [String] {
    let own = roots.contains { $0.name == name } ? ["the workspace"] : []
    let others = packages.filter { package in
      (package.dependencies + package.extras.values.flatMap(\.self)).contains { $0.name == name }
    }.map(\.name.text)
    let all = own + Set(others).sorted()
    return all.count > 4 ? all.prefix(4) + ["…"] : all
  }

  private func terms(since old: Lockfile) -> [String] {
    var facts = changes("requirement", old.requirements, requirements)
    facts += changes("constraint", old.constraints, constraints) + changes("override", old.overrides, overrides)
    facts += changes("exclusion", old.excludes, excludes) + changes("platform", old.platforms, platforms)
    if requiresPython.description != old.requiresPython.description {
      facts.append("~ Python \(old.requiresPython) -> \(requiresPython)")
    }
    return facts
  }
}

/// Additions and removals of a list, one per line: `+ requirement x`, `- requirement y`.
private func changes(_ what: String, _ old: [String], _ new: [String]) -> [String] {
  Set(new).subtracting(old).sorted().map { "+ \(what) \($0)" }
    + Set(old).subtracting(new).sorted().map { "- \(what) \($0)" }
}

extension LockedPackage {
  /// The differences from the same version in an older lockfile.
  fileprivate func facts(since old: LockedPackage) -> [String] {
    func edges(_ package: LockedPackage) -> [String] {
      let extras = package.extras.flatMap { extra, edges in edges.map { "\($0.text) for [\(extra)]" } }
      return package.dependencies.map(\.text) + extras
    }
    var facts = changes("requires", edges(old), edges(self))
    if marker != old.marker {
      facts.append(
        "where: \(old.marker.map(\.description) ?? "anywhere") -> \(marker.map(\.description) ?? "anywhere")")
    }
    if source != old.source {
      facts.append("from: \(old.source?.text ?? "the index") -> \(source?.text ?? "the index")")
    }
    let before = Dictionary(old.files.map { ($0.name, $0.sha256) }, uniquingKeysWith: { first, _ in first })
    let after = Dictionary(files.map { ($0.name, $0.sha256) }, uniquingKeysWith: { first, _ in first })
    facts += changes("file", Array(before.keys), Array(after.keys))
    for (name, digest) in after.sorted(by: { $0.key < $1.key }) where before[name].map({ $0 != digest }) ?? false {
      facts.append("! file \(name) has other contents: sha256:\(digest.hex)")
    }
    return facts
  }
}

extension LockedDependency {
  /// For messages: `name[extra]==1.0; marker`.
  fileprivate var text: String {
    name.text + (extras.isEmpty ? "" : "[\(extras.joined(separator: ","))]") + (version.map { "==\($0)" } ?? "")
      + (marker.map { "; \($0)" } ?? "")
  }
}
