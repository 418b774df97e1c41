internal import BuildFiles
internal import PythonImports
internal import Snapshot
internal import Synchronization
internal import SystemSupport
public import Workspace

extension DependencyResolver {
  /// Checks the files of these targets, unless this run has done so, and reads touched ones, on two threads. A caller
  /// that requests the dependencies of many targets one by one calls this first.
  ///
  /// - Throws: the errors of the sources.
  public func readImports(of ids: [TargetID]) throws {
    var wanted: [FileID] = []
    for id in ids where graph.type(of: id).isPythonSource {
      guard let file = graph.file(of: id), !verified[file.index] else { continue }
      want(file, &wanted)
    }
    guard !wanted.isEmpty else { return }
    try verify(wanted)
  }

  /// The imports of a Python file.
  func imports(of file: FileID) throws -> PythonFileImports {
    if !verified[file.index] {
      var wanted: [FileID] = []
      want(file, &wanted)
      try verify(wanted)
    }
    var reader = ByteReader(graph.store.importBytes(graph.store.files.files[file.index].imports))
    do throws(SnapshotError) {
      return try PythonFileImports(from: &reader)
    } catch {
      // The section's checksum held, so these are the bytes that this program wrote.
      preconditionFailure("imports in the state cannot be decoded")
    }
  }

  /// The bytes of a file, by its path from the workspace root.
  public func read(_ path: String) throws -> [UInt8] { try sources.read(path) }

  /// Marks a file as checked, with the packages that contain it, whose content matters to it.
  private func want(_ file: FileID, _ wanted: inout [FileID]) {
    verified[file.index] = true
    wanted.append(file)
    wantPackages(above: file, &wanted)
  }

  /// Marks the package files beside a file and above it as checked: programs see them with the file.
  private func wantPackages(above file: FileID, _ wanted: inout [FileID]) {
    var directory = graph.files.directory(of: file)
    while !verifiedPackages[directory.index] {
      verifiedPackages[directory.index] = true
      for found in graph.files.packageFiles(in: directory) where !verified[found.index] {
        verified[found.index] = true
        wanted.append(found)
      }
      if directory.index == 0 { break }
      directory = graph.files.parent(of: directory)
    }
  }

  /// Checks the files of these targets, sources or not, unless this run has done so, and reads those that were touched
  /// or never read. A caller that needs to know whether anything in closures has changed calls this.
  ///
  /// - Throws: the errors of the sources.
  func readFiles(of ids: [TargetID]) throws {
    try readImports(of: ids)
    let store = graph.store
    var sources: [FileID] = []
    var others: [FileID] = []
    for id in ids {
      guard let file = graph.file(of: id), !verified[file.index] else { continue }
      if store.files.files[file.index].has(FileRow.importsKnown)
        || store.owners(of: file).contains(where: { graph.type(of: $0).isPythonSource })
      {
        want(file, &sources)
      } else {
        verified[file.index] = true
        others.append(file)
        wantPackages(above: file, &sources)
      }
    }
    if !sources.isEmpty { try verify(sources) }
    if !others.isEmpty { try verifyContents(others) }
  }

  /// Checks every file of the workspace that this run has not checked, all in one walk in the order of the rows, and
  /// reads again touched files that had been read before. Later requests for closures check nothing twice.
  ///
  /// - Returns: the state of the files.
  /// - Throws: the errors of the sources.
  @discardableResult
  public func lookAtAllFiles() throws -> FileState {
    let store = graph.store.files
    guard let state = graph.state, !hasLookedAtAll else { return store }
    let touched = try store.touched(
      root: state.root, leavingOut: { [verified, looked] index in verified[index] || looked[index] },
      looked: { [looked] index in looked[index] = true })
    if touched.isEmpty {
      hasLookedAtAll = true
      return store
    }
    let capture = state.captureTime()
    var sources: [FileID] = []
    var others: [FileID] = []
    for file in touched {
      let row = store.files[file.index]
      if row.has(FileRow.importsKnown) {
        looked[file.index] = false
        want(file, &sources)
      } else if row.has(FileRow.digestKnown) {
        looked[file.index] = false
        others.append(file)
      } else {
        store.noteStat(
          of: file, at: state.root.appending(graph.files.path(of: file)), ignoringInode: state.ignoringInode,
          capture: capture)
      }
    }
    if !sources.isEmpty { try verify(sources) }
    if !others.isEmpty { try verifyContents(others) }
    hasLookedAtAll = true
    return store
  }

  /// Has the digests of these files hold, without asking what they import: each is looked at once, and read where it was
  /// touched or never read.
  ///
  /// - Parameter again: whether files that were looked at in this run are looked at again: the run itself has written them.
  /// - Returns: the state of the files; nil for a graph of texts.
  /// - Throws: what the sources throw.
  public func readContents(of files: [FileID], again: Bool = false) throws -> FileState? {
    guard graph.state != nil else { return nil }
    if again {
      hasLookedAtAll = false
      for file in files { (looked[file.index], verified[file.index]) = (false, false) }
    }
    try verifyContents(files)
    return graph.store.files
  }

  /// Those of these files that are not as they were, each looked at at most once in a run.
  private func touched(among files: [FileID], _ state: WorkspaceState) throws -> [FileID] {
    let unseen = files.filter { !looked[$0.index] }
    let found = try graph.store.files.touched(among: unseen, root: state.root)
    for file in unseen { looked[file.index] = true }
    // A repeated request checks again: reading them can have failed.
    for file in found { looked[file.index] = false }
    return found
  }

  /// Ensures valid digests of files that are not Python sources.
  private func verifyContents(_ files: [FileID]) throws {
    guard let state = graph.state else { return }
    let store = graph.store.files
    var stale = Set(try touched(among: files, state))
    for file in files where !store.files[file.index].has(FileRow.digestKnown) { stale.insert(file) }
    if stale.isEmpty { return }
    let capture = state.captureTime()
    let read = Array(stale)
    let results = Mutex<[FileContent?]>(Array(repeating: nil, count: read.count))
    let (table, root, ignoringInode) = (graph.files, state.root, state.ignoringInode)
    performInParallel(count: read.count, threads: 2) { index in
      let content = store.readDigest(root.appending(table.path(of: read[index])), ignoringInode: ignoringInode)
      results.withLock { $0[index] = content }
    }
    for (file, content) in zip(read, results.withLock({ $0 })) {
      guard let content, store.note(content, of: file, capture: capture) else { continue }
      graph.store.noteChange(of: file, graph.files)
    }
  }

  /// Checks files that were marked as checked, and records the imports of touched ones.
  private func verify(_ files: [FileID]) throws {
    do {
      try lookAt(files)
    } catch {
      // Some were not read: a repeated request must meet the same error, not the earlier values.
      for file in files { verified[file.index] = false }
      throw error
    }
  }

  private func lookAt(_ files: [FileID]) throws {
    let store = graph.store.files
    guard let state = graph.state else {
      for file in files where !store.files[file.index].has(FileRow.importsKnown) {
        try note(try sources.imports(of: graph.files.path(of: file), options: options), of: file)
      }
      return
    }
    var stale = Set(try touched(among: files, state))
    for file in files {
      let row = store.files[file.index]
      if !row.has(FileRow.importsKnown) || row.has(FileRow.importsStale) { stale.insert(file) }
    }
    if stale.isEmpty { return }
    let capture = state.captureTime()
    let read = Array(stale)
    let results = Mutex<[(FileContent, PythonFileImports)?]>(Array(repeating: nil, count: read.count))
    let batch = max(1, min(64, read.count / 4))
    let (table, options) = (graph.files, options)
    let (root, ignoringInode) = (state.root, state.ignoringInode)
    performInParallel(count: (read.count + batch - 1) / batch, threads: 2) { part in
      let range = (part * batch)..<min(read.count, (part + 1) * batch)
      let found = range.map { index -> (FileContent, PythonFileImports) in
        var content = store.read(root.appending(table.path(of: read[index])), ignoringInode: ignoringInode)
        let imports = PythonFileImports(parsing: content.bytes ?? [], options: options)
        if content.bytes != nil { content.bytes = [] }
        return (content, imports)
      }
      results.withLock { results in for (index, result) in zip(range, found) { results[index] = result } }
    }
    for (file, result) in zip(read, results.withLock({ $0 })) {
      guard let (content, imports) = result else { continue }
      if content.bytes == nil { _ = try sources.read(graph.files.path(of: file)) }
      if store.note(content, of: file, capture: capture) { graph.store.noteChange(of: file, graph.files) }
      try note(imports, of: file)
    }
  }

  /// Records the imports of a file. If they are unchanged, the dependencies of its targets stay valid.
  private func note(_ imports: PythonFileImports, of file: FileID) throws {
    let store = graph.store
    var row = store.files.files[file.index]
    let wasBlank = row.has(FileRow.blank)
    let wasKnown = row.has(FileRow.importsKnown)
    row.flags &= ~FileRow.importsStale
    store.files.files[file.index] = row
    var writer = ByteWriter()
    imports.encode(into: &writer)
    if wasKnown, store.importBytes(row.imports).elementsEqual(writer.bytes) { return }
    row.imports = try store.add(writer.bytes, to: .imports)
    row.flags |= FileRow.importsKnown
    if imports.isBlank { row.flags |= FileRow.blank } else { row.flags &= ~FileRow.blank }
    store.files.files[file.index] = row
    for owner in store.owners(of: file) { store.targets[owner.index].flags &= ~TargetRow.edgesKnown }
    guard wasKnown, wasBlank != imports.isBlank else { return }
    switch graph.files.name(of: file) {
    case "__init__.py", "__init__.pyi": store.forgetEdges(below: graph.files.directory(of: file), graph.files)
    default: break
    }
  }

  private var options: ImportOptions {
    let inference = graph.configuration.inference
    return ImportOptions(
      stringImportMinimumDots: inference.stringImports ? inference.stringImportsMinimumDots : nil,
      assetMinimumSlashes: inference.assets ? inference.assetsMinimumSlashes : nil)
  }

  /// Saves the findings of this run for the next ones.
  public func save() {
    graph.state?.save()
  }
}

extension GraphStore {
  /// Records that a file has other content now: its targets have changed, and the targets of all files below if it
  /// makes its directory a package.
  func noteChange(of file: FileID, _ files: FileTable) {
    for owner in owners(of: file) { targets[owner.index].changedAt = self.files.summary.generation }
    switch files.name(of: file) {
    case "__init__.py", "__init__.pyi": noteChange(below: files.directory(of: file), files)
    default: break
    }
  }

  /// Records that programs see other files below a directory now.
  func noteChange(below directory: DirectoryID, _ files: FileTable) {
    let generation = self.files.beginGeneration()
    for directory in files.subtree(of: directory) {
      for file in files.files(in: directory) {
        for owner in owners(of: file) { targets[owner.index].changedAt = generation }
      }
    }
  }

  /// Records the dependencies of a target.
  func note(
    _ dependencies: [TargetID], of id: TargetID, findings found: TargetFindings, trace: LookupTrace
  ) throws(SnapshotError) {
    var row = targets[id.index]
    let edges = dependencies.map(\.rawValue)
    if !files.list(row.edges).elementsEqual(edges) {
      row.edges = try files.add(list: edges)
      row.changedAt = files.beginGeneration()
    } else if TargetType(code: row.type).isPackage {
      // The lookups differ: more than edges can follow from them, such as whether an entry point exists.
      row.changedAt = files.beginGeneration()
    }
    let marks = trace.marks.sorted()
    if !files.list(row.mentions).elementsEqual(marks) { row.mentions = try files.add(list: marks) }
    var writer = ByteWriter()
    found.encode(into: &writer)
    row.findings = try add(writer.bytes, to: .declarations)
    row.flags |= TargetRow.edgesKnown
    targets[id.index] = row
  }
}
