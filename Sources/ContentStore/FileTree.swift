public import Diagnostics

/// Files, links and empty directories by path: the inputs or outputs of an action. As a Merkle tree it has one digest,
/// so comparing two trees compares digests, and equal parts are stored once.
public struct FileTree: Sendable, Hashable {
  /// The entry at a path.
  public enum Entry: Sendable, Hashable {
    case file(BlobReference, isExecutable: Bool)
    /// A symbolic link with its text.
    case link(String)
    /// A directory that can be empty.
    case folder
  }

  /// By path from the tree's root: names with `/` between, none of them `.` or `..`.
  public private(set) var entries: [String: Entry] = [:]

  /// The empty tree.
  public init() {}

  /// The paths, sorted.
  public var paths: [String] { entries.keys.sorted() }

  public var isEmpty: Bool { entries.isEmpty }

  public subscript(_ path: String) -> Entry? { entries[path] }

  /// Adds an entry at a path, which can already have an equal entry.
  ///
  /// - Throws: ``FileTreeError`` for a path that leads out of the tree, or is taken.
  public mutating func insert(_ entry: Entry, at path: String) throws(FileTreeError) {
    guard Self.isPath(path) else { throw .notInside(path) }
    if let old = entries[path] {
      if old == entry || entry == .folder && old == .folder { return }
      throw .conflict(path)
    }
    entries[path] = entry
  }

  /// Adds all of another tree.
  public mutating func merge(_ other: FileTree) throws(FileTreeError) {
    for (path, entry) in other.entries { try insert(entry, at: path) }
  }

  /// The tree below a directory.
  public func below(_ folder: String) -> FileTree {
    if folder.isEmpty { return self }
    var result = FileTree()
    for (path, entry) in entries { result.entries[folder + "/" + path] = entry }
    return result
  }

  /// The entries below a directory of the tree, with paths relative to it; nil if the tree contains anything else.
  public func stripped(of folder: String) -> FileTree? {
    if folder.isEmpty { return self }
    var result = FileTree()
    for (path, entry) in entries {
      if path == folder, entry == .folder { continue }
      guard path.hasPrefix(folder + "/") else { return nil }
      result.entries[String(path.dropFirst(folder.utf8.count + 1))] = entry
    }
    return result
  }

  /// Keeps the paths for which `isKept` holds.
  public func filter(_ isKept: (String) -> Bool) -> FileTree {
    var result = FileTree()
    result.entries = entries.filter { isKept($0.key) }
    return result
  }

  private static func isPath(_ path: String) -> Bool {
    !path.utf8.contains(0)
      && path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy { name in
        !name.isEmpty && !name.elementsEqual(".".utf8) && !name.elementsEqual("..".utf8)
      }
  }
}

// MARK: As a Merkle tree

extension FileTree {
  /// The nodes of the tree, with directories before their parents, so that the root is the last; never empty.
  ///
  /// - Throws: ``FileTreeError/conflict(_:)`` if a path leads through an entry that is not a directory.
  public func nodes() throws(FileTreeError) -> [(reference: BlobReference, bytes: [UInt8])] {
    var nodes: [(reference: BlobReference, bytes: [UInt8])] = []
    var known: Set<BlobReference> = []
    let sorted = entries.map { (path: Array($0.key.utf8), entry: $0.value) }.sorted {
      $0.path.lexicographicallyPrecedes($1.path)
    }
    _ = try Self.node(of: sorted[...], depth: 0, &nodes, &known)
    return nodes
  }

  /// The digest of the whole tree.
  public func root() throws(FileTreeError) -> BlobReference {
    try nodes().last?.reference ?? .of(DirectoryNode().encoded)
  }

  private typealias Item = (path: [UInt8], entry: Entry)

  /// Creates the node of the items that share the first `depth` bytes of their paths.
  private static func node(
    of items: ArraySlice<Item>, depth: Int, _ nodes: inout [(reference: BlobReference, bytes: [UInt8])],
    _ known: inout Set<BlobReference>
  ) throws(FileTreeError) -> BlobReference {
    var node = DirectoryNode()
    // By name: in the order of whole paths, `a.b` is between `a` and `a/c`.
    var folders: [[UInt8]: [Item]] = [:]
    var order: [[UInt8]] = []
    for item in items {
      let rest = item.path[depth...]
      if let slash = rest.firstIndex(of: UInt8(ascii: "/")) {
        let name = Array(rest[..<slash])
        if folders[name] == nil { order.append(name) }
        folders[name, default: []].append(item)
        continue
      }
      let name = String(decoding: rest, as: UTF8.self)
      switch item.entry {
      case .file(let content, let isExecutable):
        node.files.append(DirectoryNode.File(name: name, content: content, isExecutable: isExecutable))
      case .link(let target): node.links.append(DirectoryNode.Link(name: name, target: target))
      case .folder:
        if folders[Array(rest)] == nil { order.append(Array(rest)) }
        folders[Array(rest), default: []] += []
      }
    }
    order.sort { $0.lexicographicallyPrecedes($1) }
    let taken = Set(node.files.map(\.name) + node.links.map(\.name))
    for name in order {
      let text = String(decoding: name, as: UTF8.self)
      if taken.contains(text) {
        throw .conflict(items.first.map { String(decoding: $0.path.prefix(depth), as: UTF8.self) + text } ?? text)
      }
      let inner = try Self.node(of: (folders[name] ?? [])[...], depth: depth + name.count + 1, &nodes, &known)
      node.folders.append(DirectoryNode.Folder(name: text, node: inner))
    }
    let bytes = node.encoded
    let reference = BlobReference.of(bytes)
    // The root is returned even if a directory below equals it.
    if known.insert(reference).inserted || depth == 0 { nodes.append((reference, bytes)) }
    return reference
  }
}

/// The problems of a tree.
public enum FileTreeError: DiagnosableError, Hashable {
  /// Two different things are to be at one path.
  case conflict(String)
  /// A path is absolute, or leads out of the tree.
  case notInside(String)

  public var diagnostic: Diagnostic {
    switch self {
    case .conflict(let path): Diagnostic(.input, "two different files are to be at \"\(path)\"")
    case .notInside(let path): Diagnostic(.input, "\"\(path)\" is outside its directory")
    }
  }
}
