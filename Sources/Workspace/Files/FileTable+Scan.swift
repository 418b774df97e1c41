internal import BuildFiles
internal import Diagnostics
internal import Glibc
internal import Synchronization
public import SystemPackage
internal import SystemSupport

extension FileTable {
  /// What a scan leaves out besides what `.gitignore` files say: hidden directories, `dist` at the root, bytecode.
  static let alwaysIgnored = [".*/", "/dist/", "__pycache__/", "*.pyc"]

  /// Lists a workspace's files on two threads, level by level, leaving out what is ignored.
  ///
  /// Links to files are files; links to directories are not followed. Names that are not UTF-8 are left out: no target
  /// could name them.
  ///
  /// - Parameter ignore: further rules, in the form of `.gitignore`.
  /// - Throws: `SystemCallError` when the root can not be read. A directory below that can not be read is left out.
  public static func scan(root: FilePath, ignore: [String] = []) throws -> FileTable {
    let descriptor = try FileSystem.open(root, .readOnly, options: .directory)
    defer { FileSystem.close(descriptor) }
    let own = IgnoreScope(parent: nil, directory: "", rules: IgnoreRules(lines: alwaysIgnored + ignore))
    var level = [Found(path: "", scope: own)]
    var listings: [Listing] = []
    while !level.isEmpty {
      let current = level
      let results = Mutex<[(listing: Listing, directories: [Found])?]>(Array(repeating: nil, count: current.count))
      // More than a directory at a time a thread: most are small.
      let batch = max(1, min(64, current.count / 4))
      performInParallel(count: (current.count + batch - 1) / batch, threads: 2) { part in
        var done: [(Int, (Listing, [Found]))] = []
        for index in (part * batch)..<min(current.count, (part + 1) * batch) {
          if let result = list(current[index], root: descriptor.rawValue) { done.append((index, result)) }
        }
        results.withLock { results in for (index, result) in done { results[index] = result } }
      }
      level = []
      for case let result? in results.withLock({ $0 }) {
        listings.append(result.listing)
        level += result.directories
      }
    }
    if listings.isEmpty { throw SystemCallError("openat", root, Errno.permissionDenied) }
    return FileTable(listings)
  }

  private struct Found: Sendable {
    var path: String
    var scope: IgnoreScope
  }

  /// Reads one directory and sorts what is in it.
  private static func list(_ found: Found, root: CInt) -> (Listing, [Found])? {
    let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
    let descriptor = openat(root, found.path.isEmpty ? "." : found.path, flags)
    guard descriptor >= 0 else { return nil }
    guard let directory = fdopendir(descriptor) else {
      Glibc.close(descriptor)
      return nil
    }
    defer { closedir(directory) }
    var files: [String] = []
    var names: [String] = []
    while let entry = readdir(directory) {
      guard let name = name(of: entry), name != ".", name != ".." else { continue }
      switch Int(entry.pointee.d_type) {
      case Int(DT_REG): files.append(name)
      case Int(DT_DIR): names.append(name)
      case Int(DT_LNK), Int(DT_UNKNOWN):
        var status = stat()
        guard fstatat(descriptor, name, &status, 0) == 0 else { continue }
        let kind = status.st_mode & S_IFMT
        if kind == S_IFREG { files.append(name) }
        if kind == S_IFDIR, Int(entry.pointee.d_type) == Int(DT_UNKNOWN) { names.append(name) }
      default: continue
      }
    }
    var scope = found.scope
    if files.contains(".gitignore"), let rules = readRules(descriptor) {
      scope = IgnoreScope(parent: scope, directory: found.path, rules: rules)
    }
    files.removeAll { scope.isIgnored(path: Paths.join(found.path, $0), name: $0, isDirectory: false) }
    let directories = names.compactMap { name -> Found? in
      let path = Paths.join(found.path, name)
      return scope.isIgnored(path: path, name: name, isDirectory: true) ? nil : Found(path: path, scope: scope)
    }
    return (Listing(path: found.path, files: files), directories)
  }

  private static func name(of entry: UnsafeMutablePointer<dirent>) -> String? {
    withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
      String(validating: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
  }

  private static func readRules(_ directory: CInt) -> IgnoreRules? {
    let descriptor = openat(directory, ".gitignore", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { Glibc.close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16384)
    while true {
      let count = buffer.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else { break }
      bytes += buffer[..<count]
    }
    return IgnoreRules(text: String(decoding: bytes, as: UTF8.self))
  }
}
