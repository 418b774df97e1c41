public import Digests
public import JSON
import SystemSupport

/// An in-toto statement (in-toto/attestation: spec/v1/statement.md): a predicate about subjects that are named by digest.
public struct Statement: Sendable, Hashable {
  static let type = "https://in-toto.io/Statement/v1"
  static let provenance = "https://slsa.dev/provenance/v1"
  /// The predicates that mean "I built this": a signed statement of another kind, such as the result of a scan, does
  /// not identify the builder of its subject.
  static let provenances = [provenance, "https://slsa.dev/provenance/v0.2"]

  /// The digests of the subjects, by name.
  public var subjects: [(name: String, sha256: String)]
  public var predicateType: String
  public var predicate: JSONObject

  public static func == (left: Statement, right: Statement) -> Bool { left.json == right.json }
  public func hash(into hasher: inout Hasher) { hasher.combine(json) }

  /// The statement of a publisher about a manifest: SLSA provenance, version 1, with the manifest as its subject.
  ///
  /// - Parameter digest: the digest of the manifest's canonical bytes.
  public init(provenanceOf manifest: Manifest, digest: SHA256Digest) {
    subjects = [(RepositoryLayout.manifest(manifest.key), digest.hex)]
    if manifest.segments.count == 1 { subjects.append((manifest.fileName, manifest.segments[0].digest.hex)) }
    predicateType = Self.provenance
    var parameters = JSONObject([("artifact", .string(manifest.key.name.text))])
    parameters["target"] = manifest.target.map { .string($0) }
    parameters["platform"] = .string(manifest.key.platform.text)
    var sources: [JSONValue] = [
      .members([
        "name": "git", "digest": .members(["gitCommit": .string(manifest.key.commit.text)]),
        "annotations": .members(["branch": manifest.branch.map { .string($0) } ?? .null]),
      ])
    ]
    if let lockfile = manifest.lockfile {
      sources.append(.members(["name": "lockfile", "digest": .members(["sha256": .string(lockfile.hex)])]))
    }
    var metadata = JSONObject([("finishedOn", .string(RFC3339.text(manifest.created)))])
    metadata["invocationId"] = manifest.buildURL.map { .string($0) }
    predicate = JSONObject([
      (
        "buildDefinition",
        .members([
          "buildType": "urn:kilt:package:1", "externalParameters": .object(parameters),
          "internalParameters": .members(["inputs": manifest.inputs.map { .string($0.hex) } ?? .null]),
          "resolvedDependencies": .array(sources),
        ])
      ),
      (
        "runDetails",
        .members([
          "builder": .members([
            "id": .string(manifest.buildURL ?? "urn:kilt:builder"),
            "version": .members(["kilt": .string(kiltVersion)]),
          ]), "metadata": .object(metadata),
        ])
      ),
    ])
  }

  /// The statement of whoever put a release into an artifact repository.
  init(provenanceOf record: ManifestRecord) {
    subjects = [(record.path, record.digest.hex)]
    predicateType = Self.provenance
    predicate = JSONObject([
      (
        "buildDefinition",
        .members([
          "buildType": "urn:kilt:put:1",
          "externalParameters": .members(["artifact": .string(record.manifest.key.name.text)]),
          "internalParameters": .members([:]), "resolvedDependencies": .array([]),
        ])
      ),
      (
        "runDetails",
        .members([
          "builder": .members(["id": "urn:kilt:builder", "version": .members(["kilt": .string(kiltVersion)])]),
          "metadata": .members(["finishedOn": .string(RFC3339.text(record.manifest.created))]),
        ])
      ),
    ])
  }

  public var json: JSONValue {
    .members([
      "_type": .string(Self.type),
      "subject": .array(
        subjects.map { .members(["name": .string($0.name), "digest": .members(["sha256": .string($0.sha256)])]) }),
      "predicateType": .string(predicateType), "predicate": .object(predicate),
    ])
  }

  /// Reads a statement of version 1 or 0.1; nil for anything else, and for one without subjects.
  public init?(parsing bytes: [UInt8]) {
    let value: JSONValue
    // Bytes that are not JSON are not a statement.
    do throws(JSONError) { value = try JSONValue(parsing: bytes) } catch { return nil }
    guard [Self.type, "https://in-toto.io/Statement/v0.1"].contains(value["_type"]?.string),
      let type = value["predicateType"]?.string, let listed = value["subject"]?.array, !listed.isEmpty
    else { return nil }
    subjects = listed.compactMap { entry in
      entry["digest"]?["sha256"]?.string.map { (entry["name"]?.string ?? "", $0) }
    }
    guard subjects.count == listed.count else { return nil }
    predicateType = type
    predicate = value["predicate"]?.object ?? JSONObject()
  }

  /// Whether one of the subjects has this digest.
  func names(_ digest: SHA256Digest) -> Bool { subjects.contains { $0.sha256 == digest.hex } }
}
