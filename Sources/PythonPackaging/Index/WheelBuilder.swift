import ContentStore
import Digests
import HTTPClient
import JSON
import SystemSupport
import Zip

/// Builds wheels from sources in isolation (PEP 517), once for each source, interpreter and platform.
struct WheelBuilder: Sendable {
  /// Wheels by their source, for this machine.
  private static let namespace = "built-wheel-4"
  /// Wheels by everything that they depend on, for all machines: also the versions of build requirements, and for
  /// compiled wheels the packages of the system.
  private static let sharedNamespace = "built-wheel-shared-1"
  let store: ContentStore
  /// The workspace's root, at which local paths begin.
  let root: FilePath
  /// What pip is told about indexes, when that is not its own configuration.
  let environment: [String: String]
  /// The isolation of sources' code from everything else.
  let isolation: @Sendable () -> BuildIsolation
  /// Called with the commit of a git reference.
  let pinned: @Sendable (String) -> Void

  /// The subject of a build.
  enum Source {
    case archive(LockedFile)
    case project(PackageSource)
  }

  /// The wheel of a source for a target.
  ///
  /// - Parameter fetch: brings an archive into the store when it is not there.
  /// - Throws: ``IndexError``, `SystemCallError`, `ContentStoreError`.
  func wheel(
    of source: Source, _ package: LockedPackage, for target: PythonPlatform, fetch: (LockedFile) throws -> Void
  ) throws -> ResolvedWheel {
    guard let interpreter = target.interpreter ?? target.builder else {
      throw IndexError.noWheel(
        package: package.title, target: target.description, wanted: target.shownTags, offered: package.offered,
        hasSource: true)
    }
    var source = source
    if case .project(.gitReference(let url, let reference, let subdirectory, let digest)) = source {
      let commit = try commit(of: reference, at: url, digest: digest, package)
      source = .project(.git(url: url, commit: commit, subdirectory: subdirectory))
    }
    let key = try key(of: source, interpreter)
    if let built = try remembered(key, package) { return try fitting(built, package, target) }
    // One build of a source at a time: the second finds the result of the first.
    try FileSystem.createDirectories(store.root.appending("builds"))
    let lock = try FileLock(waitingFor: store.root.appending("builds/\(key.hex.prefix(16)).lock"))
    let built = try remembered(key, package) ?? build(source, package, interpreter, key: key, fetch: fetch)
    _ = consume lock
    return try fitting(built, package, target)
  }

  private func build(
    _ source: Source, _ package: LockedPackage, _ interpreter: Interpreter, key: SHA256Digest,
    fetch: (LockedFile) throws -> Void
  ) throws -> ResolvedWheel {
    let start = monotonicNanoseconds()
    let folder = try FileSystem.canonicalPath(FileSystem.makeTemporaryDirectory(prefix: "kilt-build"))
    // What cannot be removed is left to whoever cleans temporary folders.
    defer { try? FileSystem.removeTree(folder) }
    let build = SourceBuild(
      interpreter: interpreter, isolation: isolation(), folder: folder, pipEnvironment: environment,
      title: package.title)
    try FileSystem.createDirectories(build.workFolder)
    let place: FilePath
    switch source {
    case .archive(let file):
      if !store.contains(file.sha256) { try fetch(file) }
      // Named as it is known, for messages.
      let archive = folder.appending("archive").appending(FilePath(file.name).lastComponent?.string ?? "source")
      try FileSystem.createDirectories(archive.removingLastComponent())
      try FileSystem.copyFile(store.path(of: file.sha256), to: archive)
      place = try build.unpack(archive)
    case .project(.git(let url, let commit, let subdirectory)):
      let clone = try GitCheckout(url: url, commit: commit).checkOut(
        to: build.workFolder.appending("source"), package.title)
      place = subdirectory.map { clone.pushing(FilePath($0)) } ?? clone
    case .project(.gitReference(let url, _, _, _)):
      throw IndexError.sourceFailed(
        package: package.title, source: redactedURL(url), notes: ["it does not name a commit"])
    case .project(.path(let path)):
      // A copy, because builds write into the directory.
      place = build.workFolder.appending("source")
      try copyTree(root.pushing(FilePath(path)), to: place)
    case .project(.archive(let url)):
      throw IndexError.sourceFailed(
        package: package.title, source: redactedURL(url), notes: ["the lockfile has no hash of it"])
    }
    let prepared = try build.prepare(place)
    let keys = try sharedKeys(key, prepared)
    if let known = try shared(keys, package) {
      let json = JSONValue.members(["name": .string(known.fileName), "sha256": .string(known.sha256.hex)])
      try store.setRecord(Self.namespace, key, to: json.bytes())
      return known
    }
    let wheel = try build.wheel(of: prepared)
    let name = wheel.lastComponent?.string ?? ""
    guard WheelFileName(name)?.name == package.name else {
      throw IndexError.buildFailed(file: package.title, notes: ["it became \(name)"])
    }
    // What is no zip file is not kept; the error says so.
    _ = try ZipArchive(path: wheel, name: name)
    let built = (name: name, digest: try store.put(file: wheel))
    let json = JSONValue.members(["name": .string(built.name), "sha256": .string(built.digest.hex)])
    try store.setRecord(Self.namespace, key, to: json.bytes())
    let isPure = WheelFileName(built.name)?.tags.allSatisfy { $0.platform == "any" } == true
    if let shared = store.shared, shared.takesOffers, let key = isPure ? keys.pure : keys.compiled {
      let size = try FileSystem.status(of: store.path(of: built.digest)).size
      var record = SharedRecord(
        Self.sharedNamespace, key, value: json.bytes(), blobs: [BlobReference(built.digest, size: size)],
        milliseconds: Int64((monotonicNanoseconds() - start) / 1_000_000), name: package.title)
      if case .none = build.isolation { record.withheld = .noSandbox }
      shared.offer(record, from: store)
    }
    return try resolved(package, built.name, built.digest)
  }

  /// The keys of a wheel for all machines. A compiled wheel depends on compilers and libraries of the system as well:
  /// without a list of its packages, such a wheel is not shared.
  private func sharedKeys(
    _ key: SHA256Digest, _ prepared: SourceBuild.Prepared
  ) throws -> (pure: SHA256Digest?, compiled: SHA256Digest?) {
    guard store.shared != nil else { return (nil, nil) }
    var pure = CanonicalEncoder()
    pure.append(key)
    pure.append(prepared.requirements)
    var compiled = pure
    compiled.append("system packages")
    guard try FileSystem.statusIfPresent(of: Self.systemPackages, followingLinks: true) != nil else {
      return (pure.digest, nil)
    }
    compiled.append(try SHA256Digest.ofFile(Self.systemPackages).digest)
    return (pure.digest, compiled.digest)
  }

  /// dpkg's list of installed packages, with their versions.
  private static let systemPackages: FilePath = "/var/lib/dpkg/status"

  /// A wheel that another machine has built with the same build requirements.
  private func shared(
    _ keys: (pure: SHA256Digest?, compiled: SHA256Digest?), _ package: LockedPackage
  ) throws -> ResolvedWheel? {
    let keys = [keys.pure, keys.compiled].compactMap { $0 }
    store.prefetch(Self.sharedNamespace, keys)
    for key in keys {
      if let wheel = try remembered(key, package, in: Self.sharedNamespace) { return wheel }
    }
    return nil
  }

  /// The commit that a reference stands for: asked of the repository once for each lock, so that every later build has the
  /// same.
  private func commit(
    of reference: String?, at url: String, digest: String, _ package: LockedPackage
  ) throws -> String {
    var key = CanonicalEncoder()
    key.append(strings: [url, reference ?? "", digest])
    if let record = try store.record("git-reference-1", key.digest),
      let commit = (try? JSONValue(parsing: record))?.string,
      PackageSource.isCommit(commit)
    {
      return commit
    }
    let commit = try GitCheckout.commit(of: reference, at: url, package.title)
    try store.setRecord("git-reference-1", key.digest, to: JSONValue.string(commit).bytes())
    pinned(
      "\(package.title) is \(reference ?? "HEAD") of \(redactedURL(url)), now \(commit): its lockfile has no commit")
    return commit
  }

  /// The inputs of the wheel's bytes that are known before its build requirements are installed.
  private func key(of source: Source, _ interpreter: Interpreter) throws -> SHA256Digest {
    var key = CanonicalEncoder()
    switch source {
    case .archive(let file): key.append(file.sha256)
    case .project(.path(let path)):
      key.append("folder")
      key.append(try treeDigest(root.pushing(FilePath(path))))
    case .project(let source): key.append(source.text)
    }
    let facts = interpreter.facts
    key.append(strings: facts.abis + [facts.environment[.pythonFullVersion], facts.platform.description])
    key.append(strings: SourceBuild.compilerVariables)
    return key.digest
  }

  private func remembered(
    _ key: SHA256Digest, _ package: LockedPackage, in namespace: String = Self.namespace
  ) throws -> ResolvedWheel? {
    // The key of this machine's own record lacks the versions of build requirements.
    try store.value(namespace, key, asksOthers: namespace == Self.sharedNamespace) { record in
      guard let json = try? JSONValue(parsing: record), let name = json["name"]?.string,
        WheelFileName(name)?.name == package.name,
        let digest = json["sha256"]?.string.flatMap({ SHA256Digest(hex: $0) })
      else { return nil }
      do throws(ContentStoreError) { try store.require(digest) } catch { return nil }
      return try resolved(package, name, digest)
    }
  }

  /// A wheel built for another machine serves there only when its tags say so.
  private func fitting(
    _ wheel: ResolvedWheel, _ package: LockedPackage, _ target: PythonPlatform
  ) throws -> ResolvedWheel {
    guard target.interpreter == nil, WheelFileName(wheel.fileName).flatMap({ target.tags.rank($0) }) == nil else {
      return wheel
    }
    throw IndexError.builtForOther(
      package: package.title, wheel: wheel.fileName, target: target.description, wanted: target.shownTags)
  }

  private func resolved(_ package: LockedPackage, _ name: String, _ digest: SHA256Digest) throws -> ResolvedWheel {
    let path = store.path(of: digest)
    return ResolvedWheel(
      name: package.name, version: WheelFileName(name)?.version.description ?? package.version, fileName: name,
      path: path, sha256: digest, size: try FileSystem.status(of: path).size)
  }

  // MARK: Folders

  /// Leftovers of builds, and other files that are not part of a source.
  private static let ignored: Set<String> = [".git", ".hg", ".venv", "__pycache__", ".tox", ".mypy_cache"]

  /// - Parameter isTop: whether it is in the project's own directory, where setuptools builds.
  private static func isIgnored(_ name: String, isTop: Bool) -> Bool {
    ignored.contains(name) || name.hasSuffix(".egg-info") || name.hasSuffix(".pyc") || isTop && name == "build"
  }

  /// The digest of a directory's files: names, relevant modes, contents.
  private func treeDigest(_ folder: FilePath) throws -> SHA256Digest {
    var encoder = CanonicalEncoder()
    func add(_ path: FilePath, _ relative: String) throws {
      for entry in try FileSystem.list(path).sorted(by: { $0.name < $1.name }) {
        guard !Self.isIgnored(entry.name, isTop: relative.isEmpty) else { continue }
        let child = path.appending(entry.name)
        let status = try FileSystem.status(of: child, followingLinks: true)
        encoder.append(relative + entry.name)
        if status.kind == .directory {
          try add(child, relative + entry.name + "/")
        } else {
          encoder.append(status.isExecutable)
          encoder.append(try SHA256Digest.ofFile(child).digest)
        }
      }
    }
    try add(folder, "")
    return encoder.digest
  }

  private func copyTree(_ source: FilePath, to target: FilePath, isTop: Bool = true) throws {
    try FileSystem.createDirectories(target)
    for entry in try FileSystem.list(source) where !Self.isIgnored(entry.name, isTop: isTop) {
      let from = source.appending(entry.name), to = target.appending(entry.name)
      let status = try FileSystem.status(of: from, followingLinks: true)
      if status.kind == .directory {
        try copyTree(from, to: to, isTop: false)
      } else {
        try FileSystem.copyFile(from, to: to, permissions: status.isExecutable ? 0o755 : 0o644)
      }
    }
  }
}

/// A line of a tool's output, without the credentials of URLs.
func redactedLine(_ line: some StringProtocol) -> String {
  line.split(separator: " ", omittingEmptySubsequences: false).map { word in
    let text = String(word)
    return text.range(of: "://") == nil ? text : redactedURL(text)
  }.joined(separator: " ")
}
