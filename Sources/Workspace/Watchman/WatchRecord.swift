internal import Snapshot

/// What is kept of a watch from run to run.
struct WatchRecord: Equatable {
  /// The process of the server.
  var process: Int
  /// Whether its word can be taken: it sees all that the workspace consists of.
  var isUsable: Bool
  /// The generation of the state in which it was found not to be: it is tried again some time later, as directories that
  /// came and went meanwhile look the same.
  var refusedAt: UInt32 = 0
  /// Rows of files with this number were as they say at the time of the clock, or later.
  var epoch: UInt32
  /// The directory that is watched: the workspace's root or one above.
  var root: String
  /// The workspace's root from there.
  var relativeRoot: String
  /// What was touched later than this is still to be told of.
  var clock: String
  /// See ``WatchmanServer/mounts(around:)``.
  var mounts: String
  /// What the server does not watch, from the workspace's root.
  var unwatched: [String]

  var bytes: [UInt8] {
    var writer = ByteWriter()
    writer.write(process)
    writer.write(isUsable)
    writer.write(UInt64(refusedAt))
    writer.write(UInt64(epoch))
    for text in [root, relativeRoot, clock, mounts] { writer.write(text) }
    writer.write(list: unwatched) { $0.write($1) }
    return writer.bytes
  }

  init(
    process: Int, epoch: UInt32, root: String, relativeRoot: String, clock: String, mounts: String, unwatched: [String]
  ) {
    (self.process, self.epoch, isUsable) = (process, epoch, true)
    (self.root, self.relativeRoot, self.clock, self.mounts) = (root, relativeRoot, clock, mounts)
    self.unwatched = unwatched
  }

  /// Nil for bytes that are no record.
  init?(bytes: UnsafeRawBufferPointer) {
    if bytes.isEmpty { return nil }
    var reader = ByteReader(bytes)
    do throws(SnapshotError) {
      process = try reader.int()
      isUsable = try reader.bool()
      refusedAt = UInt32(truncatingIfNeeded: try reader.unsigned())
      epoch = UInt32(truncatingIfNeeded: try reader.unsigned())
      root = try reader.string()
      relativeRoot = try reader.string()
      clock = try reader.string()
      mounts = try reader.string()
      unwatched = try reader.list { reader throws(SnapshotError) in try reader.string() }
    } catch {
      // Then everything is looked at.
      return nil
    }
  }
}
