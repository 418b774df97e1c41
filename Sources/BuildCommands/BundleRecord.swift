internal import Bundles
internal import Digests
internal import JSON
internal import SystemSupport

/// What the last build of an artifact was made of and what it gave: kept in the state folder, so that a build of the
/// same inputs has nothing to do. Losing it costs a build, never correctness.
struct BundleRecord {
  /// The digest of everything that the bundle's bytes depend on.
  var key: SHA256Digest
  var bundle: Bundle
  /// Size, modification time and inode of the file as it was left.
  var stamp: [Int64]

  /// The record at a path; nil when there is none that makes sense.
  ///
  /// - Parameter root: the workspace's. Records name files from there, so that one that was copied or moved with its
  ///   workspace speaks of the files beside it.
  static func read(_ path: FilePath, root: FilePath) -> BundleRecord? {
    // Without a record that can be read, everything is built anew.
    guard let bytes = try? FileSystem.read(path), let json = try? JSONValue(parsing: bytes) else { return nil }
    return BundleRecord(json: json, root: root)
  }

  func write(to path: FilePath, root: FilePath) throws(SystemCallError) {
    try FileSystem.write(json(root: root).bytes(.pretty), to: path)
  }

  /// Whether the file is still the one that was left.
  var isIntact: Bool {
    // A file that can not be looked at is as good as gone.
    guard let status = try? FileSystem.status(of: bundle.path) else { return false }
    return stamp == Self.stamp(of: status)
  }

  static func stamp(of status: FileStatus) -> [Int64] {
    [status.size, status.modificationTime, Int64(bitPattern: status.inode)]
  }
}

extension BundleRecord {
  private func json(root: FilePath) -> JSONValue {
    var path = bundle.path
    _ = path.removePrefix(root)
    return .members([
      "key": .string(key.hex), "path": .string(path.string), "sha256": .string(bundle.sha256.hex),
      "size": .int(Int64(bundle.size)), "id": .string(bundle.id),
      "minors": .array(bundle.pythonMinors.map { .int(Int64($0)) }),
      "stamp": .array(stamp.map { .int($0) }),
      "segments": .array(
        bundle.segments.map {
          .members([
            "kind": .string($0.kind.rawValue), "name": .string($0.name), "sha256": .string($0.sha256.hex),
            "offset": .int(Int64($0.offset)), "size": .int(Int64($0.size)),
          ])
        }),
    ])
  }

  private init?(json: JSONValue, root: FilePath) {
    func digest(_ value: JSONValue?) -> SHA256Digest? { value?.string.flatMap { SHA256Digest(hex: $0) } }
    func unsigned(_ value: JSONValue?) -> UInt64? { value?.int.flatMap { UInt64(exactly: $0) } }
    guard let key = digest(json["key"]), let path = json["path"]?.string, let sha256 = digest(json["sha256"]),
      let size = unsigned(json["size"]), let id = json["id"]?.string,
      let minors = json["minors"]?.array?.compactMap({ $0.int.map(Int.init) }),
      let stamp = json["stamp"]?.array?.compactMap(\.int), let segments = json["segments"]?.array
    else { return nil }
    let read = segments.compactMap { segment -> Bundle.Segment? in
      guard let kind = segment["kind"]?.string.flatMap({ Bundle.Segment.Kind(rawValue: $0) }),
        let name = segment["name"]?.string, let sha256 = digest(segment["sha256"]),
        let offset = unsigned(segment["offset"]), let size = unsigned(segment["size"])
      else { return nil }
      return Bundle.Segment(kind: kind, name: name, sha256: sha256, offset: offset, size: size)
    }
    guard read.count == segments.count else { return nil }
    self.init(
      key: key,
      bundle: Bundle(
        path: root.pushing(FilePath(path)), sha256: sha256, size: size, segments: read, id: id, pythonMinors: minors,
        collisions: []),
      stamp: stamp)
  }
}
