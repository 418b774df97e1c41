public import ContentStore
import Digests
import HTTPClient
import JSON
import Synchronization
public import SystemSupport

/// Turns locked packages into wheels on this machine: taken from the content store, fetched, or built from source.
///
/// Nothing is asked of pip or of the network while everything is in the store.
public final class WheelProvider: Sendable {
  private let store: ContentStore
  private let interpreters: @Sendable () -> [FilePath]
  private let configured: IndexConfiguration?
  private let index = Mutex<PackageIndex?>(nil)
  /// Files that are fetched at a time.
  private static let concurrency = 8

  /// - Parameters:
  ///   - index: where packages come from; nil asks pip when something has to be fetched.
  ///   - interpreters: those that may have pip, asked for only then.
  public init(
    store: ContentStore, index: IndexConfiguration? = nil, interpreters: @escaping @Sendable () -> [FilePath]
  ) {
    self.store = store
    configured = index
    self.interpreters = interpreters
  }

  /// The wheels of some packages for a target, in the order of the packages.
  ///
  /// - Throws: the first error in that order: ``IndexError``, `HTTPError`, `ContentStoreError`.
  public func wheels(for packages: [LockedPackage], target: PythonTarget) throws -> [ResolvedWheel] {
    let choices = try packages.map { try $0.choose(for: target) }
    let missing = choices.indices.filter { index in
      if case .wheel(let file, _) = choices[index] { !store.contains(file.sha256) } else { true }
    }
    guard !missing.isEmpty else { return try choices.indices.map { try inStore(packages[$0], choices[$0]) } }
    let outcomes = HTTPClient().concurrently(missing.count, maxConcurrency: Self.concurrency) { position in
      try self.provide(packages[missing[position]], choices[missing[position]], target)
    }
    var made: [Int: ResolvedWheel] = [:]
    for (position, outcome) in zip(missing, outcomes) { made[position] = try outcome.get() }
    return try choices.indices.map { try made[$0] ?? inStore(packages[$0], choices[$0]) }
  }

  private func provide(
    _ package: LockedPackage, _ choice: LockedPackage.Choice, _ target: PythonTarget
  ) throws -> ResolvedWheel {
    switch choice {
    case .wheel(let file, _):
      try packageIndex().fetch(file, of: package.name)
      return try inStore(package, choice)
    case .build(let file):
      return try build(file, of: package, for: target)
    }
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
      let new = PackageIndex(try configured ?? IndexConfiguration.ofPip(interpreters()), store: store)
      index = new
      return new
    }
  }

  // MARK: Source distributions

  /// Builds a source distribution in isolation with pip. The wheel is remembered for the same interpreter and platform.
  private func build(_ file: LockedFile, of package: LockedPackage, for target: PythonTarget) throws -> ResolvedWheel {
    guard let interpreter = target.interpreter else {
      throw IndexError.notFound(file: file.name, lookedAt: [])
    }
    var key = CanonicalEncoder()
    key.append(file.sha256)
    key.append(strings: interpreter.facts.abis + [target.environment[.pythonFullVersion], target.platform.description])
    if let record = try store.record("built-wheel-1", key.digest), let json = try? JSONValue(parsing: record),
      let name = json["name"]?.string, let digest = json["sha256"]?.string.flatMap({ SHA256Digest(hex: $0) }),
      store.contains(digest)
    {
      return try resolved(package, name, digest)
    }
    if !store.contains(file.sha256) { try packageIndex().fetch(file, of: package.name) }
    let folder = try FileSystem.makeTemporaryDirectory(prefix: "kilt-build")
    // What can not be removed is left to whoever cleans temporary folders.
    defer { try? FileSystem.removeTree(folder) }
    let source = folder.appending(file.name)
    try FileSystem.copyFile(store.path(of: file.sha256), to: source)
    let output = folder.appending("wheels")
    let arguments = ["-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", output.string, source.string]
    let outcome = try Subprocess(
      interpreter.path.string, arguments, workingDirectory: folder, deadlineMilliseconds: 1_800_000
    ).run()
    let built = outcome.termination.isSuccess ? try FileSystem.list(output).map(\.name) : []
    guard let name = built.first(where: { WheelFileName($0)?.name == package.name }) else {
      throw IndexError.buildFailed(
        file: file.name, notes: outcome.errorText.split(separator: "\n").suffix(20).map { Self.redacted($0) })
    }
    let digest = try store.put(file: output.appending(name))
    let json = JSONValue.members(["name": .string(name), "sha256": .string(digest.hex)])
    try store.setRecord("built-wheel-1", key.digest, to: json.bytes())
    return try resolved(package, name, digest)
  }

  private func resolved(_ package: LockedPackage, _ name: String, _ digest: SHA256Digest) throws -> ResolvedWheel {
    let path = store.path(of: digest)
    return ResolvedWheel(
      name: package.name, version: package.version, fileName: name, path: path, sha256: digest,
      size: try FileSystem.status(of: path).size)
  }

  private static func redacted(_ line: Substring) -> String {
    line.split(separator: " ", omittingEmptySubsequences: false).map { word in
      let text = String(word)
      return text.range(of: "://") == nil ? text : redactedURL(text)
    }.joined(separator: " ")
  }
}
