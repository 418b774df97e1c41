internal import BuildFiles
internal import Snapshot
internal import Workspace

/// The targets that provide each Python module, per resolve: an index in the state.
struct ModuleMap: Sendable {
  /// A module that a target provides.
  struct Provision: Hashable {
    var name: String
    /// Whether the target only describes the module's types.
    var isStub: Bool
    var isThirdParty: Bool
  }

  /// The providers of a module.
  enum Owners: Sendable {
    /// At most one implementation and one stub, each a file or all requirements of one package; none if nothing in the
    /// workspace provides the module.
    case clear([TargetID])
    case ambiguous([TargetID])
  }

  private struct Provider {
    var target: TargetID
    var isStub: Bool
  }

  private let graph: TargetGraph
  private var store: GraphStore { graph.store }
  private let resolves: [String]

  init(_ graph: TargetGraph) {
    self.graph = graph
    resolves = graph.configuration.resolves.map(\.name)
  }

  /// The modules that a target provides.
  static func provisions(of target: Target, in graph: TargetGraph) -> [Provision] {
    if let file = target.file, target.type.isPythonSource {
      let path = graph.files.path(of: file)
      guard let module = graph.moduleName(ofFile: path) else { return [] }
      return [Provision(name: module, isStub: path.hasSuffix(".pyi"), isThirdParty: false)]
    }
    guard target.type == .pythonRequirement, target.declaration.typeName != TargetType.projectDependencies else {
      return []
    }
    return modules(of: target).map { Provision(name: $0.0, isStub: $0.isStub, isThirdParty: true) }
  }

  /// The modules of a requirement: as its fields say, or as the project is known to provide.
  private static func modules(of target: Target) -> [(String, isStub: Bool)] {
    let explicit = target.strings(of: "modules")
    if !explicit.isEmpty { return explicit.map { ($0, false) } }
    let stubs = target.strings(of: "type_stub_modules")
    if !stubs.isEmpty { return stubs.map { ($0, true) } }
    // Several entries of one target are mostly of one package: each module once.
    var seen: Set<String> = []
    return target.strings(of: "requirements").flatMap { text -> [(String, isStub: Bool)] in
      guard let line = RequirementLine(text) else { return [] }
      let (modules, isStub) = DefaultModules.modules(of: line.normalizedName, writtenAs: line.name)
      return modules.filter { seen.insert($0).inserted }.map { ($0, isStub) }
    }
  }

  // MARK: The index

  private func slot(_ name: some StringProtocol, resolve: UInt16, thirdParty: Bool) -> (slot: Int, row: Int?) {
    let table = store.moduleIndex
    var hash = StableHash()
    hash.add(UInt8(truncatingIfNeeded: resolve))
    hash.add(UInt8(truncatingIfNeeded: resolve >> 8))
    hash.add(thirdParty ? 1 : 0)
    hash.add(name)
    let mask = table.count - 1
    var slot = Int(truncatingIfNeeded: hash.mixed) & mask
    while true {
      let entry = table[slot]
      if entry == 0 { return (slot, nil) }
      let row = store.modules[Int(entry - 1)]
      if row.resolve == resolve, (row.isThirdParty == 1) == thirdParty,
        store.addressBytes(row.name).elementsEqual(name.utf8)
      {
        return (slot, Int(entry - 1))
      }
      slot = (slot + 1) & mask
    }
  }

  private func providers(_ name: some StringProtocol, resolve: UInt16, thirdParty: Bool) -> [Provider] {
    guard store.moduleIndex.count > 0, let row = slot(name, resolve: resolve, thirdParty: thirdParty).row else {
      return []
    }
    return store.files.list(store.modules[row].providers).map {
      Provider(target: TargetID(Int($0 >> 1)), isStub: $0 & 1 == 1)
    }
  }

  func add(_ provision: Provision, of id: TargetID, resolve: UInt16) throws(SnapshotError) {
    try growIfNeeded()
    let place = slot(provision.name, resolve: resolve, thirdParty: provision.isThirdParty)
    let entry = id.rawValue << 1 | (provision.isStub ? 1 : 0)
    if let row = place.row {
      let list = Array(store.files.list(store.modules[row].providers))
      store.modules[row].providers = try store.files.add(list: list + [entry])
      return
    }
    var row = ModuleRow()
    row.name = try store.add(Array(provision.name.utf8), to: .addresses)
    row.resolve = resolve
    row.isThirdParty = provision.isThirdParty ? 1 : 0
    row.providers = try store.files.add(list: [entry])
    store.moduleIndex[place.slot] = UInt32(try store.modules.append(row)) + 1
  }

  func remove(_ provision: Provision, of id: TargetID, resolve: UInt16) throws(SnapshotError) {
    guard store.moduleIndex.count > 0,
      let row = slot(provision.name, resolve: resolve, thirdParty: provision.isThirdParty).row
    else { return }
    let list = store.files.list(store.modules[row].providers).filter { $0 >> 1 != id.rawValue }
    store.modules[row].providers = try store.files.add(list: list)
  }

  private func growIfNeeded() throws(SnapshotError) {
    let table = store.moduleIndex
    guard (store.modules.count + 1) * 2 > table.count else { return }
    let size = max(1024, table.count * 4)
    try table.resize(to: size)
    for slot in 0..<size { table[slot] = 0 }
    for index in 0..<store.modules.count {
      let row = store.modules[index]
      let name = String(decoding: store.addressBytes(row.name), as: UTF8.self)
      let place = slot(name, resolve: row.resolve, thirdParty: row.isThirdParty == 1)
      table[place.slot] = UInt32(index) + 1
    }
  }

  /// The number of a resolve in rows.
  func code(ofResolve resolve: String?) -> UInt16 {
    guard let resolve, !resolve.isEmpty else { return 0 }
    if let index = resolves.firstIndex(of: resolve) { return UInt16(index + 1) }
    // A resolve that the configuration does not know, distinguished by its name.
    var hash = StableHash()
    hash.add(resolve)
    return TargetRow.unknownResolve | UInt16(truncatingIfNeeded: hash.mixed)
  }

  // MARK: Looking up

  /// The owners of a dotted name, which can name something inside a module.
  ///
  /// As in Pants: first-party code provides the name or its parent; third-party code provides it or any ancestor. Of
  /// each kind (implementation, stub) the nearest counts, and two equally near providers are ambiguous.
  ///
  /// - Parameters:
  ///   - prefer: picks among equally near providers, if given.
  ///   - trace: records the lookups.
  func owners(
    of name: String, resolve: String?, prefer: ((TargetID) -> Int)? = nil, trace: LookupTrace? = nil
  ) -> Owners {
    trace?.add(module: name)
    return nearest(to: name, resolves: [code(ofResolve: resolve)], prefer: prefer)
  }

  /// The owners of a dotted name in any resolve: a name with providers in several resolves is ambiguous.
  func owners(ofAnyResolve name: String, trace: LookupTrace? = nil) -> Owners {
    trace?.add(module: name)
    return nearest(to: name, resolves: Array(0...UInt16(resolves.count)), prefer: nil)
  }

  private func nearest(to name: String, resolves: [UInt16], prefer: ((TargetID) -> Int)?) -> Owners {
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
    for resolve in resolves {
      var module = Substring(name)
      var distance = 0
      while true {
        var found = providers(module, resolve: resolve, thirdParty: true)
        if found.isEmpty, let other = DefaultModules.withoutVersion(module) {
          found = providers(other, resolve: resolve, thirdParty: true)
        }
        if !found.isEmpty {
          add(found, distance)
          break
        }
        guard let dot = module.utf8.lastIndex(of: UInt8(ascii: ".")) else { break }
        module = module[..<dot]
        distance += 1
      }
      let exact = providers(name, resolve: resolve, thirdParty: false)
      if !exact.isEmpty {
        add(exact, 0)
      } else if let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")) {
        add(providers(name[..<dot], resolve: resolve, thirdParty: false), 1)
      }
    }
    if let prefer {
      for (kind, entry) in nearest where entry.targets.count > 1 {
        let best = entry.targets.map(prefer).max() ?? 0
        nearest[kind]?.targets = entry.targets.filter { prefer($0) == best }
      }
    }
    let targets = (nearest[false]?.targets ?? []) + (nearest[true]?.targets ?? [])
    return nearest.values.contains { graph.providers($0.targets).count > 1 } ? .ambiguous(targets) : .clear(targets)
  }

  /// The resolves besides `resolve` that provide a name, with their providers.
  func otherResolves(of name: String, besides resolve: String?) -> [(resolve: String, targets: [TargetID])] {
    resolves.sorted().filter { $0 != resolve ?? "" }.compactMap { other in
      switch owners(of: name, resolve: other) {
      case .clear(let targets), .ambiguous(let targets):
        targets.isEmpty ? nil : (other, targets.sorted(by: store.precedes))
      }
    }
  }
}

extension TargetGraph {
  /// Targets by the source of their modules: each file separately, and all requirements of one package in one resolve
  /// together, such as lines that differ in markers, versions or extras.
  func providers(_ targets: [TargetID]) -> [[TargetID]] {
    if targets.count < 2 { return targets.map { [$0] } }
    var groups: [[TargetID]] = []
    var places: [String: Int] = [:]
    for id in targets where !groups.contains(where: { $0.contains(id) }) {
      guard let package = package(ofRequirement: id) else {
        groups.append([id])
        continue
      }
      let key = package + " " + (resolve(of: id) ?? "")
      if let place = places[key] {
        groups[place].append(id)
      } else {
        places[key] = groups.count
        groups.append([id])
      }
    }
    return groups
  }

  /// The one package that a requirement is of; nil for other targets, and where the entries of one target are of several.
  private func package(ofRequirement id: TargetID) -> String? {
    guard type(of: id) == .pythonRequirement else { return nil }
    let names = Set(self[id].strings(of: "requirements").compactMap { RequirementLine($0)?.normalizedName })
    return names.count == 1 ? names.first : nil
  }
}

/// The lookups during the resolution of a target's dependencies, as marks: when the subject of a mark changes, the
/// target's dependencies are resolved again. Different subjects can have one mark; that only costs time.
final class LookupTrace {
  private(set) var marks: Set<UInt32> = []

  static func mark(module name: some StringProtocol) -> UInt32 {
    var hash = StableHash()
    hash.add(0)
    hash.add(name)
    return UInt32(truncatingIfNeeded: hash.mixed)
  }

  static func mark(path: some StringProtocol) -> UInt32 {
    var hash = StableHash()
    hash.add(1)
    hash.add(path)
    return UInt32(truncatingIfNeeded: hash.mixed)
  }

  /// A dotted name, which any module that contains it can provide.
  func add(module name: String) {
    var rest = Substring(name)
    while true {
      marks.insert(Self.mark(module: rest))
      if let other = DefaultModules.withoutVersion(rest) { marks.insert(Self.mark(module: other)) }
      guard let dot = rest.utf8.lastIndex(of: UInt8(ascii: ".")) else { return }
      rest = rest[..<dot]
    }
  }

  /// Adds the marks of another trace.
  func add(_ marks: Set<UInt32>) { self.marks.formUnion(marks) }

  /// A path that was looked up, as a file or as a directory with targets.
  func add(path: String) { marks.insert(Self.mark(path: path)) }
}
