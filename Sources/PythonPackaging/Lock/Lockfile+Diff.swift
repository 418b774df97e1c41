/// How one lockfile differs from another.
public struct LockDifference: Sendable, Hashable {
  /// A package whose versions changed. Empty versions mean that the package was added or removed.
  public struct Change: Sendable, Hashable {
    public var name: PackageName
    public var before: [String]
    public var after: [String]

    public init(name: PackageName, before: [String], after: [String]) {
      self.name = name
      self.before = before
      self.after = after
    }
  }

  public var changes: [Change]
  /// Packages of the same versions with other files, edges or markers.
  public var altered: [PackageName]

  public var isEmpty: Bool { changes.isEmpty && altered.isEmpty }

  /// One line a package, for people: `+ name 1.0`, `- name 1.0`, `~ name 1.0 -> 1.1`.
  public var lines: [String] {
    let changed = changes.map { change in
      let before = change.before.joined(separator: ", "), after = change.after.joined(separator: ", ")
      if change.before.isEmpty { return (change.name, "+ \(change.name) \(after)") }
      if change.after.isEmpty { return (change.name, "- \(change.name) \(before)") }
      return (change.name, "~ \(change.name) \(before) -> \(after)")
    }
    let altered = altered.map { ($0, "~ \($0): other files, dependencies or markers") }
    return (changed + altered).sorted { $0.0 < $1.0 }.map(\.1)
  }
}

extension Lockfile {
  /// What changed since an older lockfile.
  public func difference(from old: Lockfile) -> LockDifference {
    let before = Dictionary(grouping: old.packages, by: \.name)
    let after = Dictionary(grouping: packages, by: \.name)
    var difference = LockDifference(changes: [], altered: [])
    for name in Set(before.keys).union(after.keys).sorted() {
      let old = before[name] ?? [], new = after[name] ?? []
      if old.map(\.version) != new.map(\.version) {
        difference.changes.append(.init(name: name, before: old.map(\.version), after: new.map(\.version)))
      } else if old != new {
        difference.altered.append(name)
      }
    }
    return difference
  }

  /// What no longer agrees with the requirements that the lock should be for; empty when it is up to date.
  public func staleness(against request: LockRequest) -> [String] {
    var changes: [String] = []
    func compare(_ what: String, _ locked: [String], _ wanted: [String]) {
      for text in Set(wanted).subtracting(locked).sorted() { changes.append("\(what) \"\(text)\" is not locked") }
      for text in Set(locked).subtracting(wanted).sorted() { changes.append("\(what) \"\(text)\" is no longer there") }
    }
    compare("the requirement", requirements, request.requirementTexts)
    compare("the constraint", constraints, request.constraintTexts)
    compare("the override", overrides, request.overrideTexts)
    if requiresPython.description != request.requiresPython.description {
      changes.append("it is for Python \(requiresPython), wanted is \(request.requiresPython)")
    }
    return changes
  }
}

/// What a lockfile is to be made for.
public struct LockRequest: Sendable, Hashable {
  public var requirements: [Requirement]
  /// Versions that must hold where a package is used at all.
  public var constraints: [Requirement]
  /// Versions that replace what packages say of each other.
  public var overrides: [Requirement]
  /// The Pythons of the workspace.
  public var requiresPython: SpecifierSet

  public init(
    requirements: [Requirement], constraints: [Requirement] = [], overrides: [Requirement] = [],
    requiresPython: SpecifierSet
  ) {
    self.requirements = requirements
    self.constraints = constraints
    self.overrides = overrides
    self.requiresPython = requiresPython
  }

  var requirementTexts: [String] { Set(requirements.map(\.description)).sorted() }
  var constraintTexts: [String] { Set(constraints.map(\.description)).sorted() }
  var overrideTexts: [String] { Set(overrides.map(\.description)).sorted() }
}
