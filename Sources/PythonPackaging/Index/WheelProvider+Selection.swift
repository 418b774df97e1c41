import ContentStore
import Digests
import JSON
import SystemSupport
import Zip

extension WheelProvider {
  /// A lockfile in which every package that some requirements reach on a target lists its dependencies.
  ///
  /// Returns lockfiles with dependencies unchanged. For others, fetches the reachable wheels, one level of the search
  /// at once, and takes dependencies from their metadata.
  ///
  /// - Parameter path: the lockfile's, for messages.
  /// - Throws: ``LockError``, ``IndexError``, `HTTPError`, `ContentStoreError`.
  public func completed(
    _ lock: Lockfile, for requirements: [Requirement], target: PythonPlatform, path: String
  ) throws -> Lockfile {
    if lock.format.hasDependencies { return lock }
    var lock = lock
    var read: Set<LockedPackage> = []
    while true {
      let reached = try lock.subset(of: requirements, for: target, path: path).filter { !read.contains($0) }
      guard !reached.isEmpty else { return lock }
      for (package, wheel) in zip(reached, try wheels(for: reached, target: target)) {
        guard let index = lock.packages.firstIndex(of: package) else { continue }
        lock.packages[index].setDependencies(try dependencies(of: wheel))
        read.insert(lock.packages[index])
      }
    }
  }

  /// No wheel's metadata is larger; descriptions in them are of some hundred kilobytes.
  private static let metadataLimit: UInt64 = 64 << 20

  /// The declared requirements of a wheel; read once for each wheel.
  private func dependencies(of wheel: ResolvedWheel) throws -> [Requirement] {
    if let record = try store.record("wheel-requires-1", wheel.sha256),
      let texts = (try? JSONValue(parsing: record))?.strings
    {
      return try texts.map { try Requirement($0) }
    }
    let archive = try ZipArchive(path: wheel.path, name: wheel.fileName)
    let (name, version) = (wheel.name, wheel.version)
    // A wheel can contain other distributions' directories; its file name identifies its own.
    let member = archive.members.first { member in
      let parts = member.name.split(separator: "/", omittingEmptySubsequences: false)
      guard parts.count == 2, parts[1] == "METADATA", parts[0].hasSuffix(".dist-info") else { return false }
      return PackageName(parts[0].prefix { $0 != "-" }) == name
    }
    func bad(_ reason: String) -> IndexError { .badWheel(file: wheel.fileName, reason: reason) }
    guard let member else { throw bad("it has no METADATA") }
    guard member.size <= Self.metadataLimit else { throw bad("its METADATA has \(member.size) bytes") }
    let text = String(decoding: try archive.contents(of: member), as: UTF8.self)
    let metadata: CoreMetadata
    do throws(CoreMetadata.Failure) {
      metadata = try CoreMetadata(parsing: text)
    } catch .field(let name, let value) {
      throw bad("its metadata has no valid \(name)" + (value.map { ": \"\($0)\"" } ?? ""))
    }
    guard metadata.name == name, Version(version).map({ $0 == metadata.version }) ?? true else {
      throw bad("its metadata is that of \(metadata.name) \(metadata.version)")
    }
    try store.setRecord(
      "wheel-requires-1", wheel.sha256, to: JSONValue.strings(metadata.requiresDist.map(\.description)).bytes())
    return metadata.requiresDist
  }
}
