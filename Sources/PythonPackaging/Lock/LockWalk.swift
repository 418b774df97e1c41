/// One walk from requirements along the edges of a lock.
struct LockWalk {
  let lock: Lockfile
  let environment: MarkerEnvironment
  let target: PythonPlatform
  let path: String
  let byName: [PackageName: [Int]]
  let left: Set<String>
  var chosen: [PackageName: Int] = [:]
  /// uv's names for extras and groups that exclude others: `extra-3-api-cpu`, `group-3-api-dev`, `project-3-api`.
  var conflictNames: Set<String> = []
  /// The extras of a package that were already followed; "" means the package itself.
  private var followed = Set<String>()
  private var pending: [(package: Int, extra: String)] = []

  init(_ lock: Lockfile, _ environment: MarkerEnvironment, _ target: PythonPlatform, _ path: String) {
    self.lock = lock
    self.environment = environment
    self.target = target
    self.path = path
    byName = lock.nodesByName
    left = Set(lock.excludes)
  }

  mutating func start(at requirement: Requirement) throws(LockError) {
    guard let (index, extras) = try lock.root(requirement, environment, target, path: path, byName) else { return }
    enqueue(index, extras: extras)
  }

  mutating func finish() throws(LockError) {
    while let (index, extra) = pending.popLast() {
      let package = lock.node(index)
      for edge in extra.isEmpty ? package.dependencies : package.extras[extra] ?? [] { try follow(edge, of: package) }
    }
  }

  private mutating func enqueue(_ index: Int, extras: [String]) {
    let name = lock.node(index).name
    chosen[name] = index
    let base = extras.contains(Lockfile.onlyGroups) ? [] : [""]
    for extra in base + extras where followed.insert("\(index) \(extra)").inserted {
      pending.append((index, extra))
      note(extra, of: name.text)
    }
  }

  private mutating func note(_ extra: String, of name: String) {
    if environment.conflictNames == nil { return }
    if extra.isEmpty {
      conflictNames.insert("project-\(name.utf8.count)-\(name)")
    } else if extra.hasPrefix(Lockfile.groupPrefix) {
      conflictNames.insert("group-\(name.utf8.count)-\(name)-\(extra.dropFirst(Lockfile.groupPrefix.count))")
    } else {
      conflictNames.insert("extra-\(name.utf8.count)-\(name)-\(extra)")
    }
  }

  private mutating func follow(_ edge: LockedDependency, of package: LockedPackage) throws(LockError) {
    guard edge.marker?.evaluate(in: environment) ?? true, !left.contains(edge.name.text) else { return }
    guard let candidates = byName[edge.name] else {
      throw .missingDependency(name: edge.name.text, of: package.title, target: target.description, path: path)
    }
    guard let index = lock.choose(edge.name, edge.version, candidates, environment) else {
      throw .notForTarget(name: edge.name.text, target: target.description, path: path)
    }
    enqueue(index, extras: edge.extras)
  }
}
