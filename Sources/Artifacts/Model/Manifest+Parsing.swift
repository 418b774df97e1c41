import Digests
import JSON

extension Manifest {
  /// Reads a manifest of format 1 or 2 without trusting it: it must belong to the requested key, its segments must add
  /// up to its file, and each digest, size and text must be within limits. Skips unknown members.
  ///
  /// A manifest with an `origin` has no segments here; see ``Repository/manifest(_:)``.
  init(parsing value: JSONValue, for key: ManifestKey) throws(ManifestFault) {
    guard let format = value["format"]?.int else { throw ManifestFault("it has no \"format\"") }
    guard format == 1 || format == Self.formatVersion else {
      throw ManifestFault("it has format \(format), and this version of Kilt reads formats 1 to \(Self.formatVersion)")
    }
    for (member, expected) in [
      ("name", key.name.text), ("commit", key.commit.text), ("platform", key.platform.text),
    ] where value[member]?.string != expected {
      throw ManifestFault("its \"\(member)\" is not \(quoted(expected))")
    }
    let digestName = format == 1 ? "sha256" : "tree"
    guard let file = value["file"], let digest = file[digestName]?.string.flatMap({ SHA256Digest(hex: $0) }) else {
      throw ManifestFault("its \"file\" has no \"\(digestName)\"")
    }
    guard let size = file["size"]?.int, (0...ManifestLimits.bundle).contains(size) else {
      throw ManifestFault("its \"file\" has no usable \"size\"")
    }
    guard let created = value["created"]?.string.flatMap({ RFC3339.seconds($0) }) else {
      throw ManifestFault("it has no usable \"created\"")
    }
    let origin = format == 1 ? nil : try Self.origin(of: value)
    let segments = origin == nil ? try Self.segments(of: value, size: size) : []
    if format != 1, origin == nil, Self.treeDigest(of: segments) != digest {
      throw ManifestFault("its segments have another tree digest")
    }
    self.init(
      key: key, digest: digest, size: size, segments: segments,
      entryPoint: try Self.text("entry_point", of: value),
      interpreterConstraints: try Self.texts("interpreter_constraints", of: value),
      branch: try Self.text("branch", of: value), isClean: format == 1 || value["clean"]?.bool == true,
      isOnMain: value["on_main"]?.bool ?? false, builder: try Self.text("builder", of: value) ?? "", created: created,
      provenance: value["provenance"]?.object ?? JSONObject())
    self.format = format
    self.origin = origin
    if format == 1 {
      target = provenance["target"]?.string
      return
    }
    target = try Self.text("target", of: value)
    pushed = try Self.texts("pushed", of: value)
    lockfile = try Self.digest("lockfile", of: value)
    inputs = try Self.digest("inputs", of: value)
    buildURL = try Self.text("buildUrl", of: value)
    sbom = try value["sbom"].map { value throws(ManifestFault) in
      guard let digest = try Self.digest("sha256", of: value), let size = value["size"]?.int,
        (0...ManifestLimits.bundle).contains(size)
      else { throw ManifestFault("its \"sbom\" is not usable") }
      return Attachment(digest: digest, size: size)
    }
  }

  /// Reads the bytes of a manifest; see ``init(parsing:for:)-(JSONValue,_)``.
  init(parsing bytes: [UInt8], for key: ManifestKey) throws(ManifestFault) {
    try self.init(parsing: try Self.value(parsing: bytes), for: key)
  }

  /// The JSON value of a manifest's file.
  static func value(
    parsing bytes: [UInt8], limit: Int = ManifestLimits.file
  ) throws(ManifestFault) -> JSONValue {
    guard bytes.count <= limit else { throw ManifestFault("it is too large") }
    do throws(JSONError) { return try JSONValue(parsing: bytes) } catch { throw ManifestFault("\(error)") }
  }

  private static func origin(of value: JSONValue) throws(ManifestFault) -> Commit? {
    guard let member = value["origin"] else { return nil }
    guard let commit = member.string.flatMap({ Commit($0) }) else {
      throw ManifestFault("its \"origin\" is not a commit")
    }
    guard value["inputs"] != nil else { throw ManifestFault("it has an \"origin\" and no \"inputs\"") }
    return commit
  }

  private static func segments(of value: JSONValue, size: Int64) throws(ManifestFault) -> [Segment] {
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
    return segments
  }

  fileprivate static func text(_ member: String, of value: JSONValue) throws(ManifestFault) -> String? {
    guard let text = value[member]?.string else { return nil }
    guard isPlain(text) else { throw ManifestFault("its \"\(member)\" is not a plain text") }
    return text
  }

  private static func texts(_ member: String, of value: JSONValue) throws(ManifestFault) -> [String] {
    let texts = value[member]?.strings ?? []
    guard texts.count <= ManifestLimits.texts, texts.allSatisfy(isPlain) else {
      throw ManifestFault("its \"\(member)\" is not a list of plain texts")
    }
    return texts
  }

  private static func digest(_ member: String, of value: JSONValue) throws(ManifestFault) -> SHA256Digest? {
    guard let text = value[member] else { return nil }
    guard let digest = text.string.flatMap({ SHA256Digest(hex: $0) }) else {
      throw ManifestFault("its \"\(member)\" is not a digest")
    }
    return digest
  }

  /// Whether a text is safe for terminals and logs.
  static func isPlain(_ text: String) -> Bool {
    text.utf8.count <= ManifestLimits.text && text.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 }
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
