import Digests
public import JSON
import SystemSupport

/// A software bill of materials: CycloneDX 1.5 in JSON, from the wheels in a bundle.
///
/// A function of the contents alone: neither commit nor time is in it, so that commits with equal inputs share one.
public struct BillOfMaterials: Sendable, Hashable {
  /// A third-party package in the bundle.
  public struct Component: Sendable, Hashable {
    /// Normalized (PEP 503).
    public var name: String
    public var version: String
    /// The SHA-256 of the wheel, in hexadecimal digits.
    public var sha256: String
    public var fileName: String

    public init(name: String, version: String, sha256: String, fileName: String) {
      self.name = name
      self.version = version
      self.sha256 = sha256
      self.fileName = fileName
    }

    /// The component of a wheel's file name (PEP 427); nil for another name.
    public init?(wheel fileName: String, sha256: String) {
      guard let (name, version) = Self.parse(wheel: fileName) else { return nil }
      self.init(name: name, version: version, sha256: sha256, fileName: fileName)
    }

    /// Name and version of a wheel's file name, the name normalized; nil for another name.
    public static func parse(wheel fileName: String) -> (name: String, version: String)? {
      guard fileName.hasSuffix(".whl") else { return nil }
      let parts = fileName.dropLast(4).split(separator: "-", omittingEmptySubsequences: false)
      guard parts.count == 5 || parts.count == 6, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
      return (normalized(parts[0]), String(parts[1]))
    }

    /// A package's name as PEP 503 writes it.
    public static func normalized(_ name: some StringProtocol) -> String {
      var result = ""
      for character in name.lowercased() {
        let isSeparator = character == "-" || character == "_" || character == "."
        if isSeparator, result.hasSuffix("-") { continue }
        result.append(isSeparator ? "-" : character)
      }
      return result
    }

    /// The package URL (purl-spec, type `pypi`).
    public var packageURL: String { "pkg:pypi/\(name)@\(PercentEncoding.encode(version))" }

    /// Unique in one bill, also where two wheels of a package are for two platforms.
    var reference: String { "\(packageURL)#\(fileName)" }
  }

  public var artifact: ArtifactName
  public var components: [Component]

  public init(artifact: ArtifactName, components: [Component]) {
    self.artifact = artifact
    self.components = components.sorted { ($0.name, $0.fileName) < ($1.name, $1.fileName) }
  }

  public var json: JSONValue {
    let root = "pkg:generic/\(artifact)"
    var value = JSONObject([
      ("$schema", "http://cyclonedx.org/schema/bom-1.5.schema.json"), ("bomFormat", "CycloneDX"),
      ("specVersion", "1.5"), ("version", 1),
      (
        "metadata",
        .members([
          "component": .members([
            "type": "application", "bom-ref": .string(root), "name": .string(artifact.text),
          ]),
          "tools": .members([
            "components": .array([
              .members(["type": "application", "name": "kilt", "version": .string(kiltVersion)])
            ])
          ]),
        ])
      ),
      ("components", .array(components.map(Self.json))),
      (
        "dependencies",
        .array([
          .members(["ref": .string(root), "dependsOn": .strings(components.map(\.reference))])
        ])
      ),
    ])
    // An identifier of the contents (RFC 9562, version 8), so that equal bills are equal bytes.
    var bytes = Array(SHA256Digest.of(JSONValue.object(value).bytes(.canonical)).bytes.prefix(16))
    bytes[6] = bytes[6] & 0x0F | 0x80
    bytes[8] = bytes[8] & 0x3F | 0x80
    let hex = String(hexadecimal: bytes)
    var parts: [Substring] = []
    var rest = hex[...]
    for count in [8, 4, 4, 4, 12] {
      parts.append(rest.prefix(count))
      rest = rest.dropFirst(count)
    }
    value["serialNumber"] = .string("urn:uuid:" + parts.joined(separator: "-"))
    return .object(value)
  }

  private static func json(_ component: Component) -> JSONValue {
    .members([
      "type": "library", "bom-ref": .string(component.reference), "name": .string(component.name),
      "version": .string(component.version), "purl": .string(component.packageURL),
      "hashes": .array([.members(["alg": "SHA-256", "content": .string(component.sha256)])]),
      "properties": .array([
        .members(["name": "kilt:wheel", "value": .string(component.fileName)])
      ]),
    ])
  }

  /// The file.
  public var bytes: [UInt8] { json.bytes(.canonical) }
}
