internal import Digests
internal import Synchronization
import SystemSupport

/// What a process uses of a store, so that collection leaves it alone: a shared lock on one byte of `leases` for each
/// blob, at an offset that its digest gives. The kernel gives the locks back however the process ends, a full disk does
/// not stand in the way, and nothing is to be cleaned up.
///
/// A collection takes the byte's exclusive lock before it removes a blob. So a blob that was found after it was held
/// stays there: ``ContentStore/contains(_:)`` holds first and looks then.
final class StoreLease: Sendable {
  private struct State {
    var locks: FileByteLocks?
    var held: Set<Int64> = []
  }

  private let path: FilePath
  private let state = Mutex(State())
  private let writtenBytes = Atomic<Int64>(0)

  /// What this process has put, in bytes.
  var written: Int64 { writtenBytes.load(ordering: .relaxed) }

  /// Counts what was put.
  func noteWritten(_ bytes: Int64) { writtenBytes.add(bytes, ordering: .relaxed) }

  init(root: FilePath) { path = Self.path(root: root) }

  static func path(root: FilePath) -> FilePath { root.appending("leases") }

  /// The byte of a blob. Blobs that share one are kept together, which costs nothing but room.
  static func byte(_ digest: SHA256Digest) -> Int64 { digest.bytes.prefix(4).reduce(0) { $0 << 8 | Int64($1) } }

  /// Keeps what is held held by the program that this process becomes.
  func keepAcrossExecution() { state.withLock { $0.locks?.keepAcrossExecution() } }

  /// Holds a blob, there or not, from now to the end of the process. A store whose folder is not there has nothing to
  /// hold.
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
    // Without a folder, or where nobody may write, nothing is removed either.
    if let failure, !failure.isMissing, failure.errno != .readOnlyFileSystem { throw failure }
  }
}
