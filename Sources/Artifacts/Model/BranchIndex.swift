public import Digests
import JSON

/// The newest published commit of each artifact on a branch, for one artifact platform.
///
/// Publishers read it once to learn which file belongs to which inputs, and write it once after all manifests. Readers
/// resolve `NAME@BRANCH` with it. It is neither signed nor immutable: no start relies on it alone.
public struct BranchIndex: Sendable, Hashable {
  /// A file that was uploaded, and the inputs that it was built from.
  public struct Packed: Sendable, Hashable {
    public var inputs: SHA256Digest
    /// The commit whose manifest has the segments.
    public var commit: Commit
    public var digest: SHA256Digest
    /// Bytes.
    public var size: Int64

    public init(inputs: SHA256Digest, commit: Commit, digest: SHA256Digest, size: Int64) {
      self.inputs = inputs
      self.commit = commit
      self.digest = digest
      self.size = size
    }
  }

  /// One artifact on the branch.
  public struct Entry: Sendable, Hashable {
    /// The newest commit that it is published for.
    public var commit: Commit
    /// The files of its last builds, newest first: a revert finds the file that it goes back to.
    public var packed: [Packed]

    public init(commit: Commit, packed: [Packed]) {
      self.commit = commit
      self.packed = packed
    }
  }

  public static let rememberedBuilds = 4
  static let limit = 64 << 20

  public var branch: BranchName
  public var platform: ArtifactPlatform
  public var entries: [ArtifactName: Entry] = [:]

  public init(branch: BranchName, platform: ArtifactPlatform) {
    self.branch = branch
    self.platform = platform
  }

  /// The file that was built from these inputs; nil if none is remembered.
  public func packed(_ name: ArtifactName, inputs: SHA256Digest) -> Packed? {
    entries[name]?.packed.first { $0.inputs == inputs }
  }

  /// Records that an artifact was published for a commit.
  ///
  /// - Parameter isNewer: whether the commit comes after another one on the branch.
  public mutating func record(
    _ name: ArtifactName, commit: Commit, packed: Packed, isNewer: (_ than: Commit) -> Bool
  ) {
    var entry = entries[name] ?? Entry(commit: commit, packed: [])
    if entry.commit != commit, isNewer(entry.commit) { entry.commit = commit }
    entry.packed.removeAll { $0.inputs == packed.inputs }
    entry.packed.insert(packed, at: 0)
    entry.packed = Array(entry.packed.prefix(Self.rememberedBuilds))
    entries[name] = entry
  }
}

extension BranchIndex {
  var bytes: [UInt8] {
    let artifacts = entries.sorted { $0.key < $1.key }.map { name, entry in
      (
        name.text,
        JSONValue.members([
          "commit": .string(entry.commit.text),
          "packed": .array(
            entry.packed.map {
              .members([
                "inputs": .string($0.inputs.hex), "commit": .string($0.commit.text), "tree": .string($0.digest.hex),
                "size": .int($0.size),
              ])
            }),
        ])
      )
    }
    return JSONValue.members([
      "format": .int(Manifest.formatVersion), "branch": .string(branch.text), "platform": .string(platform.text),
      "artifacts": .object(JSONObject(artifacts)),
    ]).bytes(.compact)
  }

  init(parsing bytes: [UInt8], branch: BranchName, platform: ArtifactPlatform) throws(ManifestFault) {
    let value: JSONValue
    do throws(JSONError) { value = try JSONValue(parsing: bytes) } catch { throw ManifestFault("\(error)") }
    guard value["format"]?.int == Manifest.formatVersion, value["branch"]?.string == branch.text,
      value["platform"]?.string == platform.text, let artifacts = value["artifacts"]?.object
    else { throw ManifestFault("it is not the index of \(branch) for \(platform)") }
    self.init(branch: branch, platform: platform)
    for (name, value) in artifacts {
      guard let name = ArtifactName(name), let commit = value["commit"]?.string.flatMap({ Commit($0) }),
        let listed = value["packed"]?.array
      else { throw ManifestFault("its entry \(quoted(name)) is not usable") }
      let packed = listed.compactMap { entry -> Packed? in
        guard let inputs = entry["inputs"]?.string.flatMap({ SHA256Digest(hex: $0) }),
          let commit = entry["commit"]?.string.flatMap({ Commit($0) }),
          let digest = entry["tree"]?.string.flatMap({ SHA256Digest(hex: $0) }), let size = entry["size"]?.int,
          (0...ManifestLimits.bundle).contains(size)
        else { return nil }
        return Packed(inputs: inputs, commit: commit, digest: digest, size: size)
      }
      entries[name] = Entry(commit: commit, packed: packed)
    }
  }
}
