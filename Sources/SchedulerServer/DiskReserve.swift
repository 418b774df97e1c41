internal import SystemSupport

/// A file that takes room on the scheduler's disk until the room is needed to write the state: on a full disk, what cannot
/// be refused is still stored.
struct DiskReserve {
  private static let size = 4 << 20

  private let path: FilePath
  private(set) var isGivenUp = false

  init(_ path: FilePath) { self.path = path }

  /// Takes the room again; without any, it stays given up and is tried again later.
  mutating func restore() {
    do {
      if FileSystem.exists(path) {
        isGivenUp = false
        return
      }
      // Written, not sparse: only that takes room.
      try FileSystem.write([UInt8](repeating: 0xA5, count: Self.size), to: path, permissions: 0o600)
      isGivenUp = false
    } catch {
      isGivenUp = true
      // What was written of it would take the room of what must be written.
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
    // Without the file there is no room to give up, which the next write says.
    do { try FileSystem.removeFile(path) } catch {}
  }
}
