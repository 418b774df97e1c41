import Digests
public import JSON

extension Manifest {
  /// The facts of the manifest as JSON, in reading order, without signatures.
  ///
  /// Format 2. A manifest that was read in format 1 is written in format 1, so that its digest stays.
  public var json: JSONValue { format == 1 ? .object(format1) : .object(format2) }

  private var format1: JSONObject {
    var object = JSONObject([
      ("format", .int(1)), ("name", .string(key.name.text)), ("commit", .string(key.commit.text)),
      ("platform", .string(key.platform.text)),
      ("file", .members(["sha256": .string(digest.hex), "size": .int(size)])),
      ("segments", .array(segments.map(\.json))),
    ])
    object["entry_point"] = entryPoint.map { .string($0) }
    object["interpreter_constraints"] = .strings(interpreterConstraints)
    object["branch"] = branch.map { .string($0) }
    object["on_main"] = .bool(isOnMain)
    object["builder"] = .string(builder)
    object["created"] = .string(RFC3339.text(created))
    if !provenance.isEmpty { object["provenance"] = .object(provenance) }
    return object
  }

  private var format2: JSONObject {
    var object = JSONObject([
      ("format", .int(2)), ("name", .string(key.name.text)), ("commit", .string(key.commit.text)),
      ("platform", .string(key.platform.text)),
      ("file", .members(["tree": .string(digest.hex), "size": .int(size)])),
    ])
    if let origin {
      object["origin"] = .string(origin.text)
    } else {
      object["segments"] = .array(segments.map(\.json))
    }
    object["entry_point"] = entryPoint.map { .string($0) }
    object["interpreter_constraints"] = .strings(interpreterConstraints)
    object["branch"] = branch.map { .string($0) }
    object["clean"] = .bool(isClean)
    object["pushed"] = .strings(pushed)
    object["on_main"] = .bool(isOnMain)
    object["lockfile"] = lockfile.map { .string($0.hex) }
    object["inputs"] = inputs.map { .string($0.hex) }
    object["target"] = target.map { .string($0) }
    object["builder"] = .string(builder)
    object["buildUrl"] = buildURL.map { .string($0) }
    object["created"] = .string(RFC3339.text(created))
    object["sbom"] = sbom.map { .members(["sha256": .string($0.digest.hex), "size": .int($0.size)]) }
    if !provenance.isEmpty { object["provenance"] = .object(provenance) }
    return object
  }

  /// The canonical bytes: JSON on one line, members sorted by name, no spaces. Signatures are over their SHA-256.
  public var canonicalBytes: [UInt8] { json.bytes(.canonical) }
}

extension Manifest.Segment {
  var json: JSONValue {
    .members(["kind": .string(kind), "name": .string(name), "sha256": .string(digest.hex), "size": .int(size)])
  }
}

/// Limits on the values that a repository can send to a reader.
enum ManifestLimits {
  /// Bytes of a manifest's file.
  static let file = 8 << 20
  static let segments = 20_000
  /// Bytes of a bundle.
  static let bundle: Int64 = 1 << 40
  /// Bytes of a text member.
  static let text = 1_024
  /// Entries of a list of texts.
  static let texts = 1_000
}

/// The reason why a manifest is refused.
struct ManifestFault: Error {
  var reason: String
  init(_ reason: String) { self.reason = reason }
}
