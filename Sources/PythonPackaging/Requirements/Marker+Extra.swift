extension Marker {
  /// The rest of a marker once the value of `extra` is known.
  public enum Remainder: Sendable, Hashable {
    case always
    case never
    case when(Marker)
  }

  /// The names that `extra` is compared with, normalised.
  public var namedExtras: Set<String> {
    switch self {
    case .and(let parts), .or(let parts): parts.reduce(into: []) { $0.formUnion($1.namedExtras) }
    case .variableFirst(.extra, _, let text), .textFirst(let text, _, .extra): [PackageName.normalize(text)]
    case .variableFirst, .textFirst: []
    }
  }

  /// The marker for one extra, "" for none: comparisons of `extra` are decided, all others stay.
  public func assuming(extra: String) -> Remainder {
    switch self {
    case .variableFirst(.extra, _, _), .textFirst(_, _, .extra):
      return evaluate(in: MarkerEnvironment(values: [.extra: extra])) ? .always : .never
    case .variableFirst, .textFirst: return .when(self)
    case .and(let parts): return Self.join(parts.map { $0.assuming(extra: extra) }, absorbing: .never) { .and($0) }
    case .or(let parts): return Self.join(parts.map { $0.assuming(extra: extra) }, absorbing: .always) { .or($0) }
    }
  }

  private static func join(
    _ parts: [Remainder], absorbing: Remainder, _ make: ([Marker]) -> Marker
  ) -> Remainder {
    if parts.contains(absorbing) { return absorbing }
    let open = parts.compactMap { if case .when(let marker) = $0 { marker } else { nil } }
    switch open.count {
    case 0: return absorbing == .never ? .always : .never
    case 1: return .when(open[0])
    default: return .when(make(open))
    }
  }
}

extension LockedPackage {
  /// Adds a package's declared dependencies (`Requires-Dist` of core metadata).
  ///
  /// - Parameter version: the version of a package to which a requirement resolves, if the lockfile has several.
  mutating func setDependencies(
    _ requirements: [Requirement], version: (PackageName) -> String? = { _ in nil }
  ) {
    dependencies = []
    extras = [:]
    for requirement in requirements {
      func edge(_ marker: Marker?) -> LockedDependency {
        LockedDependency(
          name: requirement.name, version: version(requirement.name), extras: requirement.extras, marker: marker)
      }
      guard let marker = requirement.marker else {
        dependencies.append(edge(nil))
        continue
      }
      let plain = marker.assuming(extra: "")
      switch plain {
      case .always: dependencies.append(edge(nil))
      case .when(let rest): dependencies.append(edge(rest))
      case .never: break
      }
      for extra in marker.namedExtras.sorted() where !extra.isEmpty {
        let remainder = marker.assuming(extra: extra)
        guard remainder != plain else { continue }
        switch remainder {
        case .always: extras[extra, default: []].append(edge(nil))
        case .when(let rest): extras[extra, default: []].append(edge(rest))
        case .never: break
        }
      }
    }
  }
}
