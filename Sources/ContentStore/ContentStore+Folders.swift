public import Digests
public import SystemSupport

/// Directories beside the blobs that also count toward the quota: each is created from data that can be created again,
/// appears complete by a rename, and is removed as a whole.
extension ContentStore {
  /// A directory of a store.
  public struct Folder: Sendable, Hashable {
    /// From the root of the store.
    public let name: String
    /// The lock of a process that uses it.
    let lease: SHA256Digest

    /// The directory of a wheel's files.
    public static func wheel(_ digest: SHA256Digest) -> Folder {
      Folder(name: "unpacked/wheels/\(digest.hex.prefix(2))/\(digest.hex)", lease: digest)
    }

    /// The directory of an environment.
    public static func environment(_ key: SHA256Digest) -> Folder {
      Folder(name: "unpacked/environments/\(key.hex)", lease: key)
    }

    /// A directory in which programs keep their own caches.
    public static func shared(_ name: String) -> Folder {
      Folder(name: "shared/\(name)", lease: .of("shared/" + name))
    }

    /// The directory of a program that Kilt installs for itself.
    public static func tool(_ name: String) -> Folder {
      Folder(name: "tools/\(name)", lease: .of("tools/" + name))
    }
  }

  /// The path of a directory, existing or not.
  public func path(of folder: Folder) -> FilePath { root.pushing(FilePath(folder.name)) }

  /// Whether a directory exists. If so, it stays until this process ends.
  public func uses(_ folder: Folder) -> Bool {
    let path = path(of: folder)
    do throws(SystemCallError) {
      try lease.hold(folder.lease)
      guard let status = try FileSystem.statusIfPresent(of: path), status.kind == .directory else { return false }
      // The time of a directory that a power cut can have damaged stays unchanged until the directory has been checked.
      if !predatesBoot(status) { Self.noteUse(of: path, status) }
      return true
    } catch {
      // A directory that cannot be leased or examined counts as missing.
      return false
    }
  }

  /// Removes a wrong directory, at once for all later lookups.
  public func discard(_ folder: Folder) throws(SystemCallError) {
    try Self.remove(path(of: folder), by: root.appending("incoming"))
  }

  /// Whether a directory is compared with its source before its use: the share of ``verifiedShare``, and each directory
  /// from before the machine's start.
  public func isToVerify(_ folder: Folder) -> Bool { isOlderThanBoot(folder) || isSampled() }

  /// Whether a directory was created before the machine's start and not checked since: a power cut can have damaged it.
  public func isOlderThanBoot(_ folder: Folder) -> Bool {
    // A directory that cannot be examined counts as missing.
    guard let status = try? FileSystem.status(of: path(of: folder)) else { return false }
    return predatesBoot(status)
  }

  /// Notes that a folder is whole.
  public func noteVerified(_ folder: Folder) { noteVerified(path(of: folder)) }

  /// Keeps what this process uses in use by the program that it becomes by execve(2).
  public func keepAcrossExecution() {
    shared?.finish()
    lease.keepAcrossExecution()
  }

  /// Moves a folder away and removes it: nobody sees half of it.
  static func remove(_ path: FilePath, by incoming: FilePath) throws(SystemCallError) {
    try FileSystem.createDirectories(incoming)
    let gone = try FileSystem.makeTemporaryDirectory(prefix: "removed", in: incoming)
    do throws(SystemCallError) {
      try FileSystem.rename(path, to: gone.appending("folder"))
    } catch {
      if !error.isMissing {
        try FileSystem.removeTree(gone)
        throw error
      }
    }
    try FileSystem.removeTree(gone)
  }

  /// Every existing directory, with its size.
  func folders() throws(SystemCallError) -> [StoredFile] {
    var found: [StoredFile] = []
    func add(_ folder: Folder) throws(SystemCallError) {
      let path = path(of: folder)
      guard let status = try FileSystem.statusIfPresent(of: path), status.kind == .directory else { return }
      var share = StoreUsage.Share()
      try measure(path, into: &share)
      found.append(StoredFile(path: path, kind: .folder(folder), status: status, measured: share))
    }
    let wheels = root.appending("unpacked/wheels")
    for prefix in try listIfPresent(wheels) where prefix.kind == .directory {
      for entry in try listIfPresent(wheels.appending(prefix.name)) {
        if let digest = SHA256Digest(hex: entry.name) { try add(.wheel(digest)) }
      }
    }
    for entry in try listIfPresent(root.appending("unpacked/environments")) {
      if let digest = SHA256Digest(hex: entry.name) { try add(.environment(digest)) }
    }
    for entry in try listIfPresent(root.appending("shared")) where entry.kind == .directory {
      try add(.shared(entry.name))
    }
    for entry in try listIfPresent(root.appending("tools")) where entry.kind == .directory {
      try add(.tool(entry.name))
    }
    return found
  }

  /// Kilt's own lockfiles, `tools/NAME.lock`. The empty files among them are locks of processes.
  func ownLockfiles() throws(SystemCallError) -> [StoredFile] {
    let folder = root.appending("tools")
    var found: [StoredFile] = []
    for entry in try listIfPresent(folder) where entry.kind == .file && !entry.name.hasPrefix(".") {
      let path = folder.appending(entry.name)
      guard let status = try FileSystem.statusIfPresent(of: path), status.size > 0 else { continue }
      found.append(StoredFile(path: path, kind: .lockfile, status: status))
    }
    return found
  }

  /// Notes that a lockfile of Kilt's own was read.
  public func noteUse(ofLockfile path: FilePath) {
    // One that is gone again is not in use.
    if let status = try? FileSystem.status(of: path) { Self.noteUse(of: path, status) }
  }

  /// Incomplete directories of killed processes.
  func abandonedFolders() throws(SystemCallError) -> [FilePath] {
    // Unpacking wheels never takes that long.
    let limit = wallClockNanoseconds() - 86_400_000_000_000
    var found: [FilePath] = []
    for parent in [root.appending("incoming"), root.appending("unpacked/incoming")] {
      for entry in try listIfPresent(parent) where entry.kind == .directory {
        let path = parent.appending(entry.name)
        if let status = try FileSystem.statusIfPresent(of: path), status.modificationTime < limit { found.append(path) }
      }
    }
    return found
  }
}
