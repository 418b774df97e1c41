public import Digests
public import SystemSupport

extension ContentStore {
  /// Stores the nodes of a tree; its files are stored separately. Returns the root's reference.
  ///
  /// - Throws: ``ContentStoreError``; ``ContentStoreError/tree(_:)`` for an invalid tree.
  @discardableResult
  public func put(_ tree: FileTree) throws(ContentStoreError) -> BlobReference {
    let nodes: [(reference: BlobReference, bytes: [UInt8])]
    do throws(FileTreeError) { nodes = try tree.nodes() } catch { throw .tree(error) }
    for node in nodes { try put(node.bytes) }
    return nodes.last?.reference ?? .of([])
  }

  /// Reads a tree back; nil when one of its nodes or files is not there, or not what it should be. Its files are then
  /// held until the process ends, or can be fetched from the team's cache: ``require(_:)``.
  public func tree(_ root: BlobReference) throws(ContentStoreError) -> FileTree? {
    var tree = FileTree()
    var pending = [(path: "", node: root)]
    // A tree from outside may name its own nodes over and over.
    var budget = 1_000_000
    while let (path, reference) = pending.popLast() {
      budget -= 1
      guard budget > 0, contains(reference.digest), let file = try open(reference.digest),
        file.count == Int(reference.size), let node = DirectoryNode(decoding: Array(file.bytes))
      else { return nil }
      let prefix = path.isEmpty ? "" : path + "/"
      do throws(FileTreeError) {
        if !path.isEmpty, node == DirectoryNode() { try tree.insert(.folder, at: path) }
        for file in node.files {
          guard holds(file.content) || shared?.canSupply(file.content.digest) == true else { return nil }
          try tree.insert(.file(file.content, isExecutable: file.isExecutable), at: prefix + file.name)
        }
        for link in node.links {
          // A tree can come from another machine.
          guard Self.staysInside(link.target, from: prefix + link.name) else { return nil }
          try tree.insert(.link(link.target), at: prefix + link.name)
        }
      } catch {
        return nil
      }
      for folder in node.folders { pending.append((prefix + folder.name, folder.node)) }
    }
    return tree
  }

  /// Whether a blob of the right size exists; a share of blobs is hashed again. A damaged one is removed.
  public func holds(_ reference: BlobReference) -> Bool {
    guard contains(reference.digest) else { return false }
    let path = path(of: reference.digest)
    do throws(SystemCallError) {
      guard let status = try FileSystem.statusIfPresent(of: path) else { return false }
      let isWhole = status.size == reference.size
      if isWhole, !isSampled() { return true }
      if isWhole, try SHA256Digest.ofFile(path).digest == reference.digest { return true }
      try FileSystem.removeFile(path)
      return false
    } catch {
      // A blob that cannot be read counts as missing.
      return false
    }
  }

  /// Stores a file, a link, or a directory with all its contents.
  ///
  /// - Parameter name: its name in the tree.
  /// - Throws: ``ContentStoreError/notStorable(_:)`` for sockets, devices, and links that lead out of the tree.
  public func ingest(_ path: FilePath, as name: String, into tree: inout FileTree) throws(ContentStoreError) {
    let status = try system { () throws(SystemCallError) in try FileSystem.status(of: path) }
    switch status.kind {
    case .file:
      let digest = try put(file: path)
      try insert(.file(BlobReference(digest, size: status.size), isExecutable: status.isExecutable), at: name, &tree)
    case .symbolicLink:
      let target = try system { () throws(SystemCallError) in try FileSystem.readLink(path) }.string
      guard Self.staysInside(target, from: name) else { throw .notStorable(path) }
      try insert(.link(target), at: name, &tree)
    case .directory:
      let entries = try system { () throws(SystemCallError) in try FileSystem.list(path) }
      if entries.isEmpty, !name.isEmpty { try insert(.folder, at: name, &tree) }
      for entry in entries {
        guard entry.isValidName else { throw .notStorable(path.appending(entry.name)) }
        try ingest(
          path.appending(entry.name), as: name.isEmpty ? entry.name : name + "/" + entry.name, into: &tree)
      }
    case .other: throw .notStorable(path)
    }
  }

  private func insert(_ entry: FileTree.Entry, at path: String, _ tree: inout FileTree) throws(ContentStoreError) {
    do throws(FileTreeError) { try tree.insert(entry, at: path) } catch { throw .tree(error) }
  }

  /// Whether a link's text, relative to the link, leads to a path inside the tree.
  private static func staysInside(_ target: String, from name: String) -> Bool {
    if target.hasPrefix("/") { return false }
    var depth = name.utf8.count { $0 == UInt8(ascii: "/") }
    for part in target.split(separator: "/") {
      if part == ".." { depth -= 1 } else if part != "." { depth += 1 }
      if depth < 0 { return false }
    }
    return true
  }

  /// Writes a tree into a new directory. Files are copies (sharing extents where the file system can) that can be
  /// changed.
  ///
  /// - Parameter origins: the sources of contents that are not in the store, by digest.
  /// - Throws: ``ContentStoreError/missing(_:)`` for a file that is neither there nor in the store.
  public func write(
    _ tree: FileTree, to folder: FilePath, origins: [SHA256Digest: FilePath] = [:]
  ) throws(ContentStoreError) {
    var made: Set<FilePath> = []
    func makeFolder(_ path: FilePath) throws(ContentStoreError) {
      guard made.insert(path).inserted else { return }
      try system { () throws(SystemCallError) in try FileSystem.createDirectories(path) }
    }
    try makeFolder(folder)
    for (name, entry) in tree.entries {
      let path = folder.pushing(FilePath(name))
      if case .folder = entry { try makeFolder(path) } else { try makeFolder(path.removingLastComponent()) }
      switch entry {
      case .folder: continue
      case .link(let target):
        try system { () throws(SystemCallError) in try FileSystem.createSymbolicLink(at: path, to: FilePath(target)) }
      case .file(let content, let isExecutable):
        let source = origins[content.digest] ?? self.path(of: content.digest)
        if origins[content.digest] == nil, !holds(content) { try require(content.digest) }
        try system { () throws(SystemCallError) in
          try FileSystem.copyFile(source, to: path, permissions: isExecutable ? 0o755 : 0o644)
        }
      }
    }
  }

  func system<Result: ~Copyable>(_ body: () throws(SystemCallError) -> Result) throws(ContentStoreError) -> Result {
    do throws(SystemCallError) { return try body() } catch { throw .system(error.path ?? root, error) }
  }
}
