import Digests
public import JSON

extension Manifest {
  /// The manifest's file: JSON, members in this order, with a final newline.
  public var json: JSONValue {
    var object = JSONObject([
      ("format", .int(Self.formatVersion)),
      ("name", .string(key.name.text)),
      ("commit", .string(key.commit.text)),
      ("platform", .string(key.platform.text)),
      ("file", .members(["sha256": .string(digest.hex), "size": .int(size)])),
      ("segments", .array(segments.map(\.json))),
    ])
    object["entry_point"] = entryPoint.map { .string($0) }
    object["interpreter_constraints"] = .strings(interpreterConstraints)
    object["branch"] = branch.map { .string($0) }
    object["on_main"] = .bool(isOnMain)
    object["builder"] = .string(builder)
    object["created"] = .string(Timestamp.text(created))
    if !provenance.isEmpty { object["provenance"] = .object(provenance) }
    return .object(object)
  }

  /// The bytes that are stored.
  public var bytes: [UInt8] { json.bytes(.pretty) + [UInt8(ascii: "\n")] }
}

extension Manifest.Segment {
  var json: JSONValue {
    .members(["kind": .string(kind), "name": .string(name), "sha256": .string(digest.hex), "size": .int(size)])
  }
}

/// Limits on what a repository may make us believe.
enum ManifestLimits {
  /// Bytes of a manifest's file.
  static let file = 8 << 20
  static let segments = 20_000
  /// Bytes of a bundle.
  static let bundle: Int64 = 1 << 40
  /// Bytes of a text member.
  static let text = 1_024
}

/// Why a manifest cannot be used.
struct ManifestFault: Error {
  var reason: String
  init(_ reason: String) { self.reason = reason }
}

extension Manifest {
  /// Reads a manifest, believing nothing: it must be of the key it was asked for, its segments must add up to its file,
  /// and every digest, size and text must be within its limits. Members it does not know are passed over.
  init(parsing bytes: [UInt8], for key: ManifestKey) throws(ManifestFault) {
    guard bytes.count <= ManifestLimits.file else { throw ManifestFault("it is too large") }
    let value: JSONValue
    do throws(JSONError) { value = try JSONValue(parsing: bytes) } catch { throw ManifestFault("\(error)") }
    guard let format = value["format"]?.int else { throw ManifestFault("it has no \"format\"") }
    guard format == Self.formatVersion else {
      throw ManifestFault("it is of format \(format), and this version of Kilt reads format \(Self.formatVersion)")
    }
    for (member, expected) in [
      ("name", key.name.text), ("commit", key.commit.text), ("platform", key.platform.text),
    ] where value[member]?.string != expected {
      throw ManifestFault("its \"\(member)\" is not \(quoted(expected))")
    }
    guard let file = value["file"], let digest = file["sha256"]?.string.flatMap({ SHA256Digest(hex: $0) }) else {
      throw ManifestFault("its \"file\" has no \"sha256\"")
    }
    guard let size = file["size"]?.int, (0...ManifestLimits.bundle).contains(size) else {
      throw ManifestFault("its \"file\" has no usable \"size\"")
    }
    guard let listed = value["segments"]?.array, (1...ManifestLimits.segments).contains(listed.count) else {
      throw ManifestFault("it has no usable \"segments\"")
    }
    var segments: [Segment] = []
    segments.reserveCapacity(listed.count)
    var total: Int64 = 0
    for entry in listed {
      let segment = try Segment(parsing: entry, position: segments.count)
      total += segment.size
      guard total <= size else { throw ManifestFault("its segments are larger than its file") }
      segments.append(segment)
    }
    guard total == size else { throw ManifestFault("its segments are smaller than its file") }
    guard let created = value["created"]?.string.flatMap({ Timestamp.seconds($0) }) else {
      throw ManifestFault("it has no usable \"created\"")
    }
    self.init(
      key: key, digest: digest, size: size, segments: segments,
      entryPoint: try Self.text("entry_point", of: value),
      interpreterConstraints: value["interpreter_constraints"]?.strings ?? [],
      branch: try Self.text("branch", of: value), isOnMain: value["on_main"]?.bool ?? false,
      builder: try Self.text("builder", of: value) ?? "", created: created,
      provenance: value["provenance"]?.object ?? JSONObject())
  }

  fileprivate static func text(_ member: String, of value: JSONValue) throws(ManifestFault) -> String? {
    guard let text = value[member]?.string else { return nil }
    // These reach terminals and logs.
    guard text.utf8.count <= ManifestLimits.text, text.unicodeScalars.allSatisfy({ $0.value >= 32 && $0.value != 127 })
    else { throw ManifestFault("its \"\(member)\" is not a plain text") }
    return text
  }
}

extension Manifest.Segment {
  fileprivate init(parsing value: JSONValue, position: Int) throws(ManifestFault) {
    guard let digest = value["sha256"]?.string.flatMap({ SHA256Digest(hex: $0) }) else {
      throw ManifestFault("segment \(position) has no \"sha256\"")
    }
    guard let size = value["size"]?.int, (0...ManifestLimits.bundle).contains(size) else {
      throw ManifestFault("segment \(position) has no usable \"size\"")
    }
    self.init(
      kind: try Manifest.text("kind", of: value) ?? "", name: try Manifest.text("name", of: value) ?? "",
      digest: digest, size: size)
  }
}
