import ContentStore
import Digests
import JSON
import SystemSupport
import Zip

extension WheelProvider {
  /// A lock in which every package that some requirements reach on a target says what it depends on.
  ///
  /// Locks that have dependencies are returned as they are. Of the others, the wheels that are reached are fetched, a
  /// level of the search at once, and their metadata tells.
  ///
  /// - Parameter path: the lockfile's, for messages.
  /// - Throws: ``LockError``, ``IndexError``, `HTTPError`, `ContentStoreError`.
  public func completed(
    _ lock: Lockfile, for requirements: [Requirement], target: PythonTarget, path: String
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

  /// What a wheel says that it requires; read once for each wheel.
  private func dependencies(of wheel: ResolvedWheel) throws -> [Requirement] {
    if let record = try store.record("wheel-requires-1", wheel.sha256),
      let texts = (try? JSONValue(parsing: record))?.strings
    {
      return try texts.map { try Requirement($0) }
    }
    let archive = try ZipArchive(path: wheel.path, name: wheel.fileName)
    let member = archive.members.first { member in
      let parts = member.name.split(separator: "/")
      return parts.count == 2 && parts[0].hasSuffix(".dist-info") && parts[1] == "METADATA"
    }
    guard let member else { throw IndexError.badWheel(file: wheel.fileName, reason: "it has no METADATA") }
    let text = String(decoding: try archive.contents(of: member), as: UTF8.self)
    let metadata: CoreMetadata
    do throws(CoreMetadata.Failure) {
      metadata = try CoreMetadata(parsing: text)
    } catch .field(let name, let value) {
      throw IndexError.badWheel(
        file: wheel.fileName, reason: "its metadata has no valid \(name)" + (value.map { ": \"\($0)\"" } ?? ""))
    }
    try store.setRecord(
      "wheel-requires-1", wheel.sha256, to: JSONValue.strings(metadata.requiresDist.map(\.description)).bytes())
    return metadata.requiresDist
  }
}
