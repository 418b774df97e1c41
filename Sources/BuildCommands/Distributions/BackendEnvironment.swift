internal import BuildFiles
internal import ContentStore
internal import Diagnostics
internal import Digests
internal import PythonPackaging
internal import SystemSupport
internal import TargetGraph
internal import Zip

/// The packages that build backends need, as a tree for an interpreter and a list of requirements: the wheels of a lock,
/// which has their hashes, unpacked. The lock is the workspace's, when that has them all, or else one of Kilt's own.
/// So a build itself needs no network and gets none.
struct BackendEnvironment {
  var store: ContentStore
  var wheels: PlatformWheels
  /// The lockfile of the workspace's default resolve, from the workspace root.
  var lockfile: String?

  private static let namespace = "build-environment-2"

  /// The unpacked packages.
  ///
  /// - Parameter requires: as in `[build-system]`.
  /// - Throws: `Diagnostic` when they cannot be locked or fetched.
  func tree(_ requires: [String], constraints: [String], for target: Target) throws -> FileTree {
    if requires.isEmpty { return FileTree() }
    let wanted = try requires.map { text in
      do {
        return try Requirement(text)
      } catch {
        throw Diagnostic(
          .input, "invalid requirement \"\(text)\" for the build of \"\(target.address)\": \(error)",
          at: target.declaration.site.location(), notes: ["the requirement is in [build-system] of its pyproject.toml"])
      }
    }
    let interpreter = try wheels.interpreter(constraints)
    let platform = PythonPlatform(interpreter)
    let found = try wheels.wheels(of: try packages(wanted, platform, interpreter, target), for: platform)
    var key = CanonicalEncoder()
    key.append(list: found) { encoder, wheel in
      encoder.append(wheel.fileName)
      encoder.append(wheel.sha256)
    }
    if let root = try store.record(Self.namespace, key.digest).flatMap({ BlobReference(record: $0) }),
      let tree = try store.tree(root)
    {
      return tree
    }
    let tree = try unpacked(found)
    try store.setRecord(Self.namespace, key.digest, to: try store.put(tree).record)
    return tree
  }

  /// The resolved requirements, in the workspace's lockfile or in one of Kilt's own.
  private func packages(
    _ wanted: [Requirement], _ platform: PythonPlatform, _ interpreter: Interpreter, _ target: Target
  ) throws -> [LockedPackage] {
    if let lockfile, let lock = try? wheels.lock(lockfile),
      wanted.allSatisfy({ requirement in lock.packages.contains { $0.name == requirement.name } })
    {
      // One that has other versions than those that are required is as good as none.
      if let packages = try? wheels.lock(lockfile, for: wanted, on: platform)
        .subset(of: wanted, for: platform, path: lockfile)
      {
        return packages
      }
    }
    let version = interpreter.facts.version.release.prefix(2).map { "\($0)" }.joined(separator: ".")
    var name = CanonicalEncoder()
    name.append(strings: wanted.map { "\($0)" }.sorted())
    name.append(version)
    let lockName = "build-\(name.digest.hex.prefix(32))"
    let lock = try OwnLock(cache: store.root, override: wheels.indexOverride).lockfile(
      lockName, of: wanted, requiresPython: SpecifierSet("==\(version).*") ?? SpecifierSet(), python: interpreter,
      others: wheels.interpreters().map(\.path),
      remedy:
        "\"\(target.address)\" needs them for its build: add them to the requirements of the workspace and run `kilt lock`"
    )
    return try lock.subset(of: wanted, for: platform, path: "the lock of Kilt's cache for \"\(target.address)\"")
  }

  /// The files of wheels that are importable, in the store.
  private func unpacked(_ wheels: [ResolvedWheel]) throws -> FileTree {
    var tree = FileTree()
    for wheel in wheels {
      let archive = try ZipArchive(path: wheel.path, name: wheel.fileName)
      for member in archive.members where !member.isDirectory {
        guard let place = Self.place(of: member.name), tree[place] == nil else { continue }
        let bytes = try archive.contents(of: member)
        try store.put(bytes)
        try tree.insert(.file(.of(bytes), isExecutable: member.isExecutable), at: place)
      }
    }
    return tree
  }

  /// The path of a member on `sys.path` (PEP 427, "The .data directory"); nil for scripts and data.
  private static func place(of member: String) -> String? {
    let parts = member.split(separator: "/", maxSplits: 2).map(String.init)
    guard parts.count == 3, parts[0].hasSuffix(".data") else { return member }
    return ["purelib", "platlib"].contains(parts[1]) ? parts[2] : nil
  }
}
