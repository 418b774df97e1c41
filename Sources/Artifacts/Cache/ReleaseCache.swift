public import Digests
public import SystemSupport

/// The files of a release in a runner cache.
public struct CachedRelease: Sendable, Hashable {
  /// The file; of several files their directory.
  public var path: FilePath
  public var files: [FilePath]
  public var digest: SHA256Digest
}

/// Releases of a host, verified when they were fetched.
///
/// ```
/// releases/NAME/VERSION/release   the release as the artifact repository has it, with its signature
/// releases/NAME/VERSION/stamps    what stat(2) said of each file when its bytes had been verified
/// releases/NAME/VERSION/files/    the files
/// ```
public struct ReleaseCache: Sendable {
  private let root: FilePath

  public init(_ cache: BundleCache) { root = cache.root.appending("releases") }

  /// The cached files of a release; nil if they have to be fetched. A file that somebody wrote to is hashed, and a damaged
  /// release is dropped.
  ///
  /// - Parameter verifying: hash all files in any case.
  public func lookUp(
    _ name: ArtifactName, _ text: String, verifying: Bool = false, trust: TrustContext = .none
  ) throws(ArtifactError) -> CachedRelease? {
    guard let version = ReleaseVersion(text, kind: .static) else { return nil }
    let folder = folder(name, version)
    let record = folder.appending("release")
    guard let bytes = try read(record) else { return nil }
    let release: Release
    do throws(ManifestFault) {
      release = try Release(cached: bytes, name: name, text)
    } catch {
      throw .damagedRecord(path: record.string, reason: error.reason)
    }
    try trust.require(release)
    let stamps = try read(folder.appending("stamps")).map { String(decoding: $0, as: UTF8.self) }
    let current = try Self.stamps(of: release, in: folder)
    if !verifying, stamps == current { return cached(release, folder) }
    for file in release.files {
      let path = folder.appending("files").appending(file.name.text)
      let isRight = try onFiles { () throws(SystemCallError) in
        guard try FileSystem.statusIfPresent(of: path)?.size == file.size else { return false }
        return try SHA256Digest.ofFile(path).digest == file.digest
      }
      guard isRight else {
        try onFiles { () throws(SystemCallError) in try FileSystem.removeTree(folder) }
        return nil
      }
    }
    try onFiles { () throws(SystemCallError) in
      try FileSystem.write(text: try Self.texts(current), to: folder.appending("stamps"))
    }
    return cached(release, folder)
  }

  /// Fetches a release, in a directory of its own that appears when all files are verified.
  public func install(
    _ release: Release, from repository: Repository, trust: TrustContext = .none
  ) throws(ArtifactError) -> CachedRelease {
    try trust.require(release)
    let folder = folder(release.name, release.version)
    let draft = try onFiles { () throws(SystemCallError) in
      try FileSystem.createDirectories(folder.removingLastComponent())
      return try FileSystem.makeTemporaryDirectory(prefix: ".draft", in: folder.removingLastComponent())
    }
    do throws(ArtifactError) {
      let files = draft.appending("files")
      try onFiles { () throws(SystemCallError) in
        try FileSystem.setPermissions(0o755, of: draft)
        try FileSystem.createDirectories(files)
        try FileSystem.write(release.bytes, to: draft.appending("release"))
      }
      try repository.fetch(release, into: files)
      let stamps = try Self.stamps(of: release, in: draft)
      try onFiles { () throws(SystemCallError) in
        try FileSystem.write(text: try Self.texts(stamps), to: draft.appending("stamps"))
        try replace(folder, with: draft)
      }
    } catch {
      try onFiles { () throws(SystemCallError) in try FileSystem.removeTree(draft) }
      throw error
    }
    return cached(release, folder)
  }

  /// Moves a directory to its path. An existing directory is damaged, or another process has just put the same files
  /// there.
  private func replace(_ folder: FilePath, with draft: FilePath) throws(SystemCallError) {
    for attempt in 0..<8 {
      try FileSystem.removeTree(folder)
      do throws(SystemCallError) {
        return try FileSystem.rename(draft, to: folder)
      } catch {
        guard attempt < 7, error.errno == .directoryNotEmpty || error.errno == .fileExists else { throw error }
      }
    }
  }

  private func cached(_ release: Release, _ folder: FilePath) -> CachedRelease {
    let files = release.files.map { folder.appending("files").appending($0.name.text) }
    return CachedRelease(
      path: files.count == 1 ? files[0] : folder.appending("files"), files: files, digest: release.digest)
  }

  private func folder(_ name: ArtifactName, _ version: ReleaseVersion) -> FilePath {
    FilePath("\(root)/\(name)/\(version)")
  }

  /// A line for each file; nil if one is missing.
  private static func stamps(of release: Release, in folder: FilePath) throws(ArtifactError) -> String? {
    var text = ""
    for file in release.files {
      let path = folder.appending("files").appending(file.name.text)
      let status = try onFiles { () throws(SystemCallError) in try FileSystem.statusIfPresent(of: path) }
      guard let status, status.kind == .file else { return nil }
      text += "\(file.digest) \(status.size) \(status.modificationTime) \(status.changeTime) \(status.inode)\n"
    }
    return text
  }

  private static func texts(_ stamps: String?) throws(SystemCallError) -> String {
    guard let stamps else { throw SystemCallError("stat", nil, .noSuchFileOrDirectory) }
    return stamps
  }

  private func read(_ path: FilePath) throws(ArtifactError) -> [UInt8]? {
    do throws(SystemCallError) {
      return try FileSystem.read(path, limit: ManifestLimits.file)
    } catch {
      if error.isMissing { return nil }
      throw .file(error)
    }
  }
}
