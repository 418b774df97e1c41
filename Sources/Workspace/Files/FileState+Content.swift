internal import Digests
internal import Glibc
internal import Snapshot
public import SystemPackage
public import SystemSupport

/// The content of a file when it was read.
public struct FileContent: Sendable {
  /// The result of stat(2) before the file was read: the next run sees a later change.
  var stat: StatTuple
  /// The bytes; nil where the file could not be read.
  public var bytes: [UInt8]?
  var digest = DigestRow()
}

extension FileState {
  /// The files among these that have changed since they were last read, each checked once.
  public func touched(among files: [FileID], root: FilePath) throws(SystemCallError) -> [FileID] {
    if files.isEmpty { return [] }
    return try walk(files.map(\.rawValue), root: root)
  }

  /// The files among all existing ones that have changed, each checked once, in the order of the rows. Watched files
  /// were checked when the state was updated, and are skipped.
  ///
  /// - Parameters:
  ///   - isLeftOut: whether the file of a row need not be checked.
  ///   - looked: called with each checked row.
  public func touched(
    root: FilePath, leavingOut isLeftOut: (Int) -> Bool, looked: (Int) -> Void
  ) throws(SystemCallError) -> [FileID] {
    // A link was resolved when it was checked; its present target counts as unseen.
    let isWatched = FileRow.dead | FileRow.hidden | FileRow.structural
    var ignoreFiles: Set<UInt32> = []
    for id in watched[0..<watched.count] where files[Int(id)].flags & (isWatched | FileRow.link) == 0 {
      ignoreFiles.insert(id)
    }
    var wanted: [UInt32] = []
    wanted.reserveCapacity(files.count)
    let rows = files[0..<files.count]
    for index in 0..<rows.count where rows[index].flags & isWatched == 0 && !isLeftOut(index) {
      let id = UInt32(index)
      if ignoreFiles.isEmpty || !ignoreFiles.contains(id) { wanted.append(id) }
    }
    if wanted.isEmpty { return [] }
    let found = try walk(wanted, root: root)
    for id in wanted { looked(Int(id)) }
    return found
  }

  private func walk(_ ids: [UInt32], root: FilePath) throws(SystemCallError) -> [FileID] {
    let descriptor = try FileSystem.open(root, .readOnly, options: .directory)
    defer { FileSystem.close(descriptor) }
    let walk = StatWalk(
      state: self, root: descriptor.rawValue,
      ignoringInode: FileSystemTraits(of: descriptor.rawValue).hasUnstableInodes)
    return ids.withUnsafeBufferPointer { walk.files($0) }.map { FileID($0.0) }
  }

  /// Whether stat(2) of each of these files matches its row. Checks and records nothing else.
  public func areAsKnown(_ files: [FileID], root: FilePath) throws(SystemCallError) -> Bool {
    let descriptor = try FileSystem.open(root, .readOnly, options: .directory)
    defer { FileSystem.close(descriptor) }
    let ignoringInode = FileSystemTraits(of: descriptor.rawValue).hasUnstableInodes
    var path = PathBuffer(self)
    defer { path.free() }
    return files.allSatisfy { file in
      let row = self.files[file.index]
      var status = Glibc.stat()
      guard fstatat(descriptor.rawValue, path.file(row), &status, 0) == 0 else { return false }
      return StatTuple(status, ignoringInode: ignoringInode) == row.stat
    }
  }

  /// Reads a file, on any thread; ``note(_:of:capture:)`` records its content.
  public func read(_ path: FilePath, ignoringInode: Bool) -> FileContent {
    var status = Glibc.stat()
    let known = path.withPlatformString { stat($0, &status) } == 0
    var content = FileContent(stat: known ? StatTuple(status, ignoringInode: ignoringInode) : StatTuple())
    // A file that cannot be read is unknown, and its state then says so.
    guard known, let bytes = try? FileSystem.read(path) else { return content }
    content.bytes = bytes
    content.digest = DigestRow(bytes)
    return content
  }

  /// The digest of a file, on any thread, without its bytes.
  public func readDigest(_ path: FilePath, ignoringInode: Bool) -> FileContent {
    var status = Glibc.stat()
    let known = path.withPlatformString { stat($0, &status) } == 0
    var content = FileContent(stat: known ? StatTuple(status, ignoringInode: ignoringInode) : StatTuple())
    // A file that cannot be read is unknown, and its state then says so.
    guard known, let digest = try? SHA256Digest.ofFile(path).digest else { return content }
    content.bytes = []
    content.digest = DigestRow(digest)
    return content
  }

  /// Records the content of a file.
  ///
  /// - Parameter capture: the file system's time before the file was read.
  /// - Returns: whether it differs from the earlier content, or has become executable, or the reverse.
  @discardableResult
  public func note(_ content: FileContent, of file: FileID, capture: Int64) -> Bool {
    var row = files[file.index]
    let executableChanged = (row.stat.mode ^ content.stat.mode) & 0o111 != 0
    if row.stat != content.stat || row.has(FileRow.racy) { row.seenAt = beginGeneration() }
    row.stat = content.stat
    row.flags &= ~(FileRow.racy | FileRow.unknown)
    if content.stat.isRacy(capture: capture) { row.flags |= FileRow.racy }
    if content.bytes == nil { row.flags |= FileRow.unknown }
    let contentDiffers = content.bytes == nil || !row.has(FileRow.digestKnown) || digests[file.index] != content.digest
    let differs = contentDiffers || executableChanged
    if differs { row.changedAt = beginGeneration() }
    if contentDiffers { row.flags |= FileRow.importsStale }
    if content.bytes != nil {
      row.flags |= FileRow.digestKnown
      digests[file.index] = content.digest
    } else {
      row.flags &= ~FileRow.digestKnown
    }
    files[file.index] = row
    return differs
  }

  /// Records the content of a file from which targets were created.
  ///
  /// If the content differs from the recorded one, the file was edited during this run, and other targets can come from
  /// its earlier content. Then it counts as changed in the next run, whatever its content by that time.
  func note(use content: FileContent, of file: FileID, capture: Int64) {
    let row = files[file.index]
    guard row.has(FileRow.digestKnown), content.bytes == nil || digests[file.index] != content.digest else {
      note(content, of: file, capture: capture)
      return
    }
    files[file.index].flags = (row.flags | FileRow.unknown) & ~FileRow.digestKnown
  }
}

extension FileState {
  /// Records the result of stat(2) for a file whose content is unknown.
  public func noteStat(of file: FileID, at path: FilePath, ignoringInode: Bool, capture: Int64) {
    var status = Glibc.stat()
    let known = path.withPlatformString { stat($0, &status) } == 0
    var row = files[file.index]
    row.stat = known ? StatTuple(status, ignoringInode: ignoringInode) : StatTuple()
    row.flags &= ~FileRow.racy
    if row.stat.isRacy(capture: capture) { row.flags |= FileRow.racy }
    row.seenAt = beginGeneration()
    files[file.index] = row
  }

  /// Whether no existing file could have changed without a sign since it was checked.
  public var isSettled: Bool {
    for index in 0..<files.count {
      let row = files[index]
      if row.isVisible, row.flags & (FileRow.racy | FileRow.unknown) != 0 { return false }
    }
    for index in 0..<directories.count {
      let row = directories[index]
      if row.flags & DirectoryRow.dead == 0, row.flags & (DirectoryRow.racy | DirectoryRow.unreadable) != 0 {
        return false
      }
    }
    return true
  }

  /// The files and directories that changed after a generation, including deleted ones, from the workspace root;
  /// directories end in a slash.
  public func changedPaths(since generation: UInt32) -> [String] {
    var found: [String] = []
    let table = FileTable(self)
    for index in 0..<files.count where files[index].seenAt > generation { found.append(table.path(of: FileID(index))) }
    for index in 0..<directories.count where directories[index].seenAt > generation {
      found.append(table.path(of: DirectoryID(index)) + "/")
    }
    return found
  }
}

extension DigestRow {
  init(_ bytes: [UInt8]) { self.init(SHA256Digest.of(bytes)) }

  init(_ digest: SHA256Digest) {
    self.init()
    let bytes = digest.bytes
    withUnsafeMutableBytes(of: &words) { $0.copyBytes(from: bytes) }
  }
}
