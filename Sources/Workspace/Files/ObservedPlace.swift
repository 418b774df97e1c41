public import Snapshot
internal import SystemPackage
public import SystemSupport

/// What stat(2) says of a file or folder that the state has no row for: whether it is as it was is seen without reading it.
public struct ObservedPlace: Sendable, Hashable {
  public var path: String
  /// Size, times, inode and mode; empty where nothing is.
  public var stamp: [Int64]
  private var followsLinks: Bool

  /// What is there now.
  public init(_ path: FilePath, followingLinks: Bool = true) {
    self.path = path.string
    followsLinks = followingLinks
    // What cannot be looked at is as good as not there.
    guard let status = try? FileSystem.status(of: path, followingLinks: followingLinks) else {
      stamp = []
      return
    }
    // The size of a folder says nothing.
    stamp = [
      status.kind == .directory ? 0 : status.size, status.modificationTime, status.changeTime,
      Int64(bitPattern: status.inode), Int64(status.permissions),
    ]
  }

  /// Whether what is there now is the same.
  public var isSame: Bool { ObservedPlace(FilePath(path), followingLinks: followsLinks) == self }

  /// Whether a change in the same tick of the clock could have left the stamp as it is.
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
