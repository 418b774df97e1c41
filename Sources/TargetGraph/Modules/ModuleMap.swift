internal import BuildFiles
internal import Workspace

/// Which targets provide which Python modules, resolve by resolve.
struct ModuleMap: Sendable {
  struct Provider: Sendable, Hashable {
    var target: TargetID
    /// Whether it describes the module's types only.
    var isStub: Bool
  }

  /// Who provides a module.
  enum Owners: Sendable {
    /// At most one implementation and one stub; none where nothing in the workspace provides the module.
    case clear([TargetID])
    case ambiguous([TargetID])
  }

  private struct Modules: Sendable {
    var firstParty: [String: [Provider]] = [:]
    var thirdParty: [String: [Provider]] = [:]
  }

  private var byResolve: [String: Modules] = [:]

  init(_ graph: TargetGraph) {
    for (index, target) in graph.targets.enumerated() {
      let id = TargetID(index)
      let resolve = graph.resolve(of: target) ?? ""
      if let file = target.file, target.type.isPythonSource {
        let path = graph.files.path(of: file)
        guard let module = graph.moduleName(ofFile: path) else { continue }
        let provider = Provider(target: id, isStub: path.hasSuffix(".pyi"))
        byResolve[resolve, default: Modules()].firstParty[module, default: []].append(provider)
      } else if target.type == .pythonRequirement {
        for (module, isStub) in Self.modules(of: target) {
          byResolve[resolve, default: Modules()].thirdParty[module, default: []].append(
            Provider(target: id, isStub: isStub))
        }
      }
    }
  }

  /// The modules of a requirement: as its fields say, or as the project is known to provide.
  private static func modules(of target: Target) -> [(String, isStub: Bool)] {
    let explicit = target.strings(of: "modules")
    if !explicit.isEmpty { return explicit.map { ($0, false) } }
    let stubs = target.strings(of: "type_stub_modules")
    if !stubs.isEmpty { return stubs.map { ($0, true) } }
    return target.strings(of: "requirements").flatMap { text -> [(String, isStub: Bool)] in
      guard let line = RequirementLine(text) else { return [] }
      let (modules, isStub) = DefaultModules.modules(of: line.normalizedName, writtenAs: line.name)
      return modules.map { ($0, isStub) }
    }
  }

  /// The owners of a dotted name, which may name something inside a module.
  ///
  /// As in Pants: first-party code provides the name or its parent; third-party code provides it or any ancestor; of each
  /// kind (implementation, stub) the nearest counts, and two that are equally near are ambiguous.
  ///
  /// - Parameter prefer: picks among equally near ones, where given.
  func owners(
    of name: String, resolve: String?, prefer: ((TargetID) -> Int)? = nil
  ) -> Owners {
    guard let modules = byResolve[resolve ?? ""] else { return .clear([]) }
    var nearest: [Bool: (distance: Int, targets: [TargetID])] = [:]
    func add(_ providers: [Provider], _ distance: Int) {
      for provider in providers {
        let current = nearest[provider.isStub]
        if let current, current.distance < distance { continue }
        if let current, current.distance == distance {
          nearest[provider.isStub] = (distance, current.targets + [provider.target])
        } else {
          nearest[provider.isStub] = (distance, [provider.target])
        }
      }
    }
    var module = name
    var distance = 0
    while true {
      if let found = modules.thirdParty[module] {
        add(found, distance)
        break
      }
      guard let dot = module.utf8.lastIndex(of: UInt8(ascii: ".")) else { break }
      module = String(module[..<dot])
      distance += 1
    }
    if let found = modules.firstParty[name] {
      add(found, 0)
    } else if let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")) {
      if let found = modules.firstParty[String(name[..<dot])] { add(found, 1) }
    }
    if let prefer {
      for (kind, entry) in nearest where entry.targets.count > 1 {
        let best = entry.targets.map(prefer).max() ?? 0
        nearest[kind]?.targets = entry.targets.filter { prefer($0) == best }
      }
    }
    let targets = (nearest[false]?.targets ?? []) + (nearest[true]?.targets ?? [])
    return nearest.values.contains { $0.targets.count > 1 } ? .ambiguous(targets) : .clear(targets)
  }

  /// The resolves besides `resolve` in which a name is provided, with their providers.
  func otherResolves(of name: String, besides resolve: String?) -> [(resolve: String, targets: [TargetID])] {
    byResolve.keys.sorted().filter { $0 != resolve ?? "" }.compactMap { other in
      switch owners(of: name, resolve: other) {
      case .clear(let targets), .ambiguous(let targets): targets.isEmpty ? nil : (other, targets)
      }
    }
  }
}
