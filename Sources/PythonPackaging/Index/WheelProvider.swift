public import ContentStore
import Digests
import HTTPClient
import Synchronization
public import SystemSupport

/// Turns locked packages into wheels on this machine: taken from the content store, fetched, or built from source.
///
/// Asks neither pip nor the network while everything is in the store.
public final class WheelProvider: Sendable {
  let store: ContentStore
  private let root: FilePath
  private let interpreters: @Sendable () -> [FilePath]
  private let configured: IndexConfiguration?
  private let override: IndexConfiguration.Override?
  private let index = Mutex<PackageIndex?>(nil)
  private let isolation: Mutex<BuildIsolation?>
  private let pinned = Mutex<[String]>([])
  /// Wheels that were chosen before they were in the store, with their packages.
  private let chosen = Mutex<[SHA256Digest: (file: LockedFile, package: LockedPackage)]>([:])
  /// Files that are fetched at a time.
  private static let concurrency = 8

  /// - Parameters:
  ///   - root: the workspace's, the base of local paths in lockfiles.
  ///   - index: the sources of packages; nil asks pip when something has to be fetched.
  ///   - override: the workspace's settings of indexes, besides pip.
  ///   - isolation: the isolation of builds; nil determines it at the first build.
  ///   - interpreters: those that can have pip, called only then.
  public init(
    store: ContentStore, root: FilePath, index: IndexConfiguration? = nil,
    override: IndexConfiguration.Override? = nil, isolation: BuildIsolation? = nil,
    interpreters: @escaping @Sendable () -> [FilePath]
  ) {
    self.store = store
    self.root = root
    configured = index
    self.override = override
    self.isolation = Mutex(isolation)
    self.interpreters = interpreters
  }

  /// The wheels of some packages for a target, in the order of the packages.
  ///
  /// - Throws: the first error in that order: ``IndexError``, `HTTPError`, `ContentStoreError`.
  public func wheels(for packages: [LockedPackage], target: PythonPlatform) throws -> [ResolvedWheel] {
    let packages = try packages.map { try named($0) }
    let choices = try packages.map { try $0.choose(for: target) }
    let missing = choices.indices.filter { index in
      if case .wheel(let file, _) = choices[index] { !store.contains(file.sha256) } else { true }
    }
    guard !missing.isEmpty else { return try choices.indices.map { try inStore(packages[$0], choices[$0]) } }
    let outcomes = HTTPClient().concurrently(missing.count, maxConcurrency: Self.concurrency) { position in
      try self.provide(packages[missing[position]], choices[missing[position]], target)
    }
    var made: [Int: ResolvedWheel] = [:]
    for (index, outcome) in zip(missing, outcomes) { made[index] = try outcome.get() }
    return try choices.indices.map { try made[$0] ?? inStore(packages[$0], choices[$0]) }
  }

  /// The wheels of some packages for a target, in the order of the packages. Wheels of the lockfile can be missing from
  /// the store: call ``fetch(_:)`` before opening one. Builds sources, because only the build knows the wheel.
  ///
  /// - Throws: as ``wheels(for:target:)``.
  public func chosenWheels(for packages: [LockedPackage], target: PythonPlatform) throws -> [ResolvedWheel] {
    let packages = try packages.map { try named($0) }
    let choices = try packages.map { try $0.choose(for: target) }
    let sources = choices.indices.filter { if case .wheel = choices[$0] { false } else { true } }
    var built: [Int: ResolvedWheel] = [:]
    let outcomes = HTTPClient().concurrently(sources.count, maxConcurrency: Self.concurrency) { position in
      try self.provide(packages[sources[position]], choices[sources[position]], target)
    }
    for (index, outcome) in zip(sources, outcomes) { built[index] = try outcome.get() }
    return try choices.indices.map { index in
      if let wheel = built[index] { return wheel }
      guard case .wheel(let file, _) = choices[index], !store.contains(file.sha256) else {
        return try inStore(packages[index], choices[index])
      }
      chosen.withLock { $0[file.sha256] = (file, packages[index]) }
      return ResolvedWheel(
        name: packages[index].name, version: packages[index].version, fileName: file.name,
        path: store.path(of: file.sha256), sha256: file.sha256, size: file.size ?? 0)
    }
  }

  /// Brings chosen wheels into the store.
  ///
  /// - Throws: as ``wheels(for:target:)``.
  public func fetch(_ wheels: [ResolvedWheel]) throws {
    let missing = chosen.withLock { chosen in
      wheels.compactMap { wheel in store.contains(wheel.sha256) ? nil : chosen[wheel.sha256] }
    }
    let outcomes = HTTPClient().concurrently(missing.count, maxConcurrency: Self.concurrency) { index in
      try self.fetch(missing[index].file, of: missing[index].package)
    }
    for outcome in outcomes { try outcome.get() }
  }

  private func provide(
    _ package: LockedPackage, _ choice: LockedPackage.Choice, _ target: PythonPlatform
  ) throws -> ResolvedWheel {
    switch choice {
    case .wheel(let file, _):
      try fetch(file, of: package)
      return try inStore(package, choice)
    case .build(let file): return try build(.archive(file), package, target)
    case .project(let source): return try build(.project(source), package, target)
    }
  }

  private func build(
    _ source: WheelBuilder.Source, _ package: LockedPackage, _ target: PythonPlatform
  ) throws -> ResolvedWheel {
    let builder = WheelBuilder(
      store: store, root: root, environment: configured?.pipEnvironment() ?? [:],
      isolation: { self.usableIsolation() }, pinned: { line in self.pinned.withLock { $0.append(line) } })
    return try builder.wheel(of: source, package, for: target) { try self.fetch($0, of: package) }
  }

  private func usableIsolation() -> BuildIsolation {
    isolation.withLock { known in
      let usable = known ?? BuildIsolation.detect()
      known = usable
      return usable
    }
  }

  /// The commits of git references that a lockfile names instead of commits, as far as they were unknown.
  public var pinnedReferences: [String] { pinned.withLock(\.self) }

  /// Why sources were built without a sandbox, once one was; nil otherwise.
  public var missingIsolation: String? {
    isolation.withLock { if case .none(let reason)? = $0 { reason } else { nil } }
  }

  /// Brings a file into the store: from the workspace, from its own URL, or from the index.
  private func fetch(_ file: LockedFile, of package: LockedPackage) throws {
    // The lockfile has the digest, so it does not matter who has the file.
    if let shared = store.shared, !package.isInWorkspace {
      if shared.supplyFile(file.sha256, into: store) { return }
      try fetchFromSource(file, of: package)
      return shared.offerFile(file.sha256, from: store)
    }
    try fetchFromSource(file, of: package)
  }

  private func fetchFromSource(_ file: LockedFile, of package: LockedPackage) throws {
    switch package.source {
    case .path(let path):
      let place = root.pushing(FilePath(path)).removingLastComponent().appending(file.name)
      try packageIndex().fetch(file, from: place)
    case .archive(let url): try packageIndex().fetch(file, fromURL: url)
    case .git, .gitReference, nil: try packageIndex().fetch(file, of: package.name)
    }
  }

  /// A package whose files have names. An index is asked once which of its files have the hashes of the lock.
  private func named(_ package: LockedPackage) throws -> LockedPackage {
    guard !package.unnamedFiles.isEmpty else { return package }
    var key = CanonicalEncoder()
    key.append(package.name.text)
    key.append(list: package.unnamedFiles) { $0.append($1) }
    var result = package
    if let record = try store.record("named-files-1", key.digest), let files = LockedFile.list(record) {
      result.files = files
    } else {
      result.files = try packageIndex().files(of: package)
      try store.setRecord("named-files-1", key.digest, to: LockedFile.record(result.files))
    }
    result.unnamedFiles = []
    return result
  }

  private func inStore(_ package: LockedPackage, _ choice: LockedPackage.Choice) throws -> ResolvedWheel {
    guard case .wheel(let file, _) = choice else {
      throw IndexError.notFound(file: package.name.text, lookedAt: [])
    }
    let path = store.path(of: file.sha256)
    return ResolvedWheel(
      name: package.name, version: package.version, fileName: file.name, path: path, sha256: file.sha256,
      size: try FileSystem.status(of: path).size)
  }

  /// The index, with pip asked once. Others wait for the answer instead of asking too.
  private func packageIndex() throws -> PackageIndex {
    try index.withLock { index in
      if let index { return index }
      let new = PackageIndex(
        try configured ?? IndexConfiguration.ofPip(interpreters()).overridden(by: override), store: store)
      index = new
      return new
    }
  }
}

extension LockedPackage {
  /// Whether its files are in the workspace.
  fileprivate var isInWorkspace: Bool { if case .path? = source { true } else { false } }
}
