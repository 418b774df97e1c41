internal import Digests
internal import SystemSupport

/// The contents of a store, with their sizes.
public struct StoreUsage: Sendable, Hashable {
  /// Things of one kind.
  public struct Share: Sendable, Hashable {
    public var count = 0
    /// Their size on the disk, in bytes.
    public var bytes: Int64 = 0

    mutating func add(_ other: Share) {
      count += other.count
      bytes += other.bytes
    }

    mutating func add(_ bytes: Int64) {
      count += 1
      self.bytes += bytes
    }
  }

  /// Files by digest.
  public var blobs = Share()
  /// Small values, by namespace.
  public var records: [String: Share] = [:]
  /// Files that are being written, or were when a process was killed.
  public var incoming = Share()
  /// Directories that can be created again, by kind: `unpacked/wheels`, `unpacked/environments`, `shared`, `tools`.
  public var folders: [String: Share] = [:]
  /// Other entries of the directory: kept sandboxes, facts about interpreters, by name.
  public var others: [String: Share] = [:]

  /// The entries that count toward the quota: blobs, records and directories.
  public var countedBytes: Int64 {
    blobs.bytes + (Array(records.values) + folders.values).reduce(0) { $0 + $1.bytes }
  }
  /// All of it.
  public var totalBytes: Int64 { countedBytes + incoming.bytes + others.values.reduce(0) { $0 + $1.bytes } }
}

/// A file of a store.
struct StoredFile {
  enum Kind: Equatable {
    case blob(SHA256Digest)
    case record(namespace: String, SHA256Digest)
    /// A file that is being written, or that a killed process has left.
    case unfinished
    /// A name that no store assigns.
    case foreign
    case folder(ContentStore.Folder)
    /// One of Kilt's own, beside the programs that it installs.
    case lockfile
  }

  var path: FilePath
  var kind: Kind
  var status: FileStatus
  /// The contents of a directory.
  var measured: StoreUsage.Share?

  /// The size on the disk: blocks, not length, so that many small records count with their real cost.
  var bytes: Int64 { measured?.bytes ?? (max(1, status.size) + 4095) & ~4095 }
}

extension ContentStore {
  /// Measures the store. Concurrent additions and removals can count or not.
  public func usage() throws(ContentStoreError) -> StoreUsage {
    var usage = StoreUsage()
    for file in try inventory() {
      switch file.kind {
      case .blob: usage.blobs.add(file.bytes)
      case .record(let namespace, _): usage.records[namespace, default: StoreUsage.Share()].add(file.bytes)
      case .unfinished, .foreign: usage.incoming.add(file.bytes)
      case .folder(let folder):
        let kind = folder.name.hasPrefix("unpacked/") ? 2 : 1
        let name = folder.name.split(separator: "/").prefix(kind).joined(separator: "/")
        usage.folders[name, default: StoreUsage.Share()].add(file.measured ?? StoreUsage.Share())
      case .lockfile: usage.folders["tools", default: StoreUsage.Share()].add(file.bytes)
      }
    }
    do throws(SystemCallError) {
      for entry in try listIfPresent(root)
      where !["blobs", "records", "incoming", "unpacked", "shared", "tools"].contains(entry.name) {
        var share = StoreUsage.Share()
        try measure(root.appending(entry.name), into: &share)
        usage.others[entry.name] = share
      }
    } catch {
      throw .system(root, error)
    }
    return usage
  }

  /// Visits every file below `blobs`, `records` and `incoming`, and every directory.
  func inventory() throws(ContentStoreError) -> [StoredFile] {
    var found: [StoredFile] = []
    do throws(SystemCallError) {
      let blobs = root.appending("blobs/sha256")
      for prefix in try listIfPresent(blobs) {
        try collect(blobs.appending(prefix.name), &found) { name in
          SHA256Digest(hex: name).map { .blob($0) }
        }
      }
      let records = root.appending("records")
      for namespace in try listIfPresent(records) {
        for prefix in try listIfPresent(records.appending(namespace.name)) {
          try collect(records.appending(namespace.name).appending(prefix.name), &found) { name in
            SHA256Digest(hex: name).map { .record(namespace: namespace.name, $0) }
          }
        }
      }
      try collect(root.appending("incoming"), &found) { _ in .unfinished }
      found += try folders() + ownLockfiles()
    } catch {
      throw .system(root, error)
    }
    return found
  }

  private func collect(
    _ folder: FilePath, _ found: inout [StoredFile], _ kind: (String) -> StoredFile.Kind?
  ) throws(SystemCallError) {
    for entry in try listIfPresent(folder) where entry.kind == .file {
      let path = folder.appending(entry.name)
      guard let status = try FileSystem.statusIfPresent(of: path) else { continue }
      let isTemporary = entry.name.hasPrefix(".") && entry.name.hasSuffix(".tmp")
      found.append(
        StoredFile(path: path, kind: isTemporary ? .unfinished : kind(entry.name) ?? .foreign, status: status))
    }
  }

  func measure(_ path: FilePath, into share: inout StoreUsage.Share) throws(SystemCallError) {
    guard let status = try FileSystem.statusIfPresent(of: path) else { return }
    guard status.kind == .directory else { return share.add((status.size + 4095) & ~4095) }
    for entry in try listIfPresent(path) { try measure(path.appending(entry.name), into: &share) }
  }

  func listIfPresent(_ path: FilePath) throws(SystemCallError) -> [DirectoryEntry] {
    do throws(SystemCallError) {
      return try FileSystem.list(path)
    } catch {
      if error.isMissing { return [] }
      throw error
    }
  }
}
