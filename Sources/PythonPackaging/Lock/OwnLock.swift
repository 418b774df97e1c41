internal import ContentStore
import Diagnostics
public import SystemSupport

/// Kilt's own lockfiles, for packages that it needs besides the workspace's: in its cache, each created with uv at its
/// first use. A lockfile has the hashes of all its files, so later downloads equal the first resolution.
public struct OwnLock: Sendable {
  private let cache: FilePath
  private let override: IndexConfiguration.Override?
  private var folder: FilePath { cache.appending("tools") }

  /// - Parameters:
  ///   - cache: the root of the content store.
  ///   - override: the workspace's settings of indexes, besides pip.
  public init(cache: FilePath, override: IndexConfiguration.Override?) {
    self.cache = cache
    self.override = override
  }

  /// The lockfile of that name.
  ///
  /// - Parameters:
  ///   - name: `pytest-1`; identifies the requirements.
  ///   - requiresPython: the supported versions of Python.
  ///   - python: an interpreter to resolve with.
  ///   - others: further interpreters, one of which can have the pip that knows the index.
  ///   - remedy: the user's remedy if it cannot be created.
  /// - Throws: ``LockError`` or `Diagnostic` if it has to be created and cannot.
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
    // Another process can have been first.
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
