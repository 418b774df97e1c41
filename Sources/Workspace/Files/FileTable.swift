public import BuildFiles
internal import Glibc
public import Snapshot

/// A directory of a ``FileTable``.
public struct DirectoryID: Hashable, Sendable, Comparable {
  /// Its place in the table.
  public let rawValue: UInt32
  public init(_ rawValue: Int) { self.rawValue = UInt32(rawValue) }
  /// Its place in the table.
  public var index: Int { Int(rawValue) }
  /// The order of the table, which has no meaning: rows keep their numbers from run to run.
  public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// A file of a ``FileTable``.
public struct FileID: Hashable, Sendable, Comparable {
  /// Its place in the table.
  public let rawValue: UInt32
  public init(_ rawValue: Int) { self.rawValue = UInt32(rawValue) }
  /// Its place in the table.
  public var index: Int { Int(rawValue) }
  /// The order of the table, which has no meaning: rows keep their numbers from run to run.
  public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// The files and directories of a workspace that are not ignored: a view of its state.
public struct FileTable: Sendable {
  /// The rows.
  public let state: FileState

  /// A view of this state.
  public init(_ state: FileState) { self.state = state }

  /// A table of these files and the directories above them, without a disk.
  public init(paths: some Sequence<String>) throws(SnapshotError) {
    state = try FileState.empty()
    var names: [String: [String]] = ["": []]
    var children: [String: Set<String>] = [:]
    for path in paths {
      var directory = Paths.parent(path)
      names[directory, default: []].append(Paths.lastComponent(path))
      while !directory.isEmpty {
        children[Paths.parent(directory), default: []].insert(directory)
        directory = Paths.parent(directory)
        if names[directory] == nil { names[directory] = [] }
      }
    }
    func add(_ path: String, parent: Int) throws(SnapshotError) -> UInt32 {
      let index = try state.addDirectory(path, parent: parent)
      var files: [UInt32] = []
      for name in (names[path] ?? []).sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
        files.append(UInt32(try state.addFile(name, in: index)))
      }
      var directories: [UInt32] = []
      for child in (children[path] ?? []).sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
        directories.append(try add(child, parent: index))
      }
      state.directories[index].files = try state.add(list: files)
      state.directories[index].directories = try state.add(list: directories)
      return UInt32(index)
    }
    _ = try add("", parent: 0)
  }

  /// The number of rows for files, including unused ones.
  public var fileCount: Int { state.files.count }
  /// The number of rows for directories, including unused ones.
  public var directoryCount: Int { state.directories.count }

  /// The root; nil in a table without anything.
  public var root: DirectoryID? {
    state.directories.count > 0 && state.directories[0].isVisible ? DirectoryID(0) : nil
  }

  /// All directories, each before everything below it.
  public var allDirectories: [DirectoryID] { root.map { subtree(of: $0) } ?? [] }

  /// The directory at a path, from the workspace root.
  public func directory(at path: String) -> DirectoryID? {
    guard let root else { return nil }
    if path.isEmpty { return root }
    var path = path
    return path.withUTF8 { bytes in
      var current = root.index
      var rest = UnsafeRawBufferPointer(bytes)
      while true {
        let end = rest.firstIndex(of: UInt8(ascii: "/")) ?? rest.count
        guard let child = childDirectory(UnsafeRawBufferPointer(rebasing: rest[..<end]), of: current) else {
          return nil
        }
        current = child
        if end == rest.count { return DirectoryID(current) }
        rest = UnsafeRawBufferPointer(rebasing: rest[(end + 1)...])
      }
    }
  }

  private func childDirectory(_ name: UnsafeRawBufferPointer, of directory: Int) -> Int? {
    let children = state.list(state.directories[directory].directories)
    var (low, high) = (0, children.count)
    while low < high {
      let middle = (low + high) / 2
      let order = compareBytes(state.name(ofDirectory: Int(children[middle])), name)
      if order == 0 {
        let found = Int(children[middle])
        return state.directories[found].isVisible ? found : nil
      }
      if order < 0 { low = middle + 1 } else { high = middle }
    }
    return nil
  }

  /// The file at a path, from the workspace root.
  public func file(at path: String) -> FileID? {
    guard let directory = directory(at: Paths.parent(path)) else { return nil }
    return file(named: Paths.lastComponent(path), in: directory)
  }

  /// The path that a path through links to directories leads to, and the links on its way; nil where there are none.
  public func followingLinks(_ path: String) -> (path: String, links: [String])? {
    var current = path
    var links: [String] = []
    // As many links as the kernel follows (path_resolution(7)).
    while links.count < 40, let (link, destination) = firstLink(in: current) {
      links.append(link)
      current = Paths.join(destination, String(current.dropFirst(link.count).drop { $0 == "/" }))
    }
    return links.isEmpty ? nil : (current, links)
  }

  /// The first part of a path that is a link to a directory, and where that leads.
  private func firstLink(in path: String) -> (link: String, destination: String)? {
    var above = ""
    for name in path.split(separator: "/") {
      let part = Paths.join(above, String(name))
      if directory(at: part) == nil {
        guard let parent = directory(at: above), let index = state.fileIndex(named: String(name), in: parent.index)
        else { return nil }
        let destination = state.files[index].destination
        return destination.count > 0 ? (part, state.string(destination)) : nil
      }
      above = part
    }
    return nil
  }

  /// The file of a name in a directory.
  public func file(named name: String, in directory: DirectoryID) -> FileID? {
    guard let index = state.fileIndex(named: name, in: directory.index) else { return nil }
    return state.files[index].isVisible ? FileID(index) : nil
  }

  /// The path of a directory, from the workspace root.
  public func path(of directory: DirectoryID) -> String { state.string(state.directories[directory.index].path) }
  /// The name of a file.
  public func name(of file: FileID) -> String { state.string(state.files[file.index].name) }
  /// The directory of a file.
  public func directory(of file: FileID) -> DirectoryID { DirectoryID(Int(state.files[file.index].directory)) }
  /// The parent directory; the parent of the root is the root.
  public func parent(of directory: DirectoryID) -> DirectoryID {
    DirectoryID(Int(state.directories[directory.index].parent))
  }

  /// The path of a file, from the workspace root.
  public func path(of file: FileID) -> String {
    let row = state.files[file.index]
    let directory = state.bytes(state.directories[Int(row.directory)].path)
    let name = state.bytes(row.name)
    if directory.isEmpty { return String(decoding: name, as: UTF8.self) }
    return String(unsafeUninitializedCapacity: directory.count + 1 + name.count) { buffer in
      let raw = UnsafeMutableRawBufferPointer(buffer)
      raw.copyMemory(from: directory)
      raw[directory.count] = UInt8(ascii: "/")
      UnsafeMutableRawBufferPointer(rebasing: raw[(directory.count + 1)...]).copyMemory(from: name)
      return directory.count + 1 + name.count
    }
  }

  /// The files of a directory by name, without those below it.
  public func files(in directory: DirectoryID) -> some Sequence<FileID> {
    state.list(state.directories[directory.index].files).lazy.map { FileID(Int($0)) }
      .filter { [state] in state.files[$0.index].isVisible }
  }

  /// The directories in a directory, by name.
  public func directories(in directory: DirectoryID) -> [DirectoryID] {
    state.list(state.directories[directory.index].directories).map { DirectoryID(Int($0)) }
      .filter { state.directories[$0.index].isVisible }
  }

  /// The directory and all below it, each before everything below it.
  public func subtree(of directory: DirectoryID) -> [DirectoryID] {
    var found: [DirectoryID] = []
    var pending = [directory]
    while let next = pending.popLast() {
      found.append(next)
      for child in state.list(state.directories[next.index].directories).reversed()
      where state.directories[Int(child)].isVisible {
        pending.append(DirectoryID(Int(child)))
      }
    }
    return found
  }

  /// The existing files that make a directory a Python package: `__init__.py` and `__init__.pyi`.
  public func packageFiles(in directory: DirectoryID) -> [FileID] {
    let files = state.list(state.directories[directory.index].files)
    let prefix: StaticString = "__init__.py"
    let wanted = UnsafeRawBufferPointer(start: prefix.utf8Start, count: prefix.utf8CodeUnitCount)
    var (low, high) = (0, files.count)
    while low < high {
      let middle = (low + high) / 2
      if compareBytes(state.bytes(state.files[Int(files[middle])].name), wanted) < 0 {
        low = middle + 1
      } else {
        high = middle
      }
    }
    var found: [FileID] = []
    while low < files.count {
      let row = state.files[Int(files[low])]
      let name = state.bytes(row.name)
      guard name.starts(with: wanted) else { break }
      let isStub = name.count == wanted.count + 1 && name.last == UInt8(ascii: "i")
      if row.isVisible, name.count == wanted.count || isStub { found.append(FileID(Int(files[low]))) }
      low += 1
    }
    return found
  }

  /// The files that globs select, seen from a directory.
  public func files(matching globs: SourceGlobs, in directory: DirectoryID) -> [FileID] {
    var found: [FileID] = []
    let base = path(of: directory)
    let maximum = globs.depth
    var pending: [(directory: DirectoryID, depth: Int)] = [(directory, 0)]
    while let (current, depth) = pending.popLast() {
      let prefix = depth == 0 ? "" : Paths.relative(path(of: current), to: base)
      for file in files(in: current) {
        let name = name(of: file)
        if globs.matches(prefix.isEmpty ? name : Paths.join(prefix, name)) { found.append(file) }
      }
      if let maximum, depth >= maximum { continue }
      for child in directories(in: current).reversed() { pending.append((child, depth + 1)) }
    }
    return found
  }
}

extension FileState {
  /// The place of a name in a directory, hidden ones included.
  func fileIndex(named name: String, in directory: Int) -> Int? {
    let files = list(directories[directory].files)
    var name = name
    return name.withUTF8 { wanted in
      var (low, high) = (0, files.count)
      while low < high {
        let middle = (low + high) / 2
        let order = compareBytes(bytes(self.files[Int(files[middle])].name), UnsafeRawBufferPointer(wanted))
        if order == 0 { return Int(files[middle]) }
        if order < 0 { low = middle + 1 } else { high = middle }
      }
      return nil
    }
  }

  func addDirectory(_ path: String, parent: Int) throws(SnapshotError) -> Int {
    var row = DirectoryRow()
    row.path = try add(text: path)
    row.parent = UInt32(parent)
    return try directories.append(row)
  }

  func addFile(_ name: String, in directory: Int) throws(SnapshotError) -> Int {
    var row = FileRow()
    row.name = try add(text: name)
    row.directory = UInt32(directory)
    let index = try files.append(row)
    try digests.append(DigestRow())
    return index
  }
}
