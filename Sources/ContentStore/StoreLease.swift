internal import Digests
internal import Synchronization
import SystemSupport

/// The blobs that a process uses, so that collection leaves them alone: a shared lock on one byte of `leases` for each
/// blob, at an offset that follows from its digest. The kernel releases the locks however the process ends, they work
/// on a full disk, and need no cleanup.
///
/// A collection takes the exclusive lock of the byte before it removes a blob. So a blob that was found after it was
/// leased stays: ``ContentStore/contains(_:)`` takes the lease first and then looks.
final class StoreLease: Sendable {
  private struct State {
    var locks: FileByteLocks?
    var held: Set<Int64> = []
  }

  private let path: FilePath
  private let state = Mutex(State())
  private let writtenBytes = Atomic<Int64>(0)

  /// The bytes that this process has stored.
  var written: Int64 { writtenBytes.load(ordering: .relaxed) }

  /// Counts stored bytes.
  func noteWritten(_ bytes: Int64) { writtenBytes.add(bytes, ordering: .relaxed) }

  init(root: FilePath) { path = Self.path(root: root) }

  static func path(root: FilePath) -> FilePath { root.appending("leases") }

  /// The byte of a blob. Blobs that share a byte are kept together, which only costs space.
  static func byte(_ digest: SHA256Digest) -> Int64 { digest.bytes.prefix(4).reduce(0) { $0 << 8 | Int64($1) } }

  /// Keeps the leases for the program that this process becomes.
  func keepAcrossExecution() { state.withLock { $0.locks?.keepAcrossExecution() } }

  /// Leases a blob, existing or not, until the end of the process. A store without a directory has nothing to lease.
  func hold(_ digest: SHA256Digest) throws(SystemCallError) {
    let byte = Self.byte(digest)
    let failure = state.withLock { state -> SystemCallError? in
      guard !state.held.contains(byte) else { return nil }
      do throws(SystemCallError) {
        if state.locks == nil { state.locks = try FileByteLocks(path) }
        try state.locks?.lock(byte, .shared)
        state.held.insert(byte)
        return nil
      } catch {
        return error
      }
    }
    // Without a directory, or without write access, nothing is removed either.
    if let failure, !failure.isMissing, failure.errno != .readOnlyFileSystem { throw failure }
  }
}
