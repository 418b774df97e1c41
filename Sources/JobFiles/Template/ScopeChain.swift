import JobModel
import Starlark

/// The bindings of one `.bind()` call of an object.
enum BindingFrame: Sendable {
  /// Values by the path that names them: `profile`, or `profile.cmd`.
  case entries([(path: [String], value: Value)])
  /// An object whose fields are the names.
  case scope(TemplateObject)

  /// The frame of names and values; a dictionary among the values represents longer paths, as in Pystachio.
  static func names(_ names: [(name: String, value: Value)]) -> BindingFrame {
    .entries(names.map { (ScopeChain.steps(of: $0.name) ?? [$0.name], $0.value) })
  }
}

/// The scopes of a text, and the lookup of a variable in them.
///
/// The rules are Pystachio's: from the innermost object outward, its own fields come first, then its bindings, the last
/// binding before earlier ones. `self.x` names a field of the nearest object that has it, `super.x` skips the object
/// itself. Each found value is a text in its own scope.
struct ScopeChain: Sendable {
  struct Level: Sendable {
    var object: TemplateObject?
    var bindings: [BindingFrame]
  }

  /// Outermost first.
  private(set) var levels: [Level]

  init(_ levels: [Level] = []) { self.levels = levels }

  /// The outermost scope, of these names.
  init(names: [(name: String, value: Value)]) { levels = [Level(object: nil, bindings: [.names(names)])] }

  /// The scope within an object.
  func within(_ object: TemplateObject) -> ScopeChain {
    ScopeChain(levels + [Level(object: object, bindings: object.bindings)])
  }

  /// The same with one more frame of names for the innermost object, before its bindings.
  func adding(_ frame: BindingFrame) -> ScopeChain {
    guard var last = levels.last else { return ScopeChain([Level(object: nil, bindings: [frame])]) }
    last.bindings.insert(frame, at: 0)
    return ScopeChain(levels.dropLast() + [last])
  }

  /// A value that a variable names.
  struct Found {
    var value: Value
    /// The kind of the field that contains it; nil for a bound value.
    var kind: ObjectKind?
    /// The scope of the value's own variables; nil for a text that was bound unchanged.
    var scope: ScopeChain?
  }

  /// The value of a path such as `profile.hosts[0]`.
  func find(_ path: String) -> Found? {
    guard let steps = Self.steps(of: path) else { return nil }
    return find(steps[...], level: levels.count - 1)
  }

  private func find(_ steps: ArraySlice<String>, level: Int) -> Found? {
    guard level >= 0 else { return nil }
    let current = levels[level]
    if let object = current.object {
      let scope = ScopeChain(Array(levels[...level]))
      if steps.first == "self", steps.count > 1, let found = Self.member(of: object, steps.dropFirst(), scope) {
        return found
      }
      if let found = Self.member(of: object, steps, scope) { return found }
    }
    for frame in current.bindings {
      if let found = Self.find(steps, in: frame) { return found }
    }
    if let found = find(steps, level: level - 1) { return found }
    guard steps.first == "super", steps.count > 1 else { return nil }
    for frame in current.bindings {
      if let found = Self.find(steps.dropFirst(), in: frame) { return found }
    }
    return find(steps.dropFirst(), level: level - 1)
  }

  private static func find(_ steps: ArraySlice<String>, in frame: BindingFrame) -> Found? {
    switch frame {
    case .scope(let object): return member(of: object, steps, ScopeChain().within(object))
    case .entries(let entries):
      // The longest path that the variable begins with names the value.
      var best: (length: Int, value: Value)?
      for entry in entries where steps.starts(with: entry.path) {
        if entry.path.count >= best?.length ?? 0 { best = (entry.path.count, entry.value) }
      }
      guard let best else { return nil }
      let rest = steps.dropFirst(best.length)
      return rest.isEmpty ? Found(value: best.value) : descend(best.value, nil, rest, nil)
    }
  }

  private static func member(of object: TemplateObject, _ steps: ArraySlice<String>, _ scope: ScopeChain) -> Found? {
    guard let name = steps.first else { return nil }
    object.reads?.note(name)
    guard let value = object.value(name) else { return nil }
    let kind = object.type.kind(of: name)
    let rest = steps.dropFirst()
    return rest.isEmpty ? Found(value: value, kind: kind, scope: scope) : descend(value, kind, rest, scope)
  }

  private static func descend(
    _ value: Value, _ kind: ObjectKind?, _ steps: ArraySlice<String>, _ scope: ScopeChain?
  ) -> Found? {
    guard let step = steps.first else { return Found(value: value, kind: kind, scope: scope) }
    if let object: TemplateObject = value.asHost() {
      return member(of: object, steps, (scope ?? ScopeChain()).within(object))
    }
    if let typed: TypedValue = value.asHost() { return descend(typed.value, typed.kind, steps, scope) }
    var inner: ObjectKind?
    let next: Value?
    if let items = value.asItems {
      next = items.first { $0.key.asString == step }?.value
      if case .map(_, let values)? = kind { inner = values }
    } else if let elements = value.asElements, let index = Int(step), elements.indices.contains(index) {
      next = elements[index]
      if case .list(let element)? = kind { inner = element }
    } else {
      next = nil
    }
    return next.flatMap { descend($0, inner, steps.dropFirst(), scope) }
  }

  /// Names for "did you mean".
  var names: [String] {
    var names = ["mesos.instance", "mesos.hostname", "thermos.task_id", "thermos.user"]
    func add(_ name: String, _ value: Value) {
      names.append(name)
      if let object: TemplateObject = value.asHost() {
        names += object.fields.map { "\(name).\($0.name)" }
      } else {
        names += (value.asItems ?? []).compactMap { item in item.key.asString.map { "\(name).\($0)" } }
      }
    }
    for level in levels {
      for field in level.object?.fields ?? [] { add(field.name, field.value) }
      for frame in level.bindings {
        switch frame {
        case .scope(let object): for field in object.fields { add(field.name, field.value) }
        case .entries(let entries): for entry in entries { add(entry.path.joined(separator: "."), entry.value) }
        }
      }
    }
    return names
  }

  /// `a.b[c.d]` is a, b, c.d; nil for an invalid path.
  static func steps(of path: String) -> [String]? {
    var steps: [String] = []
    var rest = path[...]
    while !rest.isEmpty {
      if rest.first == "[" {
        guard !steps.isEmpty, let close = rest.firstIndex(of: "]") else { return nil }
        steps.append(String(rest[rest.index(after: rest.startIndex)..<close]))
        rest = rest[rest.index(after: close)...]
        if rest.first == "." { rest.removeFirst() }
      } else {
        let name = rest.prefix { $0 != "." && $0 != "[" }
        if name.isEmpty { return nil }
        steps.append(String(name))
        rest = rest.dropFirst(name.count)
        if rest.first == "." {
          rest.removeFirst()
          if rest.isEmpty { return nil }
        }
      }
    }
    return steps
  }
}
