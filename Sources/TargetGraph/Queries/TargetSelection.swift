public import BuildFiles
internal import Diagnostics
internal import Workspace

extension TargetGraph {
  /// The targets that specs select, in the order of addresses.
  ///
  /// - Parameter withStarters: whether a file also selects the binaries whose entry point it is.
  /// - Throws: `Diagnostic` for a spec that selects nothing because its path or name does not exist.
  public func select(
    _ specs: [Spec], filter: TargetFilter = .none, withStarters: Bool = true
  ) throws -> [TargetID] {
    try filter.checkTypes(in: self)
    var selected = ContiguousArray<Bool>(repeating: false, count: count)
    for isExclusion in [false, true] {
      for spec in specs where spec.isExclusion == isExclusion {
        for id in try targets(selectedBy: spec, withStarters) { selected[id.index] = !isExclusion }
      }
    }
    if !filter.isEmpty {
      for index in selected.indices where selected[index] && !filter.accepts(self[TargetID(index)]) {
        selected[index] = false
      }
    }
    return sortedByAddress(selected.indices.filter { selected[$0] }.map { TargetID($0) })
  }

  /// Ids in the order of their addresses.
  public func sortedByAddress(_ ids: [TargetID]) -> [TargetID] {
    // The order of all targets is kept; sorting a few is faster.
    if ids.count > 64 + count / 16 {
      var selected = ContiguousArray<Bool>(repeating: false, count: count)
      for id in ids { selected[id.index] = true }
      let sorted = store.inOrder().filter { selected[$0.index] }
      // One that is given twice stays twice.
      if sorted.count == ids.count { return sorted }
    }
    return ids.sorted(by: store.precedes)
  }

  private func targets(selectedBy spec: Spec, _ withStarters: Bool) throws -> [TargetID] {
    switch spec.selection {
    case .target(let reference):
      let found = targets(of: reference)
      guard found.isEmpty else { return found }
      throw missingTarget(reference, text: spec.text)
    case .path(let path):
      if let file = files.file(at: path) {
        return try ownersOrThrow(of: file, path) + (withStarters ? starters(of: path) : [])
      }
      if let directory = files.directory(at: path) { return targets(in: directory) + owned(in: directory) }
      throw missingPath(path, spec)
    case .glob(let pattern):
      guard let root = files.directory(at: "") else { return [] }
      let found = files.files(matching: SourceGlobs([pattern]), in: root)
      guard !found.isEmpty else { throw Diagnostic(.input, "no file matches \"\(spec.text)\"") }
      return found.flatMap { Array(owners(of: $0)) + (withStarters ? starters(of: files.path(of: $0)) : []) }
    case .siblings(let path):
      guard files.directory(at: path) != nil else { throw missingPath(path, spec) }
      return targets(inDirectory: path)
    case .descendants(let path):
      guard let directory = files.directory(at: path) else { throw missingPath(path, spec) }
      if path.isEmpty { return allTargets }
      return files.subtree(of: directory).flatMap { targets(in: $0) + owned(in: $0) }
    }
  }

  /// The targets of files in a directory that belongs to a Python project: the project declares them further up,
  /// without a BUILD file.
  private func owned(in directory: DirectoryID) -> [TargetID] {
    if configuration.projects == nil { return [] }
    return files.files(in: directory).flatMap { Array(owners(of: $0)) }
  }

  /// The binaries that a file is the entry point of, where they name it as a file. To Pants they own it as well.
  public func starters(of path: String) -> [TargetID] {
    var found: [TargetID] = []
    var directory = Paths.parent(path)
    while true {
      for id in targets(inDirectory: directory) where self[id].type == .pexBinary {
        let entry = self[id].value(of: "entry_point").string?.split(separator: ":").first.map(String.init) ?? ""
        if entry.hasSuffix(".py"), Paths.join(directory, entry) == path { found.append(id) }
      }
      if directory.isEmpty { return found }
      directory = Paths.parent(directory)
    }
  }

  private func ownersOrThrow(of file: FileID, _ path: String) throws -> [TargetID] {
    let found = Array(owners(of: file)) + foreignOwners(of: path)
    guard found.isEmpty else { return found }
    throw Diagnostic(
      .input, "no target owns the file \"\(path)\"",
      remedies: ["declare a target for it in \"\(Paths.join(Paths.parent(path), "BUILD"))\""])
  }

  private func missingPath(_ path: String, _ spec: Spec) -> Diagnostic {
    let parent = Paths.parent(path)
    var names: [String] = []
    if let directory = files.directory(at: parent) {
      names = files.files(in: directory).map { files.path(of: $0) }
      let depth = parent.isEmpty ? 0 : parent.split(separator: "/").count
      names += files.subtree(of: directory).map { files.path(of: $0) }
        .filter { !$0.isEmpty && $0.split(separator: "/").count == depth + 1 }
    }
    return Diagnostic(
      .input, "file or directory \"\(path)\" does not exist",
      remedies: Suggestions.remedy(for: path, among: names).map { [$0] } ?? [])
  }
}
