import DirectoryTrust
import Glibc
import JSON
public import SystemSupport
import Zip

/// Unpacks a bundle's wheels and code into a host's store, where its first start looks for them. Does the same as
/// `kilt_unpack.py`, twice as fast. The start still creates the tree, because it knows its interpreter.
///
/// It is never needed: a start unpacks missing files.
public struct BundleUnpacker: Sendable {
  let archive: ZipArchive
  private let id: String
  /// The wheels' keys by file name.
  private let wheels: [String: String]
  private let root: FilePath

  /// The store of this process's environment, as the script in front of a bundle works it out: `PEX_ROOT`, the user's
  /// cache, or nil where there is neither.
  public static var standardRoot: FilePath? {
    func value(_ name: String) -> String? { environmentVariable(name).flatMap { $0.isEmpty ? nil : $0 } }
    let root: FilePath? =
      if let pexRoot = value("PEX_ROOT") {
        FilePath(pexRoot).appending("kilt")
      } else if let cache = value("XDG_CACHE_HOME") ?? value("HOME").map({ $0 + "/.cache" }) {
        FilePath(cache).appending("kilt/runtime")
      } else {
        nil
      }
    return root.flatMap { $0.isAbsolute ? $0 : nil }
  }

  /// - Returns: nil for a file that is not a Kilt bundle, and for one whose wheels depend on the host's interpreter.
  /// - Throws: `ZipError` for a damaged file, `SystemCallError` for one that cannot be opened.
  public init?(_ bundle: FilePath, root: FilePath) throws {
    archive = try ZipArchive(path: bundle)
    self.root = root
    guard let member = archive.member(named: "PEX-INFO") else { return nil }
    let info = try JSONValue(parsing: try archive.contents(of: member))
    guard let kilt = info["kilt"], kilt["platforms"] == nil, let id = kilt["id"]?.string, Self.isHexadecimal(id),
      let names = kilt["wheels"]?.array?.compactMap(\.string), let keys = info["distributions"]
    else { return nil }
    self.id = id
    var wheels: [String: String] = [:]
    for name in names {
      guard let key = keys[name]?.string, Self.isHexadecimal(key) else { return nil }
      wheels[name] = key
    }
    self.wheels = wheels
  }

  /// The part that becomes the name of a directory.
  private static func isHexadecimal(_ text: String) -> Bool {
    text.utf8.count >= 40 && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
  }

  /// Unpacks the missing parts of the store. Leaves an unusable store to the start, which has another.
  /// - Returns: the number of written files.
  public func unpack() throws -> Int {
    let isNew = try createRoot()
    guard try DirectoryTrust.refusal(of: root, variable: "PEX_ROOT") == nil else { return 0 }
    if isNew { try vouch() }
    guard Self.isUsable(root, native: wheels.keys.contains { !$0.hasSuffix("-any.whl") }) else { return 0 }
    let home = root.appending("bundles").appending(id)
    try FileSystem.createDirectories(home)
    let incoming = root.appending("incoming")
    try FileSystem.createDirectories(incoming)
    // The lock of the boot code: one start, or this, at a time.
    let lock = try FileLock(waitingFor: home.appending("lock"))
    let count = try fill(home, incoming)
    _ = consume lock
    return count
  }

  /// Creates the store: closed to others, so that a program can write bytecode into it with any umask. Everybody can
  /// read root's store.
  /// - Returns: whether it did not exist.
  private func createRoot() throws(SystemCallError) -> Bool {
    if FileSystem.exists(root) { return false }
    try FileSystem.createDirectories(root.removingLastComponent())
    if root.withPlatformString({ mkdir($0, geteuid() == 0 ? 0o1755 : 0o1700) }) == 0 { return true }
    guard errno == EEXIST else { throw SystemCallError("mkdir", root, Errno(rawValue: errno)) }
    return false
  }

  /// Leaves the file with which starts prove a store that others could not change (`kilt_trust.py`). Without it, the first
  /// start checks everything in the store.
  private func vouch() throws {
    let file = FilePath(root.string + "/owned.\(getpid())")
    try FileSystem.write(text: root.string + "\n", to: file)
    try FileSystem.setPermissions(0o444, of: file)
    try FileSystem.rename(file, to: root.appending("owned"))
  }

  private func fill(_ home: FilePath, _ incoming: FilePath) throws -> Int {
    var made: [(temporary: FilePath, place: FilePath)] = []
    do {
      var targets: [String: FilePath] = [:]
      for (name, key) in wheels {
        let place = root.appending("wheels").appending(key)
        guard !FileSystem.exists(place) else { continue }
        let temporary = try FileSystem.makeTemporaryDirectory(prefix: "native", in: incoming)
        made.append((temporary, place))
        targets[name] = temporary
        try FileSystem.createDirectories(temporary.appending("lib"))
      }
      let code = home.appending("code")
      var codeTarget: FilePath?
      if !FileSystem.exists(code) {
        let temporary = try FileSystem.makeTemporaryDirectory(prefix: "native", in: incoming)
        made.append((temporary, code))
        codeTarget = temporary
      }
      let count = try MemberUnpacker(archive: archive).write(places(wheels: targets, code: codeTarget))
      for (temporary, place) in made { try publish(temporary, at: place) }
      return count
    } catch {
      for (temporary, _) in made where FileSystem.exists(temporary) { try FileSystem.removeTree(temporary) }
      throw error
    }
  }

  private static func isUsable(_ root: FilePath, native: Bool) -> Bool {
    var status = statvfs()
    guard access(root.string, W_OK | X_OK) == 0, statvfs(root.string, &status) == 0 else { return false }
    return status.f_flag & UInt(ST_RDONLY) == 0 && !(native && status.f_flag & 8 != 0)
  }

  private func publish(_ temporary: FilePath, at place: FilePath) throws {
    try FileSystem.createDirectories(place.removingLastComponent())
    chmod(temporary.string, 0o755)
    do throws(SystemCallError) {
      try FileSystem.rename(temporary, to: place)
    } catch {
      // Another bundle's start was first with a wheel of both.
      guard FileSystem.exists(place) else { throw error }
      try FileSystem.removeTree(temporary)
    }
  }
}
