public import BuildFiles
internal import Diagnostics
internal import Snapshot
internal import SystemSupport
public import Workspace

extension TargetGraph {
  /// Loads a workspace: the state of earlier runs, updated. Checks everything that could be new (every directory, and
  /// the files whose content determines which targets exist), and reads touched files.
  ///
  /// - Throws: `DiagnosticList`, `Diagnostic`, `SystemCallError`.
  public static func load(_ workspace: Workspace) throws -> TargetGraph {
    try load(workspace, state: try WorkspaceState(of: workspace))
  }

  /// Loads a workspace with this state.
  public static func load(_ workspace: Workspace, state: WorkspaceState) throws -> TargetGraph {
    if let graph = try GraphLoader(workspace, state).load() { return graph }
    // An input of nearly all targets has changed: the state is useless.
    guard let graph = try GraphLoader(workspace, try state.anew()).load() else {
      throw Diagnostic(.defect, "a new workspace was treated as a changed one")
    }
    return graph
  }

  /// The graph of these BUILD directories over these files, without a disk.
  ///
  /// - Parameters:
  ///   - packages: evaluated BUILD files, with defaults applied.
  ///   - sources: called for requirements files.
  /// - Throws: `DiagnosticList` with all errors: a missing file of a generator, an unknown resolve.
  public init(
    files: FileTable, configuration: WorkspaceConfiguration, sourceRoots: SourceRoots, packages: [BuildDirectory],
    sources: some GraphSources
  ) throws {
    let graph = TargetGraph(
      store: GraphStore(files.state), files: files, configuration: configuration, sourceRoots: sourceRoots)
    var update = GraphUpdate(graph, sources: sources)
    for package in packages { try update.replace(nil, with: package, inputs: [], flags: 0) }
    try update.addLockfiles()
    guard update.problems.isEmpty else { throw DiagnosticList(update.problems) }
    try graph.store.keepOrder()
    self = graph
    lockfilePackages = store.lockfilePackages()
  }
}

/// One bringing up to date of a graph.
private struct GraphLoader {
  let workspace: Workspace
  let state: WorkspaceState
  let files: FileTable
  let store: GraphStore
  let isNew: Bool

  init(_ workspace: Workspace, _ state: WorkspaceState) {
    self.workspace = workspace
    self.state = state
    files = state.files
    store = GraphStore(files.state)
    isNew = files.directoryCount == 0
  }

  /// - Returns: nil when the state is of no use any more.
  func load() throws -> TargetGraph? {
    let changes = try files.state.update(root: workspace.root, ignore: workspace.configuration.ignore) {
      state.captureTime()
    }
    let roots = workspace.sourceRoots(in: files)
    let rootsHash = roots.stableHash
    if !isNew, files.state.summary.sourceRoots != rootsHash || isWorn { return nil }
    var graph = TargetGraph(
      store: store, files: files, configuration: workspace.configuration, sourceRoots: roots)
    graph.state = state
    let dirty = try dirtyPackages(changes)
    if isNew || !changes.isEmpty || !dirty.isEmpty {
      files.state.beginGeneration()
      files.state.summary.sourceRoots = rootsHash
      try update(graph, changes, dirty)
      graph.lockfilePackages = store.lockfilePackages()
    }
    if files.state.image.isChanged { state.save() }
    return graph
  }

  /// Whether so many rows in the state are dead that a new state is better.
  private var isWorn: Bool {
    Int(files.state.summary.deadRows) > 10_000 + (files.fileCount + store.targets.count) / 2
  }

  // MARK: What is dirty

  /// The directories whose BUILD files are to be evaluated.
  private func dirtyPackages(_ changes: FileChanges) throws -> Set<DirectoryID> {
    var dirty: Set<DirectoryID> = []
    if isNew {
      for directory in files.allDirectories where files.files(in: directory).contains(where: isBuildFile) {
        dirty.insert(directory)
      }
      return dirty
    }
    var changed: Set<UInt32> = Set(changes.removed.map(\.rawValue))
    for file in changes.touched {
      let content = files.state.read(
        workspace.root.appending(files.path(of: file)), ignoringInode: state.ignoringInode)
      if files.state.note(content, of: file, capture: state.captureTime()) { changed.insert(file.rawValue) }
    }
    for file in changes.added + changes.removed where isBuildFile(file) {
      let directory = files.directory(of: file)
      if files.state.isVisible(directory) { dirty.insert(directory) }
    }
    // The targets of a project follow from the files that it has.
    for file in changes.added + changes.removed {
      guard let project = workspace.projectDirectory(above: files.directory(of: file), of: files),
        files.state.isVisible(project)
      else { continue }
      dirty.insert(project)
    }
    let environment = environmentHash
    let environmentChanged = environment != files.state.summary.environment
    let macros = try preludeChanged(changes, changed) || pluginsChanged(changes, changed)
    for number in 0..<store.packages.count {
      let row = store.packages[number]
      if row.flags & (BuildDirectoryRow.dead | BuildDirectoryRow.lockfiles) != 0 { continue }
      let isDirty =
        macros || row.has(BuildDirectoryRow.volatile) || (environmentChanged && row.has(BuildDirectoryRow.environment))
        || (!changed.isEmpty && files.state.list(row.inputs).contains(where: changed.contains))
        || !files.state.isVisible(DirectoryID(Int(row.directory)))
      if isDirty { dirty.insert(DirectoryID(Int(row.directory))) }
    }
    return dirty
  }

  private func isBuildFile(_ file: FileID) -> Bool { workspace.isBuildFile(file, of: files) }

  /// Whether the macros that all BUILD files see have changed.
  private func preludeChanged(_ changes: FileChanges, _ changed: Set<UInt32>) throws -> Bool {
    let patterns = workspace.configuration.preludeGlobs
    guard !patterns.isEmpty, !changes.isEmpty else { return false }
    let globs = SourceGlobs(patterns)
    return (changes.added + changes.removed).contains { globs.matches(files.path(of: $0)) }
      || changes.touched.contains { changed.contains($0.rawValue) && globs.matches(files.path(of: $0)) }
  }

  /// Whether the plugins that give names to all BUILD files have changed, or could have.
  private func pluginsChanged(_ changes: FileChanges, _ changed: Set<UInt32>) -> Bool {
    if workspace.configuration.pluginPaths.isEmpty { return false }
    if !workspace.pluginPathsElsewhere(in: files).isEmpty { return true }
    return (changes.added + changes.removed).contains { workspace.isPluginFile(files.path(of: $0)) }
      || changes.touched.contains { changed.contains($0.rawValue) && workspace.isPluginFile(files.path(of: $0)) }
  }

  /// A hash of the variables that BUILD files read.
  private var environmentHash: UInt64 {
    var names: Set<String> = []
    for number in 0..<store.packages.count
    where store.packages[number].has(BuildDirectoryRow.environment)
      && !store.packages[number].has(BuildDirectoryRow.dead)
    {
      names.formUnion(store.package(number).environmentNames)
    }
    var hash = StableHash()
    for name in names.sorted() {
      hash.add(name)
      hash.add(environmentVariable(name).map { "=" + $0 } ?? "")
      hash.add(0)
    }
    return hash.mixed
  }

  // MARK: Updating

  private func update(_ graph: TargetGraph, _ changes: FileChanges, _ dirty: Set<DirectoryID>) throws {
    let reader = ContentReader(workspace, files: files, ignoringInode: state.ignoringInode)
    var update = GraphUpdate(graph, sources: NotedSources(reader: reader))
    // Files first, because targets look up names.
    for file in changes.added + changes.removed + changes.relinked where !isNew { update.note(file) }
    var problems: [Diagnostic] = []
    // Before anything is read.
    let capture = state.captureTime()
    var evaluated = try evaluate(dirty, reader, &problems)
    guard problems.isEmpty else { throw DiagnosticList(problems) }
    var done: Set<DirectoryID> = []
    // Packages without BUILD files are gone.
    for directory in dirty {
      guard let number = store.package(in: directory), evaluated[directory] == nil else { continue }
      try update.remove(number)
      done.insert(directory)
    }
    for number in 0..<store.packages.count where !isNew {
      let row = store.packages[number]
      if row.flags & (BuildDirectoryRow.dead | BuildDirectoryRow.lockfiles) != 0 { continue }
      if !files.state.isVisible(DirectoryID(Int(row.directory))) { try update.remove(number) }
    }
    // Globs see files that came and went.
    for directory in globbing(changes) where evaluated[directory] == nil && !done.contains(directory) {
      guard let number = store.package(in: directory) else { continue }
      let row = store.packages[number]
      evaluated[directory] = PackageEvaluation.Evaluated(
        package: store.package(number), inputs: files.state.list(row.inputs).map { FileID(Int($0)) },
        readsOthers: row.has(BuildDirectoryRow.volatile))
    }
    let paths = evaluated.map { (path: files.path(of: $0.key), entry: $0) }
      .sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    for (_, (directory, package)) in paths {
      var flags: UInt32 = 0
      if package.package.isInherited { flags |= BuildDirectoryRow.inherited }
      if !package.package.environmentNames.isEmpty { flags |= BuildDirectoryRow.environment }
      if package.readsOthers { flags |= BuildDirectoryRow.volatile }
      try update.replace(
        store.package(in: directory), with: package.package, inputs: package.inputs, flags: flags)
    }
    try update.addLockfiles()
    guard update.problems.isEmpty else { throw DiagnosticList(update.problems) }
    reader.note(capture: capture)
    update.invalidate()
    for file in workspace.pluginFiles(in: files) { try files.state.watch(file) }
    files.state.summary.environment = environmentHash
    try store.keepOrder()
  }

  /// Evaluates dirty packages, and those below that inherit from one that sets defaults, or did.
  private func evaluate(
    _ dirty: Set<DirectoryID>, _ reader: ContentReader, _ problems: inout [Diagnostic]
  ) throws -> [DirectoryID: PackageEvaluation.Evaluated] {
    if dirty.isEmpty { return [:] }
    let evaluation = try PackageEvaluation(workspace, files: files, reader: reader)
    func hasBuildFiles(_ directory: DirectoryID) -> Bool {
      files.state.isVisible(directory) && files.files(in: directory).contains(where: isBuildFile)
    }
    var wanted: [DirectoryID] = []
    var known: Set<DirectoryID> = []
    var packages: [PackageEvaluation.Evaluated] = []
    func evaluateMore(_ directories: [DirectoryID]) throws {
      let found = try evaluation.evaluate(directories)
      packages += found.packages
      problems += found.problems
    }
    for directory in dirty where hasBuildFiles(directory) && known.insert(directory).inserted {
      wanted.append(directory)
    }
    wanted = inOrder(wanted)
    try evaluateMore(wanted)
    if !isNew {
      // The values that one of these directories sets for all below.
      let setting = Set(
        packages.filter { $0.package.isInherited }.compactMap { files.directory(at: $0.package.directory) }
      )
      .union(
        dirty.filter { store.package(in: $0).map { store.packages[$0].has(BuildDirectoryRow.inherited) } ?? false })
      var below: [DirectoryID] = []
      for directory in setting where files.state.isVisible(directory) {
        for inner in files.subtree(of: directory) where hasBuildFiles(inner) && known.insert(inner).inserted {
          below.append(inner)
        }
      }
      try evaluateMore(inOrder(below))
    }
    let results = known
    if !isNew {
      // The values that directories above set for these.
      var above: [DirectoryID] = []
      for directory in results {
        var current = directory
        while current.index != 0 {
          current = files.parent(of: current)
          if let number = store.package(in: current), store.packages[number].has(BuildDirectoryRow.inherited),
            known.insert(current).inserted
          {
            above.append(current)
          }
        }
      }
      try evaluateMore(inOrder(above))
    }
    let (resolved, errors) = BuildDirectory.resolve(packages.map(\.package))
    problems += errors.map(\.diagnostic)
    // Some packages are evaluated by resolve, and load files then.
    var found: [DirectoryID: PackageEvaluation.Evaluated] = [:]
    for package in resolved {
      guard let directory = files.directory(at: package.directory), results.contains(directory) else { continue }
      found[directory] = evaluation.evaluated(package)
    }
    return found
  }

  private func inOrder(_ directories: [DirectoryID]) -> [DirectoryID] {
    directories.map { (path: files.path(of: $0), directory: $0) }
      .sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }.map(\.directory)
  }

  /// The BUILD directories to which an added or removed file can belong: its directory and those above with a field of
  /// files that names or matches the file.
  private func globbing(_ changes: FileChanges) -> Set<DirectoryID> {
    if isNew { return [] }
    var found: Set<DirectoryID> = []
    for file in changes.added + changes.removed {
      let path = files.path(of: file)
      var directory = files.directory(of: file)
      while true {
        if files.state.isVisible(directory), !found.contains(directory), let number = store.package(in: directory) {
          let relative = Paths.relative(path, to: files.path(of: directory))
          if store.package(number).targets.contains(where: { Self.selects($0, relative) }) { found.insert(directory) }
        }
        if directory.index == 0 { break }
        directory = files.parent(of: directory)
      }
    }
    return found
  }

  private static func selects(_ target: TargetDeclaration, _ path: String) -> Bool {
    if target.value(of: "source").string ?? target.type.defaultSource == path { return true }
    let sources = target.strings(of: "sources")
    return !sources.isEmpty && SourceGlobs(sources).matches(path)
  }
}

/// The files besides BUILD files from which targets are created, read so that their contents are known.
private struct NotedSources: GraphSources {
  let reader: ContentReader
  func read(_ path: String) throws -> [UInt8] { try reader.read(path) }
}

extension GraphUpdate {
  /// One target per existing lockfile, on which the requirements of its resolve depend.
  mutating func addLockfiles() throws {
    var known: [String: Int] = [:]
    for number in graph.store.lockfilePackages() {
      known[graph.store.package(number).targets.first?.name ?? ""] = number
    }
    for resolve in graph.configuration.resolves {
      let package = BuildDirectoryTargets.lockfilePackage(of: resolve)
      let number = known.removeValue(forKey: package.targets.first?.name ?? "")
      if let file = graph.files.file(at: resolve.lockfile) {
        try replace(number, with: package, inputs: [file], flags: BuildDirectoryRow.lockfiles)
      } else if let number {
        try remove(number)
      }
    }
  }
}
