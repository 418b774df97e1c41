// Snapshot: state that outlives a process, as an image in memory that is mapped from an immutable file, changed in
// place, and written back as a journal of the bytes that changed. It knows nothing of what the bytes mean.

/// Why state could not be kept or read. Never a reason to fail a command: without state everything is worked out anew.
public enum SnapshotError: Error, Sendable, Hashable, CustomStringConvertible {
  /// There is no memory, or no address space, for it.
  case outOfMemory
  /// The bytes are not what was written.
  case damaged(String)
  /// A system call failed.
  case system(String)

  /// For the note that says so.
  public var description: String {
    switch self {
    case .outOfMemory: "memory is exhausted"
    case .damaged(let what): "\(what) is damaged"
    case .system(let text): text
    }
  }
}
