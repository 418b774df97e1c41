import Glibc
package import SystemSupport

/// Files below a task's directories, read for the web pages.
///
/// A task can put anything into its sandbox, links included. Each name is opened below the directory before it with
/// `O_NOFOLLOW` (openat(2)), so that nothing outside is ever reached.
package struct SandboxFiles {
  private let root: String
  private let calls: FileCalls

  package init(root: String) { self.init(root: root, calls: .system) }

  init(root: String, calls: FileCalls) {
    self.root = root
    self.calls = calls
  }

  package struct Entry: Sendable, Hashable {
    package var name: String
    package var isDirectory: Bool
    package var size: Int64

    package init(name: String, isDirectory: Bool, size: Int64) {
      self.name = name
      self.isDirectory = isDirectory
      self.size = size
    }
  }

  package enum Content: Sendable {
    case directory([Entry])
    /// A file, open for reading.
    case file(SandboxFile)
  }

  package static let largestFolder = 2000

  /// Returns the file or folder at a path such as `a/b`; nil if there is no ordinary file or folder below the root.
  ///
  /// - Throws: when the system does not say, such as without a free descriptor: the file can exist then.
  package func content(at path: String) throws(SystemCallError) -> Content? {
    var descriptor = calls.open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return try nothing(-descriptor, "open", root) }
    var isKept = false
    defer { if !isKept { close(descriptor) } }
    for component in path.split(separator: "/") {
      if component == "." || component == ".." || component.utf8.contains(0) { return nil }
      // O_NONBLOCK: a named pipe must not hold this thread.
      let next = calls.openBelow(descriptor, String(component), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
      guard next >= 0 else { return try nothing(-next, "openat", path) }
      close(descriptor)
      descriptor = next
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw SystemCallError("fstat", FilePath(path), Errno(rawValue: errno))
    }
    switch status.st_mode & S_IFMT {
    case S_IFDIR: return .directory(try entries(of: descriptor, path))
    case S_IFREG:
      isKept = true
      return .file(SandboxFile(descriptor: descriptor))
    default: return nil
    }
  }

  /// Nil when the error of a call says that the path has no file that a reader could get; throws every other error.
  private func nothing(_ code: Int32, _ call: String, _ path: String) throws(SystemCallError) -> Content? {
    switch code {
    case ENOENT, ENOTDIR, ELOOP, ENXIO, ENODEV, ENAMETOOLONG: return nil
    default: throw SystemCallError(call, FilePath(path), Errno(rawValue: code))
    }
  }

  private func entries(of descriptor: CInt, _ path: String) throws(SystemCallError) -> [Entry] {
    let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
    guard copy >= 0 else { throw SystemCallError("fcntl", FilePath(path), Errno(rawValue: errno)) }
    guard let directory = fdopendir(copy) else {
      let code = errno
      close(copy)
      throw SystemCallError("fdopendir", FilePath(path), Errno(rawValue: code))
    }
    defer { closedir(directory) }
    var entries: [Entry] = []
    while entries.count < Self.largestFolder {
      errno = 0
      guard let entry = readdir(directory) else {
        guard errno == 0 else { throw SystemCallError("readdir", FilePath(path), Errno(rawValue: errno)) }
        break
      }
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if name == "." || name == ".." { continue }
      var status = stat()
      guard fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
      let kind = status.st_mode & S_IFMT
      if kind != S_IFDIR, kind != S_IFREG { continue }
      entries.append(Entry(name: name, isDirectory: kind == S_IFDIR, size: Int64(status.st_size)))
    }
    return entries.sorted { $0.name < $1.name }
  }
}

/// An open file of a sandbox. It is read in pieces, so that a large one costs no more memory than a small one.
package final class SandboxFile: Sendable {
  private let descriptor: CInt

  init(descriptor: CInt) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// The bytes from `offset` on, at most `limit`; empty at the end.
  package func read(at offset: Int64, limit: Int = 1 << 15) throws(SystemCallError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: limit)
    let count = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, limit, off_t(offset)) }
    guard count >= 0 else { throw SystemCallError("pread", nil, Errno(rawValue: errno)) }
    bytes.removeLast(limit - count)
    return bytes
  }
}
