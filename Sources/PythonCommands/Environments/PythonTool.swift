internal import BuildCommands
internal import Diagnostics
internal import PythonPackaging
internal import SystemSupport
internal import Workspace

/// A distribution that Kilt itself needs beside the code: taken from the workspace's lock when that has it, else from a
/// small lock of Kilt's own in its cache, which is made when it is first needed.
enum PythonTool: String, CaseIterable {
  case pytest
  case coverage

  var packageName: PackageName {
    guard let name = PackageName(rawValue) else { preconditionFailure("the names of tools are names") }
    return name
  }

  /// What is asked for where the workspace's lock does not have it.
  private var requirement: String {
    switch self {
    case .pytest: "pytest>=7,<10"
    case .coverage: "coverage>=7,<8"
    }
  }

  /// The lock of Kilt's own, resolved with uv the first time.
  ///
  /// - Throws: ``LockError`` when it has to be made and can not, `Diagnostic`.
  func ownLock(cache: FilePath, finder: InterpreterFinder, python: Interpreter) throws -> Lockfile {
    let folder = cache.appending("tools")
    let name = "\(rawValue)-1.lock"
    let path = folder.appending(name)
    if FileSystem.exists(path) { return try LockfileReader.read(name, root: folder) }
    try FileSystem.createDirectories(folder)
    let lock = try FileLock(waitingFor: folder.appending(".\(rawValue).lock"))
    // Another process may have been first.
    let result = Result {
      FileSystem.exists(path)
        ? try LockfileReader.read(name, root: folder) : try makeLock(path, cache: cache, finder: finder, python: python)
    }
    _ = consume lock
    return try result.get()
  }

  private func makeLock(
    _ path: FilePath, cache: FilePath, finder: InterpreterFinder, python: Interpreter
  ) throws -> Lockfile {
    let index = try IndexConfiguration.ofPip([python.path] + finder.all().map(\.path))
    let resolver = UvResolver(
      uv: try UvTool.find(cache: cache, python: python), python: python, index: index,
      root: path.removingLastComponent())
    do {
      let request = LockRequest(
        requirements: [try Requirement(requirement)], requiresPython: SpecifierSet(">=3.8") ?? SpecifierSet())
      let lockfile = try resolver.lock(request)
      try lockfile.write(to: path)
      return lockfile
    } catch let error as LockError {
      var diagnostic = error.diagnostic
      diagnostic.remedies.append(
        "add \(rawValue) to the workspace's requirements and run kilt lock: it is then taken from there")
      throw diagnostic
    }
  }
}
