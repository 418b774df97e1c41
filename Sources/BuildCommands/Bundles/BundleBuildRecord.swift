internal import Bundles
internal import Digests
internal import JSON
internal import SystemSupport

/// The inputs and the result of the last build of an artifact: kept in the state directory, so that a build of the same
/// inputs has nothing to do. Losing it costs a build, never correctness.
struct BundleBuildRecord {
  /// The digest of everything that the bundle's bytes depend on.
  var key: SHA256Digest
  /// The format version of the bundles of the Kilt that wrote it.
  var format = BundleBuilder.formatDigest
  var bundle: Bundle
  /// The result of stat(2) for the bundle as Kilt left it.
  var stamp: SHA256Digest

  /// The record at a path; nil if there is no valid record.
  ///
  /// - Parameter root: the workspace's. Records name files from there, so that a record that was copied or moved with
  ///   its workspace refers to the files beside it.
  static func read(_ path: FilePath, root: FilePath) -> BundleBuildRecord? {
    // Without a readable record, everything is built again.
    guard let bytes = try? FileSystem.read(path), let json = try? JSONValue(parsing: bytes) else { return nil }
    return BundleBuildRecord(json: json, root: root)
  }

  func write(to path: FilePath, root: FilePath) throws(SystemCallError) {
    try FileSystem.write(json(root: root).bytes(.pretty), to: path)
  }

  /// Whether the bundle is still as Kilt left it.
  var isIntact: Bool {
    // A file that cannot be examined counts as missing.
    guard let now = try? Self.stamp(of: bundle.path) else { return false }
    return stamp == now
  }

  /// Changes with everything that a bundle can be noticed to differ by without reading it.
  static func stamp(of path: FilePath) throws(SystemCallError) -> SHA256Digest {
    let status = try FileSystem.status(of: path)
    if status.kind == .directory { return try BundleDirectory(path).stamp() }
    var encoder = CanonicalEncoder()
    for number in [
      status.size, status.modificationTime, status.changeTime, Int64(bitPattern: status.inode),
      Int64(bitPattern: status.device),
    ] { encoder.append(number) }
    return encoder.digest
  }
}

extension BundleBuildRecord {
  private func json(root: FilePath) -> JSONValue {
    var path = bundle.path
    _ = path.removePrefix(root)
    return .members([
      "key": .string(key.hex), "path": .string(path.string), "layout": .string(bundle.layout.rawValue),
      "format": .string(format.hex), "size": .int(Int64(bundle.size)), "id": .string(bundle.id),
      "minors": .array(bundle.pythonMinors.map { .int(Int64($0)) }),
      "stamp": .string(stamp.hex), "members": .int(Int64(bundle.memberCount)),
      "platforms": .array(bundle.platforms.map { .strings($0) }),
      "collisions": .array(
        bundle.collisions.map {
          .members([
            "path": .string($0.path), "used": .string($0.used), "hidden": .string($0.hidden),
            "harmless": .bool($0.isHarmless),
          ])
        }),
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
    guard let key = digest(json["key"]), let path = json["path"]?.string, let format = digest(json["format"]),
      let layout = json["layout"]?.string.flatMap({ BundleSpecification.Layout(rawValue: $0) }),
      let size = unsigned(json["size"]), let id = json["id"]?.string,
      let minors = json["minors"]?.array?.compactMap({ $0.int.map(Int.init) }),
      let stamp = digest(json["stamp"]), let segments = json["segments"]?.array,
      let members = json["members"]?.int, let platforms = json["platforms"]?.array?.compactMap(\.strings),
      let collisions = json["collisions"]?.array
    else { return nil }
    let read = segments.compactMap { segment -> Bundle.Segment? in
      guard let kind = segment["kind"]?.string.flatMap({ Bundle.Segment.Kind(rawValue: $0) }),
        let name = segment["name"]?.string, let sha256 = digest(segment["sha256"]),
        let offset = unsigned(segment["offset"]), let size = unsigned(segment["size"])
      else { return nil }
      return Bundle.Segment(kind: kind, name: name, sha256: sha256, offset: offset, size: size)
    }
    let met = collisions.compactMap { collision -> Bundle.Collision? in
      guard let path = collision["path"]?.string, let used = collision["used"]?.string,
        let hidden = collision["hidden"]?.string, let isHarmless = collision["harmless"]?.bool
      else { return nil }
      return Bundle.Collision(path: path, used: used, hidden: hidden, isHarmless: isHarmless)
    }
    guard read.count == segments.count, met.count == collisions.count else { return nil }
    var bundle = Bundle(
      path: root.pushing(FilePath(path)), size: size, segments: read, id: id, pythonMinors: minors, collisions: met)
    bundle.memberCount = Int(members)
    bundle.layout = layout
    bundle.platforms = platforms
    self.init(key: key, format: format, bundle: bundle, stamp: stamp)
  }
}
