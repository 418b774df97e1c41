internal import BuildFiles
internal import Diagnostics
internal import Snapshot
internal import Workspace

/// Updates the rows of targets from BUILD directories, and records the effect on their dependents. This is the only
/// code that adds targets to a graph, from scratch or from earlier rows.
struct GraphUpdate {
  let graph: TargetGraph
  let sources: any GraphSources
  let modules: ModuleMap
  var problems: [Diagnostic] = []
  private var store: GraphStore { graph.store }
  /// The changes of names that targets look up.
  private var marks: Set<UInt32> = []
  /// Directories with an `__init__.py` or `conftest.py` that is new, gone, or another target's now.
  private var scopes: Set<DirectoryID> = []
  /// Whether visibility rules have changed: then any dependency can be forbidden, or allowed.
  private var rulesChanged = false
  private var encoded = ByteWriter()

  init(_ graph: TargetGraph, sources: some GraphSources) {
    self.graph = graph
    self.sources = sources
    modules = ModuleMap(graph)
  }

  // MARK: Packages

  /// Replaces a BUILD directory by its evaluation, with its targets.
  ///
  /// - Parameters:
  ///   - number: the row of the directory; nil for a new one.
  ///   - inputs: the files it was evaluated from.
  mutating func replace(
    _ number: Int?, with package: BuildDirectory, inputs: [FileID], flags: UInt32
  ) throws {
    guard let directory = graph.files.directory(at: package.directory) else { return }
    var block = BuildDirectoryTargets(files: graph.files, sources: sources, configuration: graph.configuration)
    if flags & BuildDirectoryRow.lockfiles != 0 {
      if let file = inputs.first { block.addLockfile(file, of: package) }
    } else {
      try block.add(package)
    }
    problems += block.problems
    guard problems.isEmpty else { return }
    let targets = unique(block.entries.map { draft($0) })
    var row = BuildDirectoryRow()
    if let number {
      row = store.packages[number]
      // While the old declarations can still be read.
      try retire(number, keeping: targets)
    }
    encoded.reset()
    package.encode(into: &encoded)
    if number == nil || !store.declarationBytes(row.declarations).elementsEqual(encoded.bytes) {
      if !package.visibility.isEmpty || number.map({ !store.package($0).visibility.isEmpty }) ?? false {
        rulesChanged = true
      }
      row.declarations = try store.add(encoded.bytes, to: .declarations)
    }
    encoded.reset()
    if !block.warnings.isEmpty {
      encoded.write(list: block.warnings) { writer, warning in warning.encode(into: &writer) }
    }
    row.warnings = try store.add(encoded.bytes, to: .declarations)
    row.inputs = try list(Set(inputs + block.inputs).map(\.rawValue).sorted(), replacing: row.inputs)
    row.directory = directory.rawValue
    row.flags = flags | (package.visibility.isEmpty ? 0 : BuildDirectoryRow.rules)
    let place: Int
    if let number {
      store.packages[number] = row
      place = number
      store.forget(package: number)
    } else {
      place = try store.packages.append(row)
    }
    if flags & BuildDirectoryRow.lockfiles == 0 { store.files.directories[directory.index].package = UInt32(place + 1) }
    for file in inputs + block.inputs where flags & BuildDirectoryRow.lockfiles == 0 { try store.files.watch(file) }
    try merge(targets, into: place, directory: package.directory)
  }

  /// Removes a BUILD directory.
  mutating func remove(_ number: Int) throws {
    try retire(number, keeping: [])
    if !store.package(number).visibility.isEmpty { rulesChanged = true }
    var row = store.packages[number]
    let directory = DirectoryID(Int(row.directory))
    marks.insert(LookupTrace.mark(path: graph.files.path(of: directory)))
    row.flags |= BuildDirectoryRow.dead
    row.targets = ListSpan()
    store.packages[number] = row
    store.forget(package: number)
    if store.files.directories[directory.index].package == UInt32(number + 1) {
      store.files.directories[directory.index].package = 0
    }
    store.files.summary.deadRows += 1
  }

  private func list(_ values: [UInt32], replacing span: ListSpan) throws(SnapshotError) -> ListSpan {
    if store.files.list(span).elementsEqual(values) { return span }
    return try store.files.add(list: values)
  }

  // MARK: Targets

  /// A target that is about to be a row.
  private struct Draft {
    var address: [UInt8]
    var target: Target
    var row: TargetRow
    var own: [UInt8]
    /// Its generator's place among the drafts.
    var generator: Int?
  }

  private mutating func draft(_ entry: BuildDirectoryTargets.Entry) -> Draft {
    var row = TargetRow()
    row.type = entry.target.type.code
    row.declaration = UInt32(entry.declaration)
    row.file = entry.target.file.map { $0.rawValue + 1 } ?? 0
    row.resolve = modules.code(ofResolve: graph.resolve(of: entry.target))
    var hash = StableHash()
    encoded.reset()
    entry.target.declaration.encodeAttributes(into: &encoded)
    hash.add(encoded.bytes)
    encoded.reset()
    OwnFields(of: entry.target).encode(into: &encoded)
    hash.add(encoded.bytes)
    row.attributes = hash.mixed
    return Draft(
      address: Array(entry.target.address.description.utf8), target: entry.target, row: row, own: encoded.bytes,
      generator: entry.generator)
  }

  /// Of two targets with one address, such as two entry points that differ only in punctuation, the later one counts.
  private func unique(_ drafts: [Draft]) -> [Draft] {
    var last: [[UInt8]: Int] = [:]
    for (index, draft) in drafts.enumerated() { last[draft.address] = index }
    if last.count == drafts.count { return drafts }
    var places: [Int: Int] = [:]
    var result: [Draft] = []
    for (index, draft) in drafts.enumerated() where last[draft.address] == index {
      places[index] = result.count
      result.append(draft)
    }
    for index in result.indices { result[index].generator = result[index].generator.flatMap { places[$0] } }
    return result
  }

  /// Withdraws the names that the targets of a BUILD directory provide and that differ in `drafts`; missing targets
  /// become dead rows.
  private mutating func retire(_ number: Int, keeping drafts: [Draft]) throws {
    var byAddress: [[UInt8]: TargetRow] = [:]
    for draft in drafts { byAddress[draft.address] = draft.row }
    for id in store.targets(ofPackage: number) {
      let kept = byAddress[Array(store.addressBytes(of: id))]
      if let kept, isSame(store.targets[id.index], kept) { continue }
      if graph.type(of: id).isPackage { store.files.summary.packagesChangedAt = store.files.summary.generation }
      try withdraw(id)
      store.targets[id.index].flags |= TargetRow.dead
      if kept == nil { store.files.summary.deadRows += 1 }
    }
  }

  /// Withdraws the names that a target provides to others.
  private mutating func withdraw(_ id: TargetID) throws {
    let target = graph[id]
    for provision in ModuleMap.provisions(of: target, in: graph) {
      marks.insert(LookupTrace.mark(module: provision.name))
      try modules.remove(provision, of: id, resolve: store.targets[id.index].resolve)
    }
    if let file = target.file {
      store.unlink(id, from: file)
      note(file)
    }
    marks.insert(LookupTrace.mark(path: target.address.directory))
  }

  /// Publishes the names that a target provides.
  private mutating func offer(_ id: TargetID, _ target: Target) throws {
    for provision in ModuleMap.provisions(of: target, in: graph) {
      marks.insert(LookupTrace.mark(module: provision.name))
      try modules.add(provision, of: id, resolve: store.targets[id.index].resolve)
    }
    if let file = target.file {
      store.link(id, to: file)
      note(file)
    }
    marks.insert(LookupTrace.mark(path: target.address.directory))
  }

  /// Notes that the owners of a file, or the file itself, are others now.
  mutating func note(_ file: FileID) {
    marks.insert(LookupTrace.mark(path: graph.files.path(of: file)))
    switch graph.files.name(of: file) {
    case "__init__.py", "__init__.pyi", "conftest.py": scopes.insert(graph.files.directory(of: file))
    default: break
    }
  }

  private mutating func merge(_ drafts: [Draft], into number: Int, directory: String) throws {
    var ids: [TargetID] = []
    var changed = false
    for draft in drafts {
      var row = draft.row
      row.package = UInt32(number)
      row.generator = draft.generator.map { ids[$0].rawValue + 1 } ?? 0
      let known = store.find(draft.address)
      if let id = known, !store.targets[id.index].has(TargetRow.dead), isSame(store.targets[id.index], row) {
        store.targets[id.index].declaration = row.declaration
        store.targets[id.index].generator = row.generator
        store.targets[id.index].package = row.package
        ids.append(id)
        continue
      }
      changed = true
      row.changedAt = store.files.summary.generation
      if draft.target.type.isPackage { store.files.summary.packagesChangedAt = row.changedAt }
      row.own = try store.add(draft.own, to: .declarations)
      let id: TargetID
      if let known {
        // Retired just now, or dead since an earlier run.
        row.address = store.targets[known.index].address
        store.targets[known.index] = row
        id = known
      } else {
        row.address = try store.add(draft.address, to: .addresses)
        id = try store.append(row)
      }
      try offer(id, draft.target)
      ids.append(id)
    }
    let places = try list(ids.map(\.rawValue), replacing: store.packages[number].targets)
    if places.start != store.packages[number].targets.start || places.count != store.packages[number].targets.count {
      changed = true
      store.packages[number].targets = places
    }
    guard changed else { return }
    marks.insert(LookupTrace.mark(path: directory))
    // Targets of one BUILD directory can depend on each other by more than addresses.
    for id in ids {
      store.targets[id.index].flags &= ~TargetRow.edgesKnown
      // A generator represents its generated targets.
      if graph.isGenerator(id) { store.targets[id.index].changedAt = store.files.summary.generation }
    }
  }

  private func isSame(_ left: TargetRow, _ right: TargetRow) -> Bool {
    left.attributes == right.attributes && left.file == right.file && left.type == right.type
      && left.resolve == right.resolve && (left.generator == 0) == (right.generator == 0)
  }

  // MARK: What it means

  /// Marks the dependencies of all targets that have looked up a changed name for a new resolution.
  func invalidate() {
    if rulesChanged {
      for index in 0..<store.targets.count { store.targets[index].flags &= ~TargetRow.edgesKnown }
    }
    guard !marks.isEmpty || !scopes.isEmpty else { return }
    // One bit per mark, so that most marks are distinguished without searching the set.
    var bits = [UInt64](repeating: 0, count: 1024)
    for mark in marks { bits[Int(mark >> 6) & 1023] |= 1 << UInt64(mark & 63) }
    for index in 0..<store.targets.count {
      let row = store.targets[index]
      guard row.has(TargetRow.edgesKnown) else { continue }
      for mark in store.files.list(row.mentions)
      where bits[Int(mark >> 6) & 1023] & (1 << UInt64(mark & 63)) != 0 && marks.contains(mark) {
        store.targets[index].flags &= ~TargetRow.edgesKnown
        break
      }
    }
    for directory in scopes where !isCovered(directory) {
      store.forgetEdges(below: directory, graph.files)
      store.forgetPackages(below: directory, graph.files)
    }
  }

  /// Whether a directory is below another one of the scopes.
  private func isCovered(_ directory: DirectoryID) -> Bool {
    var directory = directory
    while directory.index != 0 {
      directory = graph.files.parent(of: directory)
      if scopes.contains(directory) { return true }
    }
    return false
  }
}

extension GraphStore {
  /// Marks the dependencies of the targets of all files below a directory for a new resolution.
  func forgetEdges(below directory: DirectoryID, _ files: FileTable) {
    for directory in files.subtree(of: directory) {
      for file in files.files(in: directory) {
        for id in owners(of: file) { targets[id.index].flags &= ~TargetRow.edgesKnown }
      }
    }
  }

  /// Records that other files now make the directories below Python packages. The files that programs see there have
  /// changed, and the package files above them are read on request.
  func forgetPackages(below directory: DirectoryID, _ table: FileTable) {
    noteChange(below: directory, table)
    for directory in table.subtree(of: directory) {
      for file in table.files(in: directory) {
        // For source files this is automatic: they have no dependencies until they are read.
        if files.files[file.index].flags & (FileRow.importsKnown | FileRow.structural) == 0 {
          files.files[file.index].flags &= ~FileRow.digestKnown
        }
      }
    }
  }

  /// The packages that hold the lockfiles of resolves.
  func lockfilePackages() -> [Int] {
    (0..<packages.count).filter {
      packages[$0].flags & (BuildDirectoryRow.dead | BuildDirectoryRow.lockfiles) == BuildDirectoryRow.lockfiles
    }
  }
}
