public import ContentStore
internal import Digests
public import PythonPackaging
public import SystemSupport

/// The environments of this machine: `unpacked/environments/KEY` of the content store, each made once.
///
/// Losing one costs the making of some links. One whose wheels were removed meanwhile gets them back.
public struct EnvironmentDirectory: Sendable {
  private let wheels: WheelDirectory

  public init(_ store: ContentStore) { wheels = WheelDirectory(store) }

  /// The environment of some wheels under an interpreter, created now if it is missing.
  ///
  /// - Throws: `ZipError`, `SystemCallError`; leaves nothing incomplete.
  public func environment(of wheels: [ResolvedWheel], for interpreter: Interpreter) throws -> PythonEnvironment {
    let key = PythonEnvironment.key(of: wheels, for: interpreter)
    // Its links and scripts contain the path of the store: a moved store creates others.
    var name = CanonicalEncoder()
    name.append(key)
    name.append(self.wheels.root.string)
    let folder = ContentStore.Folder.environment(name.digest)
    let path = self.wheels.store.path(of: folder)
    let environment = PythonEnvironment(path: path, interpreter: interpreter, wheels: wheels, key: key)
    try self.wheels.unpack(wheels)
    // Nobody uses an environment from before the machine's start: its next user creates it again.
    if self.wheels.store.isOlderThanBoot(folder) { try self.wheels.store.discard(folder) }
    if self.wheels.store.uses(folder), FileSystem.exists(path.appending("pyvenv.cfg")),
      FileSystem.isExecutable(environment.python)
    {
      return environment
    }
    let incoming = self.wheels.root.appending("incoming")
    try FileSystem.createDirectories(incoming)
    let made = try FileSystem.makeTemporaryDirectory(prefix: "environment", in: incoming)
    do {
      let tree = EnvironmentTree(at: made, finally: path, interpreter: interpreter, links: .symbolic)
      try tree.build(wheels.map { self.wheels.path(of: $0) })
      try FileSystem.setPermissions(0o755, of: made)
      try replace(path, with: made)
    } catch {
      try? FileSystem.removeTree(made)  // The first error is the one to tell.
      throw error
    }
    return environment
  }

  /// Unpacks wheels and returns their directories, for environments that are stored elsewhere.
  public func folders(of wheels: [ResolvedWheel]) throws -> [FilePath] {
    try self.wheels.unpack(wheels)
    return wheels.map { self.wheels.path(of: $0) }
  }

  private func replace(_ path: FilePath, with made: FilePath) throws {
    try FileSystem.createDirectories(path.removingLastComponent())
    do throws(SystemCallError) {
      try FileSystem.renameWithoutReplacing(made, to: path)
    } catch {
      guard error.errno == .fileExists else { throw error }
      if FileSystem.isExecutable(path.appending("bin/python")) {
        // Another process was first.
        try FileSystem.removeTree(made)
      } else {
        // One whose interpreter is gone.
        try FileSystem.removeTree(path)
        try FileSystem.rename(made, to: path)
      }
    }
  }
}
