internal import ContentStore
import Diagnostics
public import SystemSupport

/// Locks of Kilt's own, for what it needs besides the workspace's packages: in its cache, each made with uv when it is
/// first needed. A lock has the hashes of all that it names, so what is fetched later is what was resolved once.
public struct OwnLock: Sendable {
  private let cache: FilePath
  private let override: IndexConfiguration.Override?
  private var folder: FilePath { cache.appending("tools") }

  /// - Parameters:
  ///   - cache: the root of the content store.
  ///   - override: what the workspace says of indexes, beside pip.
  public init(cache: FilePath, override: IndexConfiguration.Override?) {
    self.cache = cache
    self.override = override
  }

  /// The lock of that name.
  ///
  /// - Parameters:
  ///   - name: `pytest-1`; stands for the requirements.
  ///   - requiresPython: the versions of Python it is made for.
  ///   - python: an interpreter to resolve with.
  ///   - others: further interpreters, one of which may have the pip that knows the index.
  ///   - remedy: what a person can do when it cannot be made.
  /// - Throws: ``LockError`` or `Diagnostic` when it has to be made and cannot.
  public func lockfile(
    _ name: String, of requirements: [Requirement], requiresPython: SpecifierSet, python: Interpreter,
    others: [FilePath], remedy: String
  ) throws -> Lockfile {
    let file = "\(name).lock"
    let path = folder.appending(file)
    ContentStore(root: cache).noteUse(ofLockfile: path)
    if FileSystem.exists(path) { return try LockfileReader.read(file, root: folder) }
    try FileSystem.createDirectories(folder)
    let lock = try FileLock(waitingFor: folder.appending(".\(name).lock"))
    // Another process may have been first.
    let result = Result {
      if FileSystem.exists(path) { return try LockfileReader.read(file, root: folder) }
      do {
        let lockfile = try resolver(python, others).lock(
          LockRequest(requirements: requirements, requiresPython: requiresPython))
        try lockfile.write(to: path)
        return lockfile
      } catch let error as LockError {
        var diagnostic = error.diagnostic
        diagnostic.remedies.append(remedy)
        throw diagnostic
      }
    }
    _ = consume lock
    return try result.get()
  }

  private func resolver(_ python: Interpreter, _ others: [FilePath]) throws -> UvResolver {
    UvResolver(
      uv: try UvTool.find(cache: cache, python: python), python: python,
      index: try IndexConfiguration.ofPip([python.path] + others).overridden(by: override), root: folder)
  }
}
