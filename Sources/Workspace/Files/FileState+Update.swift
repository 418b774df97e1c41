internal import BuildFiles
internal import Glibc
public import Snapshot
internal import Synchronization
public import SystemPackage
internal import SystemSupport

/// The changes since the state was saved.
public struct FileChanges: Sendable {
  /// New files, and files that are visible now.
  public var added: [FileID] = []
  /// Files that are gone or hidden; their rows still tell where they were.
  public var removed: [FileID] = []
  /// Watched files that were touched: whether their content differs is to be seen.
  public var touched: [FileID] = []
  /// Links to directories that are new, gone, or lead elsewhere now.
  public var relinked: [FileID] = []
  /// Whether directories were added or removed.
  public var directoriesChanged = false

  public init() {}
  public var isEmpty: Bool {
    added.isEmpty && removed.isEmpty && touched.isEmpty && relinked.isEmpty && !directoriesChanged
  }
}

extension FileState {
  /// The patterns that a scan skips in addition to `.gitignore` files: hidden directories, `dist` at the root, bytecode.
  static let alwaysIgnored = [".*/", "/dist/", "__pycache__/", "*.pyc"]

  /// Updates directories and watched files from the disk: checks every known directory and watched file once, and reads
  /// only touched directories.
  ///
  /// - Parameters:
  ///   - ignore: further rules, in the form of `.gitignore`.
  ///   - capture: the file system's time before anything is read; called when something is to be read.
  /// - Throws: `SystemCallError` if the root cannot be read; `SnapshotError`.
  public func update(root: FilePath, ignore: [String], capture: () throws -> Int64) throws -> FileChanges {
    let descriptor = try FileSystem.open(root, .readOnly, options: .directory)
    defer { FileSystem.close(descriptor) }
    var update = FileUpdate(state: self, root: descriptor.rawValue, ignore: ignore)
    if directories.count == 0 {
      update.capture = try capture()
      _ = try addDirectory("", parent: 0)
      try update.readLevels([FileUpdate.Item(index: 0, force: false)])
      if !directories[0].isVisible { throw SystemCallError("openat", root, Errno.permissionDenied) }
      update.changes.directoriesChanged = true
      return update.changes
    }
    let walk = StatWalk(state: self, root: descriptor.rawValue, ignoringInode: update.ignoringInode)
    let moved = walk.directories()
    let touched = walk.files(watched[0..<watched.count])
    if moved.isEmpty, touched.isEmpty { return update.changes }
    update.capture = try capture()
    try update.apply(moved: moved, touched: touched)
    return update.changes
  }

  /// Marks a file for a check in every run: its content determines which targets exist.
  public func watch(_ file: FileID) throws(SnapshotError) {
    if files[file.index].has(FileRow.structural) { return }
    files[file.index].flags |= FileRow.structural
    if !files[file.index].has(FileRow.link) { try watched.append(file.rawValue) }
  }
}

extension FileTable {
  /// Lists the files below a root from scratch, without ignored ones.
  ///
  /// - Parameter ignore: further rules, in the form of `.gitignore`.
  /// - Throws: `SystemCallError` if the root cannot be read, `SnapshotError`. Omits a directory below that cannot be
  ///   read.
  public static func scan(root: FilePath, ignore: [String] = []) throws -> FileTable {
    let state = try FileState.empty()
    _ = try state.update(root: root, ignore: ignore) { .min }
    return FileTable(state)
  }
}

/// One bringing up to date.
struct FileUpdate {
  /// A directory to read.
  struct Item {
    var index: Int
    /// Whether everything below it must be read as well: the ignore rules have changed.
    var force: Bool
  }

  let state: FileState
  let root: CInt
  let ignoringInode: Bool
  var capture = Int64.max
  var changes = FileChanges()
  private let top: IgnoreScope
  /// The rules of directories, as far as they were needed.
  private var scopes: [Int: IgnoreScope] = [:]

  init(state: FileState, root: CInt, ignore: [String]) {
    self.state = state
    self.root = root
    ignoringInode = FileSystemTraits(of: root).hasUnstableInodes
    top = IgnoreScope(parent: nil, directory: "", rules: IgnoreRules(lines: FileState.alwaysIgnored + ignore))
  }

  mutating func apply(moved: [Int], touched: [(Int, StatWalk.Verdict)]) throws {
    var force: [Int: Bool] = [:]
    for index in moved { force[index] = false }
    for (index, verdict) in touched {
      let row = state.files[index]
      if row.has(FileRow.structural), verdict == .touched { changes.touched.append(FileID(index)) }
      if state.string(row.name) == ".gitignore" {
        force[Int(row.directory)] = true
      } else if verdict == .different {
        force[Int(row.directory)] = force[Int(row.directory)] ?? false
      }
    }
    let items = force.map { Item(index: $0.key, force: $0.value) }
    try readLevels(items)
    changes.touched.removeAll { !state.files[$0.index].isVisible }
  }

  /// The rules that apply to the contents of a directory.
  private mutating func scope(of directory: Int) -> IgnoreScope {
    if let known = scopes[directory] { return known }
    let row = state.directories[directory]
    let above = directory == 0 ? top : scope(of: Int(row.parent))
    var result = above
    // Asked of the disk, as a new file is in no row yet.
    let path = state.string(row.path)
    let descriptor = openat(root, path.isEmpty ? "." : path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if descriptor >= 0 {
      if let rules = FileListing.readRules(descriptor) {
        result = IgnoreScope(parent: above, directory: path, rules: rules.rules)
      }
      Glibc.close(descriptor)
    }
    scopes[directory] = result
    return result
  }

  /// Reads directories and those found in them, each once, upper ones first: by then it is known which lower ones are
  /// gone, and which rules apply there.
  mutating func readLevels(_ items: [Item]) throws {
    // By depth: the directories to read, and whether all below them is to be read.
    var pending: [Int: [Int: Bool]] = [:]
    func add(_ items: [Item]) {
      for item in items {
        let depth = depth(of: item.index)
        pending[depth, default: [:]][item.index] = item.force || pending[depth]?[item.index] ?? false
      }
    }
    add(items)
    while let depth = pending.keys.min(), let next = pending.removeValue(forKey: depth) {
      let level = next.map { Item(index: $0.key, force: $0.value) }.sorted { $0.index < $1.index }
        .filter { state.directories[$0.index].flags & DirectoryRow.dead == 0 }
      let current = level.map { item -> (item: Item, path: String, scope: IgnoreScope) in
        let row = state.directories[item.index]
        return (item, state.string(row.path), item.index == 0 ? top : scope(of: Int(row.parent)))
      }
      let results = Mutex<[FileListing?]>(Array(repeating: nil, count: current.count))
      // More than a directory at a time a thread: most are small.
      let batch = max(1, min(64, current.count / 4))
      let (root, ignoringInode) = (root, ignoringInode)
      performInParallel(count: (current.count + batch - 1) / batch, threads: 2) { part in
        let range = (part * batch)..<min(current.count, (part + 1) * batch)
        let found = range.map { index in
          FileListing.read(
            current[index].path, root: root, scope: current[index].scope, ignoringInode: ignoringInode)
        }
        results.withLock { results in for (index, listing) in zip(range, found) { results[index] = listing } }
      }
      for (entry, listing) in zip(current, results.withLock({ $0 })) {
        let index = entry.item.index
        if state.directories[index].flags & DirectoryRow.dead != 0 { continue }
        if let listing {
          scopes[index] = listing.scope
          add(try merge(listing, into: index, force: entry.item.force))
        } else {
          // It is gone, and the directory above has not been read since: look again next time.
          try empty(index)
          state.directories[index].flags |= DirectoryRow.unreadable | DirectoryRow.racy
        }
      }
    }
  }

  /// The number of names from the root to a directory.
  private func depth(of directory: Int) -> Int {
    let path = state.bytes(state.directories[directory].path)
    return path.isEmpty ? 0 : 1 + path.count { $0 == UInt8(ascii: "/") }
  }

  /// Updates a directory's rows from its listing; returns the directories to read next.
  private mutating func merge(_ listing: FileListing, into index: Int, force: Bool) throws(SnapshotError) -> [Item] {
    var row = state.directories[index]
    let wasVisible = row.isVisible
    if row.stat != listing.stat || row.flags & DirectoryRow.racy != 0 { row.seenAt = state.beginGeneration() }
    row.stat = listing.stat
    row.flags &= ~(DirectoryRow.racy | DirectoryRow.unreadable | DirectoryRow.unnamable)
    if listing.hasUnnamable { row.flags |= DirectoryRow.unnamable }
    if listing.stat.isRacy(capture: capture) { row.flags |= DirectoryRow.racy }
    if !listing.isReadable { row.flags |= DirectoryRow.unreadable }
    if wasVisible != row.isVisible { changes.directoriesChanged = true }
    state.directories[index] = row
    // Rules that come or go hold for all below, as those that change.
    let hadRules = state.fileIndex(named: ".gitignore", in: index) != nil
    let force = force || hadRules != listing.files.contains { $0.name == ".gitignore" }
    let files = try merge(files: listing.files, into: index)
    if files != Array(state.list(row.files)) { row.files = try state.add(list: files) }
    let (directories, next) = try merge(directories: listing.directories, into: index, force: force)
    if directories != Array(state.list(row.directories)) { row.directories = try state.add(list: directories) }
    state.directories[index] = row
    return next
  }

  private mutating func merge(files: [FileListing.File], into index: Int) throws(SnapshotError) -> [UInt32] {
    let old = Array(state.list(state.directories[index].files))
    var result: [UInt32] = []
    result.reserveCapacity(files.count)
    var next = 0
    for file in files {
      var name = file.name
      var known: Int?
      while next < old.count {
        let id = Int(old[next])
        let order = name.withUTF8 { compareBytes(state.bytes(state.files[id].name), UnsafeRawBufferPointer($0)) }
        if order > 0 { break }
        next += 1
        if order == 0 {
          known = id
          break
        }
        remove(id)
      }
      if let known {
        try update(known, file)
        result.append(UInt32(known))
      } else {
        result.append(UInt32(try add(file, to: index)))
      }
    }
    for id in old[next...] { remove(Int(id)) }
    return result
  }

  private mutating func add(_ file: FileListing.File, to directory: Int) throws(SnapshotError) -> Int {
    let index = try state.addFile(file.name, in: directory)
    var row = state.files[index]
    row.stat = file.stat
    row.seenAt = state.beginGeneration()
    row.flags = file.isHidden ? FileRow.hidden : 0
    if file.isLink { row.flags |= FileRow.link }
    if file.stat.isRacy(capture: capture) { row.flags |= FileRow.racy }
    if let destination = file.destination {
      row.destination = try state.add(text: destination)
      changes.relinked.append(FileID(index))
    }
    state.files[index] = row
    if file.isLink || file.name == ".gitignore" { try state.watched.append(UInt32(index)) }
    if !file.isHidden { changes.added.append(FileID(index)) }
    return index
  }

  private mutating func update(_ index: Int, _ file: FileListing.File) throws(SnapshotError) {
    var row = state.files[index]
    let wasHidden = row.has(FileRow.hidden)
    let oldDestination = row.destination
    row.flags = row.flags & ~(FileRow.hidden | FileRow.link)
    if file.isHidden { row.flags |= FileRow.hidden }
    if file.isLink { row.flags |= FileRow.link }
    // Of these, only the kind, or the rules that were just read, is kept.
    if file.isHidden || wasHidden || file.name == ".gitignore" {
      if row.stat != file.stat || wasHidden != file.isHidden { row.seenAt = state.beginGeneration() }
      row.stat = file.stat
      row.flags &= ~(FileRow.racy | FileRow.digestKnown | FileRow.importsKnown)
      if file.stat.isRacy(capture: capture) { row.flags |= FileRow.racy }
      // The imports of a file do not contain a link's target, which has the same field.
      if file.isHidden != wasHidden { row.imports = TextSpan() }
    }
    if state.string(oldDestination) != file.destination ?? "" {
      row.destination = TextSpan()
      if let destination = file.destination { row.destination = try state.add(text: destination) }
      changes.relinked.append(FileID(index))
    }
    let becameLink = file.isLink && !state.files[index].has(FileRow.link)
    state.files[index] = row
    if becameLink, !row.has(FileRow.structural) { try state.watched.append(UInt32(index)) }
    if wasHidden, !file.isHidden { changes.added.append(FileID(index)) }
    if !wasHidden, file.isHidden { changes.removed.append(FileID(index)) }
  }

  private mutating func remove(_ index: Int) {
    let row = state.files[index]
    if row.isVisible { changes.removed.append(FileID(index)) }
    if row.destination.count > 0 { changes.relinked.append(FileID(index)) }
    state.files[index].seenAt = state.beginGeneration()
    state.files[index].flags = row.flags | FileRow.dead
    state.summary.deadRows += 1
  }

  private mutating func merge(
    directories: [String], into index: Int, force: Bool
  ) throws(SnapshotError) -> ([UInt32], [Item]) {
    let old = Array(state.list(state.directories[index].directories))
    let path = state.string(state.directories[index].path)
    var byName: [String: Int] = [:]
    for id in old { byName[String(decoding: state.name(ofDirectory: Int(id)), as: UTF8.self)] = Int(id) }
    var result: [UInt32] = []
    var items: [Item] = []
    for name in directories {
      if let known = byName.removeValue(forKey: name) {
        result.append(UInt32(known))
        if force { items.append(Item(index: known, force: true)) }
      } else {
        let added = try state.addDirectory(Paths.join(path, name), parent: index)
        result.append(UInt32(added))
        items.append(Item(index: added, force: false))
        changes.directoriesChanged = true
      }
    }
    for gone in byName.values { try kill(gone) }
    return (result, items)
  }

  private mutating func kill(_ index: Int) throws(SnapshotError) {
    changes.directoriesChanged = true
    try empty(index)
    state.directories[index].seenAt = state.beginGeneration()
    state.directories[index].flags |= DirectoryRow.dead
    state.summary.deadRows += 1
  }

  private mutating func empty(_ index: Int) throws(SnapshotError) {
    for id in Array(state.list(state.directories[index].files)) { remove(Int(id)) }
    for id in Array(state.list(state.directories[index].directories)) { try kill(Int(id)) }
    state.directories[index].files = ListSpan()
    state.directories[index].directories = ListSpan()
  }
}
