public import Snapshot
internal import SystemPackage
public import SystemSupport

/// The result of stat(2) for a file or directory without a row in the state. It detects changes without reading the
/// file.
public struct ObservedPlace: Sendable, Hashable {
  public var path: String
  /// Size, times, inode and mode; empty for a missing file.
  public var stamp: [Int64]
  private var followsLinks: Bool

  /// The current result.
  public init(_ path: FilePath, followingLinks: Bool = true) {
    self.path = path.string
    followsLinks = followingLinks
    // A file that cannot be examined counts as missing.
    guard let status = try? FileSystem.status(of: path, followingLinks: followingLinks) else {
      stamp = []
      return
    }
    // The size of a directory has no meaning.
    stamp = [
      status.kind == .directory ? 0 : status.size, status.modificationTime, status.changeTime,
      Int64(bitPattern: status.inode), Int64(status.permissions),
    ]
  }

  /// Whether the current result is the same.
  public var isSame: Bool { ObservedPlace(FilePath(path), followingLinks: followsLinks) == self }

  /// Whether a change in the same tick of the clock could have left the stamp unchanged.
  ///
  /// - Parameter capture: as ``WorkspaceState/captureTime()``.
  public func isRacy(capture: Int64) -> Bool { stamp.count > 2 && (stamp[1] >= capture || stamp[2] >= capture) }

  /// Writes it for the state.
  public func encode(into writer: inout ByteWriter) {
    writer.write(path)
    writer.write(list: stamp) { $0.write(signed: $1) }
    writer.write(followsLinks)
  }

  /// Reads it from the state.
  public init(from reader: inout ByteReader) throws(SnapshotError) {
    path = try reader.string()
    stamp = try reader.list { reader throws(SnapshotError) in try reader.signed() }
    followsLinks = try reader.bool()
  }
}
