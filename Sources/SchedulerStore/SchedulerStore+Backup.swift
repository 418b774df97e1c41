internal import Diagnostics
internal import GRDB
internal import Glibc

// Copies of the database that are whole: made while a scheduler works, and checked before they are trusted.
extension SchedulerStore {
  /// Writes a copy of the database as it is now. Events wait meanwhile.
  ///
  /// - Parameter path: a file that does not exist. It appears whole or not at all, readable by its owner alone.
  /// - Throws: when the copy cannot be written, or does not hold the state.
  public func backup(to path: String) throws(StoreError) {
    try copying(to: path) { (target) throws(StoreError) in try copy(into: target) }
  }

  /// Replaces a database that no scheduler uses with a backup.
  ///
  /// - Returns: the path of the former database; nil if there was none.
  /// - Throws: `damaged` or `newer` if this version cannot use the backup; nothing is changed then.
  public static func restore(_ backup: String, to path: String, asideAs aside: String) throws(StoreError) -> String? {
    try check(backup)
    let fresh = path + ".restored"
    // Of an interrupted restore.
    unlink(fresh)
    try Self.copying(to: fresh) { (target) throws(StoreError) in
      try StoreError.translating(backup) {
        let source = try DatabaseQueue(path: backup, configuration: readOnly)
        try source.backup(to: target)
        try source.close()
      }
    }
    var former: String?
    if access(path, F_OK) == 0 {
      for suffix in ["", "-wal", "-shm"] where access(path + suffix, F_OK) == 0 {
        try rename(path + suffix, to: aside + suffix)
      }
      former = aside
    }
    try rename(fresh, to: path)
    return former
  }

  /// Checks that a file is a complete database of a scheduler that is not newer than this one.
  public static func check(_ path: String) throws(StoreError) {
    guard access(path, R_OK) == 0 else {
      throw .failed(path: path, detail: String(cString: strerror(errno)))
    }
    try StoreError.translating(path) {
      let database = try DatabaseQueue(path: path, configuration: readOnly)
      try verify(database, path)
      try database.close()
    }
  }

  private static var readOnly: Configuration {
    var options = Configuration()
    options.readonly = true
    return options
  }

  private static func verify(_ database: DatabaseQueue, _ path: String) throws {
    try database.read { connection in
      let findings = try String.fetchAll(connection, sql: "PRAGMA integrity_check(3)")
      guard findings == ["ok"] else { throw StoreError.damaged(path: path, detail: findings.joined(separator: "; ")) }
      guard try connection.tableExists("grdb_migrations"), try connection.tableExists("jobs") else {
        throw StoreError.damaged(path: path, detail: "it is a database, but not a scheduler's")
      }
      guard try !Schema.migrator.hasBeenSuperseded(connection) else { throw StoreError.newer(path: path) }
    }
  }

  /// Creates a file by a body that fills a database, checks it, and gives it its name when it is on the disk.
  private static func copying(
    to path: String, _ body: (DatabaseQueue) throws(StoreError) -> Void
  ) throws(StoreError) {
    let part = path + ".part"
    unlink(part)
    let descriptor = open(part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .failed(path: path, detail: String(cString: strerror(errno))) }
    defer {
      Glibc.close(descriptor)
      unlink(part)
    }
    let target = try StoreError.translating(path) { try DatabaseQueue(path: part) }
    try body(target)
    try StoreError.translating(path) {
      // A copy of a log-keeping database would make a log of its own beside it.
      try target.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = DELETE") }
      try verify(target, path)
      try target.close()
    }
    guard fsync(descriptor) == 0 else { throw .failed(path: path, detail: String(cString: strerror(errno))) }
    // link(2) fails where rename(2) would overwrite.
    guard link(part, path) == 0 else { throw .failed(path: path, detail: String(cString: strerror(errno))) }
    try syncDirectory(of: path)
  }

  private func copying(to path: String, _ body: (DatabaseQueue) throws(StoreError) -> Void) throws(StoreError) {
    try Self.copying(to: path, body)
  }

  private static func rename(_ path: String, to target: String) throws(StoreError) {
    guard Glibc.rename(path, target) == 0 else {
      throw .failed(path: path, detail: "rename to \(target): \(String(cString: strerror(errno)))")
    }
    try syncDirectory(of: target)
  }

  private static func syncDirectory(of path: String) throws(StoreError) {
    let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    let descriptor = open(directory.isEmpty ? "/" : directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .failed(path: directory, detail: String(cString: strerror(errno))) }
    defer { Glibc.close(descriptor) }
    guard fsync(descriptor) == 0 else { throw .failed(path: directory, detail: String(cString: strerror(errno))) }
  }
}
