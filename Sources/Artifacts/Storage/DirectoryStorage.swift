import Digests
import Glibc
import SystemSupport

/// A repository in a directory, on this machine or on a file system that several share.
///
/// Every object is written beside its place, synced, and linked or renamed there, so that readers and other publishers
/// see it whole or not at all, after a power cut too, unless it is not ``isSynced``. A publisher that dies leaves at most a temporary file.
struct DirectoryStorage: ObjectStorage {
  let root: FilePath
  /// Whether what is written outlives a power cut. A cache checks what it reads, and need not wait for the disk.
  var isSynced = true
  var location: String { root.string }
  var isReadOnly: Bool { false }
  var isAbsent: Bool { !FileSystem.exists(root) }

  func prepareForWriting() throws(ArtifactError) {
    try onFiles { () throws(SystemCallError) in try FileSystem.createDirectories(root) }
  }

  func size(of key: String) throws(ArtifactError) -> Int64? {
    try onFiles { () throws(SystemCallError) in
      try FileSystem.statusIfPresent(of: path(key), followingLinks: true)?.size
    }
  }

  func read(_ key: String, limit: Int) throws(ArtifactError) -> [UInt8]? {
    do throws(SystemCallError) {
      return try FileSystem.read(path(key), limit: limit)
    } catch {
      guard error.isMissing else { throw .file(error) }
      try requireRoot()
      return nil
    }
  }

  func download(_ key: String, limit: Int64, receive: BytesReceiver) throws(ArtifactError) -> Bool {
    guard let size = try size(of: key) else {
      try requireRoot()
      return false
    }
    try FilePiece(path: path(key), offset: 0, length: min(size, limit)).forEachChunk(receive)
    return true
  }

  func download(_ key: String, range: Range<Int64>, receive: BytesReceiver) throws(ArtifactError) -> Bool {
    guard let size = try size(of: key) else { return false }
    let end = min(range.upperBound, size)
    guard range.lowerBound < end else { return true }
    try FilePiece(path: path(key), offset: range.lowerBound, length: end - range.lowerBound).forEachChunk(receive)
    return true
  }

  func upload(_ piece: FilePiece, digest: SHA256Digest, to key: String) throws(ArtifactError) {
    let target = path(key)
    let replacement = try onFiles { () throws(SystemCallError) -> FileReplacement in try draft(of: target) }
    // Hashed during the copy: the stored bytes match their name, even if the bundle changes meanwhile.
    var hasher = SHA256Hasher()
    let file = replacement.file
    try piece.forEachChunk { (bytes) throws(ArtifactError) in
      hasher.update(bytes)
      try onFiles { () throws(SystemCallError) in try FileSystem.write(bytes, to: file, path: target) }
    }
    guard hasher.digest() == digest else {
      throw .bundleMismatch(path: piece.path.string, reason: "it changed while it was being published")
    }
    do throws(SystemCallError) { try replacement.commit(durability) } catch { throw .file(error) }
  }

  private var durability: Durability { isSynced ? .durable : .atomic }

  /// A temporary file beside a place whose directory is made first. A collection may remove it again while it is empty.
  private func draft(of target: FilePath) throws(SystemCallError) -> FileReplacement {
    for _ in 0..<8 {
      try FileSystem.createDirectories(target.removingLastComponent())
      do throws(SystemCallError) {
        return try FileReplacement(of: target)
      } catch {
        guard error.isMissing else { throw error }
      }
    }
    return try FileReplacement(of: target)
  }

  func create(_ key: String, _ bytes: [UInt8]) throws(ArtifactError) -> Bool {
    let target = path(key)
    return try onFiles { () throws(SystemCallError) in
      let draft = try draft(of: target)
      try FileSystem.write(bytes, to: draft.file, path: target)
      try FileSystem.setPermissions(0o644, of: draft.temporaryPath)
      if isSynced { try FileSystem.synchronize(draft.file, path: target) }
      do throws(SystemCallError) {
        // link(2) fails where there is something; the draft's own name goes with it.
        try FileSystem.link(draft.temporaryPath, to: target)
      } catch {
        if error.errno == .fileExists { return false }
        throw error
      }
      if isSynced { try FileSystem.synchronizeDirectory(target.removingLastComponent()) }
      return true
    }
  }

  func overwrite(_ key: String, _ bytes: [UInt8]) throws(ArtifactError) {
    let target = path(key)
    try onFiles { () throws(SystemCallError) in
      let draft = try draft(of: target)
      try FileSystem.write(bytes, to: draft.file, path: target)
      try draft.commit(durability)
    }
  }

  func readVersioned(_ key: String, limit: Int) throws(ArtifactError) -> (bytes: [UInt8], version: ObjectVersion)? {
    try read(key, limit: limit).map { ($0, Self.version(of: $0)) }
  }

  func replace(_ key: String, _ bytes: [UInt8], expecting version: ObjectVersion?) throws(ArtifactError) -> Bool {
    let target = path(key)
    return try onFiles { () throws(SystemCallError) in
      let folder = target.removingLastComponent()
      try FileSystem.createDirectories(folder)
      // Between reading and renaming, nobody else must write.
      let lock = try FileLock(waitingFor: folder.appending(".lock"))
      defer { _ = lock }
      let present = try FileSystem.statusIfPresent(of: target) == nil ? nil : FileSystem.read(target)
      guard present.map(Self.version) == version else { return false }
      try FileSystem.write(bytes, to: target, durability: .durable)
      return true
    }
  }

  private static func version(of bytes: [UInt8]) -> ObjectVersion { ObjectVersion(text: SHA256Digest.of(bytes).hex) }

  func modified(_ key: String) throws(ArtifactError) -> Int64? {
    try onFiles { () throws(SystemCallError) in
      try FileSystem.statusIfPresent(of: path(key), followingLinks: true).map { $0.modificationTime / 1_000_000_000 }
    }
  }

  func remove(_ key: String) throws(ArtifactError) {
    let path = path(key)
    try onFiles { () throws(SystemCallError) in
      try FileSystem.removeFile(path)
      // Empty directories are removed as well; a publisher that needs one creates it again.
      var folder = path.removingLastComponent()
      while folder != root, folder.string.hasPrefix(root.string), folder.withPlatformString({ rmdir($0) }) == 0 {
        folder.removeLastComponent()
      }
    }
  }

  func list(_ prefix: String, recursive: Bool) throws(ArtifactError) -> [ObjectEntry] {
    var found: [ObjectEntry] = []
    do throws(SystemCallError) {
      try collect(path(String(prefix.dropLast())), "", recursive: recursive, into: &found)
    } catch {
      guard error.isMissing else { throw .file(error) }
      try requireRoot()
    }
    return found
  }

  private func collect(
    _ directory: FilePath, _ prefix: String, recursive: Bool, into found: inout [ObjectEntry]
  ) throws(SystemCallError) {
    for entry in try FileSystem.list(directory) where entry.isValidName && !entry.name.hasPrefix(".") {
      if recursive, entry.kind == .directory {
        try collect(directory.appending(entry.name), prefix + entry.name + "/", recursive: true, into: &found)
      } else {
        let status = try FileSystem.statusIfPresent(of: directory.appending(entry.name))
        found.append(
          ObjectEntry(name: prefix + entry.name, modified: status?.modificationTime, size: status?.size))
      }
    }
  }

  /// A repository that is not there at all is another error than one that lacks something.
  private func requireRoot() throws(ArtifactError) {
    guard FileSystem.exists(root) else {
      throw .unreachable(
        repository: location, cause: "the directory does not exist (the first `kilt publish` creates it)")
    }
  }

  private func path(_ key: String) -> FilePath { FilePath(root.string + "/" + key) }
}
