public import ContentStore
public import Digests
public import SystemSupport

/// The files that an action receives: a tree, the sources of its contents, and the facts of workspace files at the time
/// of hashing.
public struct ActionInputs: Sendable {
  /// The files by path.
  public private(set) var tree = FileTree()
  /// The sources of contents that are not in the store.
  private(set) var origins: [SHA256Digest: FilePath] = [:]
  private var stamps: [Stamp] = []

  /// The facts of a file at the time of hashing.
  private struct Stamp: Sendable {
    var path: FilePath
    var status: FileStatus
  }

  /// No files.
  public init() {}

  /// The contents of the store in a tree.
  public init(_ tree: FileTree) { self.tree = tree }

  /// Adds a file of the disk with its current hash; links are followed, because programs see their targets.
  ///
  /// - Throws: `SystemCallError`, `FileTreeError`.
  public mutating func add(file path: FilePath, at name: String) throws {
    let file = try FileSystem.open(path, .readOnly)
    defer { FileSystem.close(file) }
    let status = try FileSystem.status(of: file)
    let (digest, size) = try SHA256Digest.ofFile(file, path: path)
    try tree.insert(.file(BlobReference(digest, size: size), isExecutable: status.isExecutable), at: name)
    origins[digest] = path
    stamps.append(Stamp(path: path, status: status))
  }

  /// Adds something of the store.
  public mutating func add(_ entry: FileTree.Entry, at name: String) throws(FileTreeError) {
    try tree.insert(entry, at: name)
  }

  /// Adds all of some other inputs.
  public mutating func merge(_ other: ActionInputs) throws(FileTreeError) {
    try tree.merge(other.tree)
    origins.merge(other.origins) { first, _ in first }
    stamps += other.stamps
  }

  /// The same contents under other paths; nil drops one.
  public func renamed(_ name: (String) -> String?) throws(FileTreeError) -> ActionInputs {
    var result = self
    result.tree = FileTree()
    for path in tree.paths {
      guard let entry = tree[path], let new = name(path) else { continue }
      try result.tree.insert(entry, at: new)
    }
    return result
  }

  /// The first file of the disk that has changed since it was hashed.
  public func moved() -> FilePath? {
    stamps.first { stamp in
      // A file that cannot be examined any more counts as changed.
      guard let now = try? FileSystem.status(of: stamp.path, followingLinks: true) else { return true }
      return now.size != stamp.status.size || now.modificationTime != stamp.status.modificationTime
        || now.changeTime != stamp.status.changeTime || now.inode != stamp.status.inode
    }?.path
  }

  /// The file of the disk that has these contents, or where they are in a store, which has them now.
  ///
  /// - Throws: ``ContentStoreError/missing(_:)``.
  public func location(of content: BlobReference, in store: ContentStore) throws(ContentStoreError) -> FilePath {
    if let origin = origins[content.digest] { return origin }
    try store.require(content.digest)
    return store.path(of: content.digest)
  }

  /// The file of the disk that has these contents, or where they are in a store once it has them.
  public func place(of content: BlobReference, in store: ContentStore) -> FilePath {
    origins[content.digest] ?? store.path(of: content.digest)
  }

  /// Adds the tree to the list of what a key is made from: its Merkle root, with the files for who asks what changed.
  ///
  /// - Throws: ``FileTreeError`` where a path goes through something that is no folder.
  public func append(to list: inout InputList) throws(FileTreeError) {
    var details: [InputList.Input] = []
    for path in tree.paths {
      switch tree[path] {
      case .file(let content, let isExecutable):
        details.append(InputList.Input("input", path, content.digest.hex + (isExecutable ? " executable" : "")))
      case .link(let target): details.append(InputList.Input("input", path, "link to " + target))
      case .folder: details.append(InputList.Input("input", path, "folder"))
      case nil: continue
      }
    }
    list.append("input root", summary: try tree.root().digest, details: details)
  }
}
