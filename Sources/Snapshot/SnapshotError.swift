// Snapshot: state that outlives a process, as an image in memory that is mapped from an immutable file, changed in
// place, and written back as a journal of the changed bytes. Does not know the meaning of the bytes.

/// The reason why state could not be saved or read. Never a reason to fail a command: without state everything is
/// computed again.
public enum SnapshotError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The memory, or the address space, is not sufficient.
  case outOfMemory
  /// The bytes differ from the written ones.
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
