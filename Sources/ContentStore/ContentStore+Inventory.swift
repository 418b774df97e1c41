internal import Digests
internal import SystemSupport

/// What a store holds, and how much of it.
public struct StoreUsage: Sendable, Hashable {
  /// Things of one kind.
  public struct Share: Sendable, Hashable {
    public var count = 0
    /// What they take up on the disk, in bytes.
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
  /// Folders of what can be made again, by kind: `unpacked/wheels`, `unpacked/environments`, `shared`, `tools`.
  public var folders: [String: Share] = [:]
  /// What else is in the folder: sandboxes that were kept, facts about interpreters, by name.
  public var others: [String: Share] = [:]

  /// What a quota counts: blobs, records and folders.
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
    /// A name that no store gives.
    case foreign
    case folder(ContentStore.Folder)
    /// One of Kilt's own, beside the programs that it installs.
    case lockfile
  }

  var path: FilePath
  var kind: Kind
  var status: FileStatus
  /// What is in a folder.
  var measured: StoreUsage.Share?

  /// What it takes up on the disk: blocks, not length, so that many small records count as what they cost.
  var bytes: Int64 { measured?.bytes ?? (max(1, status.size) + 4095) & ~4095 }
}

extension ContentStore {
  /// Measures the store. What comes and goes meanwhile may be counted or not.
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

  /// Every file below `blobs`, `records` and `incoming`, and every folder.
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
