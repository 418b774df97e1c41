// PythonEnvironments: locked wheels, unpacked once per machine, and environments of links to them.

public import ContentStore
internal import Digests
public import PythonPackaging
internal import Synchronization
public import SystemSupport
internal import Zip

/// The directory of unpacked wheels: `unpacked/wheels/xx/SHA256/{lib,data}` of the content store, each once for all
/// environments.
///
/// `lib` contains the files for `site-packages`, `data/SCHEME` the files for elsewhere (PEP 427, "The .data
/// directory"). A wheel appears under its name when it is complete. Files are read-only, directories are not, so that
/// Python can keep bytecode beside imported modules, for all environments at once.
public struct WheelDirectory: Sendable {
  let root: FilePath
  let store: ContentStore

  public init(_ store: ContentStore) {
    self.store = store
    root = store.root.appending("unpacked")
  }

  /// The directory of a wheel; it need not exist.
  public func path(of wheel: ResolvedWheel) -> FilePath { store.path(of: .wheel(wheel.sha256)) }

  /// Unpacks the missing wheels, on all processors; all wheels then stay until this process ends.
  /// ``ContentStore/isToVerify(_:)`` selects the existing ones that are compared with their wheels first; a damaged one
  /// is unpacked again.
  ///
  /// - Throws: `ZipError` for a damaged wheel, `SystemCallError`; leaves nothing incomplete.
  public func unpack(_ wheels: [ResolvedWheel]) throws {
    let missing = try wheels.filter { wheel in
      guard store.uses(.wheel(wheel.sha256)) else { return true }
      guard store.isToVerify(.wheel(wheel.sha256)) else { return false }
      if try isWhole(wheel.sha256, ZipArchive(path: wheel.path, name: wheel.fileName)) {
        store.noteVerified(.wheel(wheel.sha256))
        return false
      }
      try store.discard(.wheel(wheel.sha256))
      return true
    }
    guard !missing.isEmpty else { return }
    let incoming = root.appending("incoming")
    try FileSystem.createDirectories(incoming)
    let scratch = try FileSystem.makeTemporaryDirectory(prefix: "wheels", in: incoming)
    let result = Result { try unpack(missing, in: scratch) }
    // Files that cannot be removed are rubbish without references; the earlier error matters more.
    try? FileSystem.removeTree(scratch)
    try result.get()
  }

  /// Compares every unpacked wheel with its bytes, if the store has them, and removes those that differ.
  ///
  /// - Returns: the number of compared wheels, and the removed directories.
  public func verifyAll() throws -> (checked: Int, removed: [FilePath]) {
    let wheels = root.appending("wheels")
    guard FileSystem.exists(wheels) else { return (0, []) }
    var result: (checked: Int, removed: [FilePath]) = (0, [])
    for prefix in try FileSystem.list(wheels) where prefix.kind == .directory {
      for entry in try FileSystem.list(wheels.appending(prefix.name)) {
        guard let digest = SHA256Digest(hex: entry.name), store.contains(digest) else { continue }
        result.checked += 1
        if try !isWhole(digest, ZipArchive(path: store.path(of: digest), name: entry.name)) {
          try store.discard(.wheel(digest))
          result.removed.append(store.path(of: .wheel(digest)))
        }
      }
    }
    return result
  }

  /// Whether every file of an unpacked wheel matches the wheel, by size and CRC-32.
  private func isWhole(_ digest: SHA256Digest, _ archive: ZipArchive) throws -> Bool {
    let folder = store.path(of: .wheel(digest))
    var places: Set<String> = []
    for member in archive.members where !member.isDirectory {
      let place = Self.place(of: member.name)
      // Of two members with one path, unpacking decided which one exists.
      guard places.insert(place).inserted else { continue }
      let path = folder.pushing(FilePath(place))
      guard let status = try FileSystem.statusIfPresent(of: path), status.kind == .file else { return false }
      if status.size != Int64(member.size) {
        if archive.members.contains(where: { $0.name != member.name && Self.place(of: $0.name) == place }) { continue }
        return false
      }
      guard status.size > 0 else { continue }
      let file = try MappedFile(path)
      // The mapping has to outlive the check.
      if withExtendedLifetime(file, { Deflate.crc32(file.bytes) }) != member.crc32 { return false }
    }
    return true
  }

  private func unpack(_ wheels: [ResolvedWheel], in scratch: FilePath) throws {
    var jobs: [Job] = []
    for (index, wheel) in wheels.enumerated() {
      let archive = try ZipArchive(path: wheel.path, name: wheel.fileName)
      let folder = scratch.appending("\(index)")
      var folders: Set<FilePath> = [folder.appending("lib")]
      for member in archive.members where !member.isDirectory {
        let path = folder.pushing(FilePath(Self.place(of: member.name)))
        folders.insert(path.removingLastComponent())
        jobs.append(Job(archive: archive, member: member, path: path))
      }
      for folder in folders.sorted(by: { $0.string < $1.string }) { try FileSystem.createDirectories(folder) }
    }
    // The largest first, so that none is left for the end.
    jobs.sort { $0.member.size > $1.member.size }
    let work = jobs
    let failure = Mutex<(any Error)?>(nil)
    performInParallel(count: work.count) { index in
      guard failure.withLock({ $0 == nil }) else { return }
      do { try work[index].run() } catch { failure.withLock { $0 = $0 ?? error } }
    }
    if let error = failure.withLock({ $0 }) { throw error }
    for (index, wheel) in wheels.enumerated() { try publish(scratch.appending("\(index)"), as: path(of: wheel)) }
  }

  /// Gives a finished directory its name. The first process wins: both have the same contents.
  private func publish(_ made: FilePath, as place: FilePath) throws {
    try FileSystem.createDirectories(place.removingLastComponent())
    do throws(SystemCallError) {
      try FileSystem.renameWithoutReplacing(made, to: place)
    } catch {
      if error.errno != .fileExists { throw error }
    }
  }

  /// The path of a wheel's member below the wheel's directory.
  static func place(of member: String) -> String {
    let parts = member.split(separator: "/", maxSplits: 2).map(String.init)
    guard parts.count == 3, parts[0].hasSuffix(".data") else { return "lib/" + member }
    switch parts[1] {
    case "purelib", "platlib": return "lib/" + parts[2]
    case "headers":
      let project = parts[0].dropLast(".data".count).split(separator: "-").dropLast().joined(separator: "-")
      return "data/headers/\(project)/\(parts[2])"
    default: return "data/\(parts[1])/\(parts[2])"
    }
  }

  /// A member to write.
  private struct Job: Sendable {
    var archive: ZipArchive
    var member: ZipMember
    var path: FilePath

    func run() throws {
      let bytes = try archive.contents(of: member)
      let permissions: FilePermissions =
        member.isExecutable
        ? [.ownerReadExecute, .groupReadExecute, .otherReadExecute] : [.ownerRead, .groupRead, .otherRead]
      let file: FileDescriptor
      do throws(SystemCallError) {
        file = try FileSystem.open(path, .writeOnly, options: [.create, .exclusiveCreate], permissions: permissions)
      } catch {
        // A file both plain and in `.data/purelib`: an installer keeps one of them too.
        if error.errno == .fileExists { return }
        throw error
      }
      defer { FileSystem.close(file) }
      try FileSystem.write(bytes, to: file, path: path)
    }
  }
}
