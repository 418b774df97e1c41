public import Digests
public import JSON

/// The version of a release: a semantic version (semver.org, version 2.0.0), or for third-party files any plain label.
public struct ReleaseVersion: Sendable, Hashable, CustomStringConvertible {
  /// The two types of releases.
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    /// Jars and tarballs of your own, by semantic version.
    case version
    /// Third-party files, put there once.
    case `static`
  }

  public let kind: Kind
  public let text: String

  /// The version; nil for a range, and for any other text that does not name exactly one release.
  public init?(_ text: some StringProtocol, kind: Kind) {
    guard (1...64).contains(text.utf8.count), ArtifactName(text) != nil else { return nil }
    if kind == .version, !Self.isSemantic(text) { return nil }
    self.kind = kind
    self.text = String(text)
  }

  /// The version, or an error that describes a valid version.
  public init(validating text: some StringProtocol, kind: Kind) throws(ArtifactError) {
    guard let version = ReleaseVersion(text, kind: kind) else { throw .invalidVersion(String(text), kind) }
    self = version
  }

  /// `MAJOR.MINOR.PATCH`, then optionally `-PRERELEASE` and `+BUILD` of identifiers that dots separate.
  private static func isSemantic(_ text: some StringProtocol) -> Bool {
    let build = text.split(separator: "+", maxSplits: 1, omittingEmptySubsequences: false)
    let release = build[0].split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    let numbers = release[0].split(separator: ".", omittingEmptySubsequences: false)
    func isNumber(_ text: some StringProtocol) -> Bool {
      !text.isEmpty && text.utf8.allSatisfy { (48...57).contains($0) } && (text == "0" || !text.hasPrefix("0"))
    }
    func areIdentifiers(_ text: some StringProtocol, numbersAreStrict: Bool) -> Bool {
      text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
        let isWord = !part.isEmpty && part.utf8.allSatisfy { $0 == 45 || ArtifactName.isWord($0) && $0 != 95 }
        let isDigits = part.utf8.allSatisfy { (48...57).contains($0) }
        return isWord && (!numbersAreStrict || !isDigits || isNumber(part))
      }
    }
    return numbers.count == 3 && numbers.allSatisfy { isNumber($0) }
      && (release.count == 1 || areIdentifiers(release[1], numbersAreStrict: true))
      && (build.count == 1 || areIdentifiers(build[1], numbersAreStrict: false))
  }

  public var description: String { text }
}

/// Files that somebody put into an artifact repository under a name and a version. Immutable, as manifests are.
public struct Release: Sendable, Hashable {
  public struct File: Sendable, Hashable {
    /// A plain file name.
    public var name: ArtifactName
    public var digest: SHA256Digest
    /// Bytes.
    public var size: Int64

    public init(name: ArtifactName, digest: SHA256Digest, size: Int64) {
      self.name = name
      self.digest = digest
      self.size = size
    }
  }

  public var name: ArtifactName
  public var version: ReleaseVersion
  public var files: [File]
  public var builder: String
  /// Seconds since 1970.
  public var created: Int64
  /// The signature over the release without this member.
  public var envelope: Envelope?
  static let maximumFiles = 1_000

  public init(name: ArtifactName, version: ReleaseVersion, files: [File], builder: String, created: Int64) {
    self.name = name
    self.version = version
    self.files = files.sorted { $0.name < $1.name }
    self.builder = builder
    self.created = created
  }

  /// The digest that jobs pin: for one file its SHA-256; for several the SHA-256 of the lines `DIGEST SIZE NAME`, by
  /// name, after the line `kilt files 1`.
  public var digest: SHA256Digest {
    if files.count == 1 { return files[0].digest }
    var hasher = SHA256Hasher()
    hasher.update("kilt files 1\n")
    for file in files { hasher.update("\(file.digest) \(file.size) \(file.name)\n") }
    return hasher.digest()
  }

  public var size: Int64 { files.reduce(0) { $0 + $1.size } }

  /// The facts as JSON, with the signature.
  public var json: JSONValue {
    guard let envelope, case .object(var object) = facts else { return facts }
    object["envelope"] = envelope.json
    return .object(object)
  }

  private var facts: JSONValue {
    .members([
      "format": .int(Manifest.formatVersion), "type": .string(version.kind.rawValue), "name": .string(name.text),
      "version": .string(version.text),
      "files": .array(
        files.map {
          .members(["name": .string($0.name.text), "sha256": .string($0.digest.hex), "size": .int($0.size)])
        }),
      "builder": .string(builder), "created": .string(RFC3339.text(created)),
    ])
  }

  var bytes: [UInt8] { json.bytes(.canonical) }

  /// Signs the release: SLSA provenance whose subject is the SHA-256 of its canonical bytes without the signature.
  public mutating func sign(with signer: any ManifestSigner) throws(ArtifactError) {
    var envelope = envelope ?? Envelope(payload: Statement(provenanceOf: record).json.bytes(.compact))
    try envelope.sign(with: signer)
    self.envelope = envelope
  }

  /// The release in the form of a policy's input: a manifest without branch and commit.
  var record: ManifestRecord {
    ManifestRecord(
      path: RepositoryLayout.release(name, version), name: name, version: version.text, created: created,
      digest: .of(facts.bytes(.canonical)), envelopes: envelope.map { [$0] } ?? [])
  }

  /// Reads a release of either type that a runner cache holds.
  ///
  /// - Throws: `ManifestFault` for one that is damaged, or of another name or version.
  init(cached bytes: [UInt8], name: ArtifactName, _ text: String) throws(ManifestFault) {
    let value = try Manifest.value(parsing: bytes)
    guard let kind = value["type"]?.string.flatMap({ ReleaseVersion.Kind(rawValue: $0) }),
      let version = ReleaseVersion(text, kind: kind)
    else { throw ManifestFault("it is not the release \(name):\(text)") }
    try self.init(parsing: bytes, name: name, version: version)
  }

  init(parsing bytes: [UInt8], name: ArtifactName, version: ReleaseVersion) throws(ManifestFault) {
    let value = try Manifest.value(parsing: bytes)
    guard value["format"]?.int == Manifest.formatVersion, value["type"]?.string == version.kind.rawValue,
      value["name"]?.string == name.text, value["version"]?.string == version.text
    else { throw ManifestFault("it is not the release \(name):\(version)") }
    guard let listed = value["files"]?.array, (1...Self.maximumFiles).contains(listed.count),
      let created = value["created"]?.string.flatMap({ RFC3339.seconds($0) })
    else { throw ManifestFault("it has no usable \"files\" or \"created\"") }
    var files: [File] = []
    for entry in listed {
      guard let name = entry["name"]?.string.flatMap({ ArtifactName($0) }),
        let digest = entry["sha256"]?.string.flatMap({ SHA256Digest(hex: $0) }), let size = entry["size"]?.int,
        (0...ManifestLimits.bundle).contains(size), !files.contains(where: { $0.name == name })
      else { throw ManifestFault("one of its files is not usable") }
      files.append(File(name: name, digest: digest, size: size))
    }
    let builder = value["builder"]?.string ?? ""
    guard Manifest.isPlain(builder) else { throw ManifestFault("its \"builder\" is not a plain text") }
    self.init(name: name, version: version, files: files, builder: builder, created: created)
    guard let signed = value["envelope"] else { return }
    guard let envelope = Envelope(parsing: signed) else { throw ManifestFault("its \"envelope\" is not usable") }
    self.envelope = envelope
    // A signature covers every byte except the envelope's.
    guard self.bytes == bytes else { throw ManifestFault("it is signed, and its bytes are not in canonical form") }
  }
}
