public import BuildFiles

/// A directory of a ``FileTable``.
public struct DirectoryID: Hashable, Sendable, Comparable {
  /// Its place in the table.
  public let rawValue: UInt32
  init(_ rawValue: Int) { self.rawValue = UInt32(rawValue) }
  var index: Int { Int(rawValue) }
  /// The order of the table: a directory before what lies below it.
  public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// A file of a ``FileTable``.
public struct FileID: Hashable, Sendable, Comparable {
  /// Its place in the table.
  public let rawValue: UInt32
  init(_ rawValue: Int) { self.rawValue = UInt32(rawValue) }
  /// Its place in the table.
  public var index: Int { Int(rawValue) }
  /// The order of the table: by directory, then by name.
  public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// The files and directories of a workspace that are not ignored, as arrays: a directory's subtree is one range.
public struct FileTable: Sendable {
  /// One directory as found: its path and the names of the files in it.
  public struct Listing: Sendable {
    var path: String
    var files: [String]

    /// A directory with these files.
    public init(path: String, files: [String]) {
      self.path = path
      self.files = files
    }
  }

  private struct Directory: Sendable {
    var path: String
    var files: Range<UInt32>
    /// The end of the directories below.
    var subtreeEnd: UInt32
  }

  private var directories: ContiguousArray<Directory> = []
  private var names: ContiguousArray<String> = []
  private var directoryOfFile: ContiguousArray<UInt32> = []
  private var directoryByPath: [String: UInt32] = [:]

  /// A table of these directories; each must be there once, and with each all those above it.
  public init(_ listings: [Listing]) {
    let sorted = listings.map { (key: $0.path.utf8.map { $0 == UInt8(ascii: "/") ? 0 : $0 }, listing: $0) }
      .sorted { $0.key.lexicographicallyPrecedes($1.key) }
    directories.reserveCapacity(sorted.count)
    directoryByPath.reserveCapacity(sorted.count)
    for (index, entry) in sorted.enumerated() {
      let start = UInt32(names.count)
      for name in entry.listing.files.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
        names.append(name)
        directoryOfFile.append(UInt32(index))
      }
      directoryByPath[entry.listing.path] = UInt32(index)
      directories.append(
        Directory(path: entry.listing.path, files: start..<UInt32(names.count), subtreeEnd: UInt32(index + 1)))
    }
    var open: [Int] = []
    for index in directories.indices {
      while let last = open.last, !Paths.contains(directories[last].path, directories[index].path) {
        directories[last].subtreeEnd = UInt32(index)
        open.removeLast()
      }
      open.append(index)
    }
    for index in open { directories[index].subtreeEnd = UInt32(directories.count) }
  }

  /// A table of these files and the directories above them.
  public init(paths: some Sequence<String>) {
    var files: [String: [String]] = ["": []]
    for path in paths {
      var directory = Paths.parent(path)
      files[directory, default: []].append(Paths.lastComponent(path))
      while !directory.isEmpty {
        directory = Paths.parent(directory)
        if files.updateValue(files[directory] ?? [], forKey: directory) != nil { break }
      }
    }
    self.init(files.map { Listing(path: $0.key, files: $0.value) })
  }

  /// The number of files.
  public var fileCount: Int { names.count }
  /// The number of directories.
  public var directoryCount: Int { directories.count }
  /// All directories, each before what lies below it.
  public var allDirectories: [DirectoryID] { directories.indices.map { DirectoryID($0) } }

  /// The directory at a path, from the workspace root.
  public func directory(at path: String) -> DirectoryID? { directoryByPath[path].map { DirectoryID(Int($0)) } }

  /// The file at a path, from the workspace root.
  public func file(at path: String) -> FileID? {
    guard let directory = directory(at: Paths.parent(path)) else { return nil }
    return file(named: Paths.lastComponent(path), in: directory)
  }

  /// The file of a name in a directory.
  public func file(named name: String, in directory: DirectoryID) -> FileID? {
    var range = directories[directory.index].files
    while !range.isEmpty {
      let middle = range.lowerBound + UInt32(range.count / 2)
      let found = names[Int(middle)]
      if found == name { return FileID(Int(middle)) }
      if found.utf8.lexicographicallyPrecedes(name.utf8) {
        range = (middle + 1)..<range.upperBound
      } else {
        range = range.lowerBound..<middle
      }
    }
    return nil
  }

  /// The path of a directory, from the workspace root.
  public func path(of directory: DirectoryID) -> String { directories[directory.index].path }
  /// The name of a file.
  public func name(of file: FileID) -> String { names[file.index] }
  /// The directory of a file.
  public func directory(of file: FileID) -> DirectoryID { DirectoryID(Int(directoryOfFile[file.index])) }
  /// The path of a file, from the workspace root.
  public func path(of file: FileID) -> String {
    Paths.join(directories[Int(directoryOfFile[file.index])].path, names[file.index])
  }

  /// The files of a directory, without those below it.
  public func files(in directory: DirectoryID) -> some Collection<FileID> {
    directories[directory.index].files.lazy.map { FileID(Int($0)) }
  }

  /// The directory and all below it.
  public func subtree(of directory: DirectoryID) -> some Collection<DirectoryID> {
    (directory.index..<Int(directories[directory.index].subtreeEnd)).lazy.map { DirectoryID($0) }
  }

  /// The files that globs select, seen from a directory.
  public func files(matching globs: SourceGlobs, in directory: DirectoryID) -> [FileID] {
    var found: [FileID] = []
    let base = directories[directory.index]
    let baseDepth = Self.depth(base.path)
    let maximum = globs.depth
    let end = maximum == 0 ? directory.index + 1 : Int(base.subtreeEnd)
    for index in directory.index..<end {
      let current = directories[index]
      if let maximum, maximum > 0, Self.depth(current.path) - baseDepth > maximum { continue }
      let prefix = Paths.relative(current.path, to: base.path)
      for file in current.files {
        let name = names[Int(file)]
        let path = index == directory.index ? name : Paths.join(prefix, name)
        if globs.matches(path) { found.append(FileID(Int(file))) }
      }
    }
    return found
  }

  private static func depth(_ path: String) -> Int {
    path.isEmpty ? 0 : path.utf8.count { $0 == UInt8(ascii: "/") } + 1
  }
}
