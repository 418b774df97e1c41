internal import Glibc
internal import JobModel

/// Reports which task directories have changed, by inotify(7): no file is opened for an idle task.
///
/// The executor appends to `checkpoint`, and its end, however it comes, closes `lock`: both are events of the
/// directory. Activity of a task in its sandbox is not. The watches save work, but are not a source of truth: a
/// directory that cannot be watched is checked periodically.
final class DirectoryWatches {
  /// The events in a task's directory.
  enum Change {
    case records
    /// The executor's lock was closed. The event comes a moment before the lock is free.
    case end
  }

  private let descriptor: CInt
  private var tasks: [CInt: TaskID] = [:]
  private var watches: [TaskID: CInt] = [:]
  private var buffer = [UInt8](repeating: 0, count: 65536)

  init() { descriptor = inotify_init1(CInt(IN_NONBLOCK) | CInt(IN_CLOEXEC)) }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Watches a task's directory from now on. False if the system refuses: too many watches, or no such directory yet.
  func watch(_ path: String, of task: TaskID) -> Bool {
    if watches[task] != nil { return true }
    guard descriptor >= 0 else { return false }
    let mask = UInt32(IN_MODIFY) | UInt32(IN_MOVED_TO) | UInt32(IN_CREATE) | UInt32(IN_CLOSE_WRITE) | UInt32(IN_ONLYDIR)
    let watch = inotify_add_watch(descriptor, path, mask)
    guard watch >= 0 else { return false }
    watches[task] = watch
    tasks[watch] = task
    return true
  }

  func forget(_ task: TaskID) {
    guard let watch = watches.removeValue(forKey: task) else { return }
    tasks[watch] = nil
    inotify_rm_watch(descriptor, watch)
  }

  /// Returns the events since the last call, or nil if the system lost events: then everything can have changed.
  func changes() -> [TaskID: Change]? {
    var changes: [TaskID: Change] = [:]
    guard descriptor >= 0 else { return changes }
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return changes }
      var offset = 0
      var hasLost = false
      buffer.withUnsafeBytes { bytes in
        while offset + MemoryLayout<inotify_event>.size <= count {
          let event = bytes.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
          let name = bytes[(offset + MemoryLayout<inotify_event>.size)...].prefix(Int(event.len)).prefix { $0 != 0 }
          offset += MemoryLayout<inotify_event>.size + Int(event.len)
          if event.mask & UInt32(IN_Q_OVERFLOW) != 0 { hasLost = true }
          guard let task = tasks[event.wd] else { continue }
          if event.mask & UInt32(IN_IGNORED) != 0 {
            watches[task] = nil
            tasks[event.wd] = nil
            continue
          }
          if name.elementsEqual("checkpoint".utf8) {
            if changes[task] == nil { changes[task] = .records }
          } else if name.elementsEqual("lock".utf8), event.mask & UInt32(IN_CLOSE_WRITE) != 0 {
            changes[task] = .end
          }
        }
      }
      if hasLost { return nil }
    }
  }
}
