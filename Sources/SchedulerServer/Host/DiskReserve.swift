internal import SystemSupport

/// A file that occupies space on the scheduler's disk until the space is needed to write the state: on a full disk,
/// events that cannot be refused are still stored.
struct DiskReserve {
  private static let size = 4 << 20

  private let path: FilePath
  private(set) var isGivenUp = false

  init(_ path: FilePath) { self.path = path }

  /// Occupies the space again; if that fails, the space stays free and is tried again later.
  mutating func restore() {
    do {
      if FileSystem.exists(path) {
        isGivenUp = false
        return
      }
      // Written, not sparse: only that occupies space.
      try FileSystem.write([UInt8](repeating: 0xA5, count: Self.size), to: path, permissions: 0o600)
      isGivenUp = false
    } catch {
      isGivenUp = true
      // Its partial contents would occupy the space of data that must be written.
      removeFile()
    }
  }

  /// Lets go of the room.
  mutating func giveUp() {
    guard !isGivenUp else { return }
    isGivenUp = true
    removeFile()
  }

  private func removeFile() {
    // Without the file there is no space to free, which the next write reports.
    do { try FileSystem.removeFile(path) } catch {}
  }
}
