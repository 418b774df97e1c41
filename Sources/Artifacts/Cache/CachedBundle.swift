public import Digests
import Glibc
public import SystemSupport

/// A bundle in the cache, open and with a shared lock on it (flock(2)): eviction passes over it as long as this value
/// lives, or any process that inherited the descriptor.
public struct CachedBundle: ~Copyable {
  public let path: FilePath
  public let digest: SHA256Digest
  public let size: Int64
  public let commit: Commit
  /// When its manifest was created, in seconds since 1970.
  public internal(set) var created: Int64
  /// The segments and bytes that were fetched for it; nil if it was in the cache.
  public internal(set) var fetched: FetchSummary?
  private let file: FileDescriptor

  init(path: FilePath, record: HitRecord, commit: Commit, file: FileDescriptor) {
    self.path = path
    digest = record.digest
    size = record.size
    self.commit = commit
    created = record.created
    self.file = file
  }

  /// Keeps the lock in the program that replaces this process by execve(2), while that program runs. The descriptor
  /// gets a high number, because programs use 3 to 9.
  public consuming func keepAcrossExec() {
    // The copy has the same lock; with a low RLIMIT_NOFILE it gets the first free number.
    if fcntl(file.rawValue, F_DUPFD, 100) < 0 { _ = dup(file.rawValue) }
  }

  deinit { FileSystem.close(file) }
}
