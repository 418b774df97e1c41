internal import BuildFiles
internal import Snapshot
public import Workspace

extension TargetGraph {
  /// Whether the content of a file determines which targets exist.
  public func decidesTargets(_ file: FileID) -> Bool { store.files.files[file.index].has(FileRow.structural) }

  /// The target of an address as ``name(of:)`` writes it.
  public func target(named name: String) -> TargetID? {
    guard let id = store.find(Array(name.utf8)), !store.targets[id.index].has(TargetRow.dead) else { return nil }
    return id
  }

  /// The targets of all files in a directory and below it.
  public func targets(ofFilesBelow directory: String) -> [TargetID] {
    guard let start = files.directory(at: directory) else { return [] }
    return files.subtree(of: start).flatMap { directory in files.files(in: directory).flatMap { store.owners(of: $0) } }
  }
}
