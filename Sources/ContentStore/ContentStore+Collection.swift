internal import Digests
public import SystemSupport

/// The result of a collection.
public struct CollectionSummary: Sendable, Hashable {
  public var removedBlobs = 0
  public var removedRecords = 0
  /// Unpacked wheels, environments, caches of programs.
  public var removedFolders = 0
  /// Files that killed processes had left half-written.
  public var removedLeftovers = 0
  /// The total size of these, in bytes.
  public var removedBytes: Int64 = 0
  /// Blobs and directories that were due and stay because a process uses them.
  public var keptInUse = 0
  /// The remaining size of blobs, records and directories, in bytes.
  public var remainingBytes: Int64 = 0
}

extension ContentStore {
  /// The default quota of a store: 20 GB.
  public static let defaultQuota: Int64 = 20 << 30

  /// The quota of `KILT_CACHE_QUOTA`, else `configured`, else ``defaultQuota``.
  ///
  /// - Throws: ``ContentStoreError/invalidQuota(_:)`` for a text that is not a size.
  public static func quota(
    configured: String? = nil, environment: (String) -> String? = environmentVariable
  ) throws(ContentStoreError) -> Int64 {
    let variable = environment("KILT_CACHE_QUOTA").flatMap { $0.isEmpty ? nil : $0 }
    guard let text = variable ?? configured else { return defaultQuota }
    guard let bytes = ByteSize.parse(text) else { throw .invalidQuota(text) }
    return Int64(bytes)
  }

  /// Removes the least recently used entries until blobs, records and directories meet `quota`, and the leftovers of
  /// killed processes. Removes nothing that a running process uses. If something has to go, frees a tenth of the quota,
  /// so that the next put does not start another collection.
  ///
  /// - Returns: nil if another process is collecting.
  public func collect(quota: Int64) throws(ContentStoreError) -> CollectionSummary? {
    guard FileSystem.exists(root) else { return CollectionSummary() }
    let lock = try system { () throws(SystemCallError) in try FileLock.attempt(root.appending("gc.lock")) }
    guard let lock else { return nil }
    let files = try inventory()
    let summary = try system { () throws(SystemCallError) in try collect(files, quota) }
    _ = consume lock
    return summary
  }

  /// Collects if this process has stored something and a collection is due: a day after the last one, or when the
  /// stored bytes can exceed the quota.
  ///
  /// - Returns: nil if there was nothing to do.
  public func collectIfDue(quota: Int64) throws(ContentStoreError) -> CollectionSummary? {
    guard lease.written > 0 else { return nil }
    let state = root.appending("gc.state")
    // Without a valid state, collection is due.
    let fields = (try? FileSystem.readText(state))?.split(whereSeparator: \.isWhitespace).compactMap { Int64($0) } ?? []
    let day: Int64 = 86_400_000_000_000
    if fields.count == 2, wallClockNanoseconds() - fields[0] < day, fields[1] + lease.written < quota { return nil }
    return try collect(quota: quota)
  }

  private func collect(_ inventory: [StoredFile], _ quota: Int64) throws(SystemCallError) -> CollectionSummary {
    var summary = CollectionSummary()
    let locks = try FileByteLocks(StoreLease.path(root: root))
    for file in inventory where file.kind == .unfinished { try removeLeftover(file, &summary) }
    for path in try abandonedFolders() {
      try FileSystem.removeTree(path)
      summary.removedLeftovers += 1
    }
    var files = inventory.filter { $0.kind != .unfinished && $0.kind != .foreign }
    var total = files.reduce(0) { $0 + $1.bytes }
    if total > quota {
      files.sort { ($0.status.modificationTime, $0.path.string) < ($1.status.modificationTime, $1.path.string) }
      let goal = quota - quota / 10
      for file in files {
        if total <= goal { break }
        if try remove(file, locks, &summary) { total -= file.bytes }
      }
    }
    summary.remainingBytes = total
    try FileSystem.write(text: "\(wallClockNanoseconds()) \(total)\n", to: root.appending("gc.state"))
    return summary
  }

  private func remove(
    _ file: StoredFile, _ locks: FileByteLocks, _ summary: inout CollectionSummary
  ) throws(SystemCallError) -> Bool {
    let byte: Int64
    switch file.kind {
    case .blob(let digest): byte = StoreLease.byte(digest)
    case .folder(let folder): byte = StoreLease.byte(folder.lease)
    case .record, .lockfile, .unfinished, .foreign:
      try FileSystem.removeFile(file.path)
      summary.removedRecords += 1
      summary.removedBytes += file.bytes
      return true
    }
    guard try locks.attempt(byte, .exclusive) else {
      summary.keptInUse += 1
      return false
    }
    defer { locks.unlock(byte) }
    // Used since the listing: then this entry is not the least recently used.
    guard let status = try FileSystem.statusIfPresent(of: file.path),
      status.modificationTime == file.status.modificationTime
    else { return false }
    if case .folder = file.kind {
      try Self.remove(file.path, by: root.appending("incoming"))
      summary.removedFolders += 1
    } else {
      try FileSystem.removeFile(file.path)
      summary.removedBlobs += 1
    }
    summary.removedBytes += file.bytes
    return true
  }

  /// Removes a file that nobody writes to any more. A writer of blobs holds its file; a record is written at once.
  private func removeLeftover(_ file: StoredFile, _ summary: inout CollectionSummary) throws(SystemCallError) {
    let minute: Int64 = 60_000_000_000
    guard wallClockNanoseconds() - file.status.modificationTime > minute else { return }
    do throws(SystemCallError) {
      guard let lock = try FileLock.attempt(file.path) else { return }
      try FileSystem.removeFile(file.path)
      _ = consume lock
    } catch {
      if error.isMissing { return }
      throw error
    }
    summary.removedLeftovers += 1
    summary.removedBytes += file.bytes
  }
}
