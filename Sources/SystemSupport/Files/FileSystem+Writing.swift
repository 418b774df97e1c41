internal import CSystemShims
internal import Glibc

/// The events that a write must survive.
public enum Durability: Sendable {
  /// Readers see the old file or the new file, never a mix; a power cut can lose both. For large files that can be
  /// created again. Some file systems (ext4, `auto_da_alloc`) write a file out when it replaces another by rename(2),
  /// and rename waits for that. This mode exchanges the two files instead.
  case remakeable
  /// Readers see the old file or the new file, never a mix; a power cut can lose the new file.
  case atomic
  /// As above, and when the call returns, the new file survives a power cut: file and directory are synced.
  case durable
}

extension FileSystem {
  /// Writes a file through a temporary file beside it and rename(2): readers see the old content or the new content.
  ///
  /// On an error, no temporary file is left, and the file at the path is unchanged.
  public static func write(
    _ bytes: [UInt8], to path: FilePath, permissions: UInt32 = 0o644, durability: Durability = .atomic
  ) throws(SystemCallError) {
    try replace(path, permissions: permissions, durability: durability) { file throws(SystemCallError) in
      try write(bytes, to: file, path: path)
    }
  }

  /// Writes a text; see ``write(_:to:permissions:durability:)``.
  public static func write(
    text: String, to path: FilePath, permissions: UInt32 = 0o644, durability: Durability = .atomic
  ) throws(SystemCallError) {
    try write(Array(text.utf8), to: path, permissions: permissions, durability: durability)
  }

  /// Lets `body` write a temporary file beside `path`, then renames it there. If `body` throws, removes the temporary
  /// file and rethrows.
  public static func replace<Result>(
    _ path: FilePath, permissions: UInt32 = 0o644, durability: Durability = .atomic,
    _ body: (FileDescriptor) throws(SystemCallError) -> Result
  ) throws(SystemCallError) -> Result {
    let replacement = try FileReplacement(of: path, permissions: permissions)
    let result = try body(replacement.file)
    try replacement.commit(durability)
    return result
  }

  /// Writes all bytes to a descriptor.
  public static func write(
    _ bytes: UnsafeRawBufferPointer, to file: FileDescriptor, path: FilePath? = nil
  ) throws(SystemCallError) {
    var rest = bytes
    while !rest.isEmpty {
      let count = try retryingOnInterrupt("write", path) { Glibc.write(file.rawValue, rest.baseAddress, rest.count) }
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
    }
  }

  /// Writes all bytes to a descriptor.
  public static func write(
    _ bytes: [UInt8], to file: FileDescriptor, path: FilePath? = nil
  ) throws(SystemCallError) {
    let outcome: Result<Void, SystemCallError> = bytes.withUnsafeBytes { buffer in
      do throws(SystemCallError) { return .success(try write(buffer, to: file, path: path)) } catch {
        return .failure(error)
      }
    }
    try outcome.get()
  }

  /// fsync(2).
  public static func synchronize(_ file: FileDescriptor, path: FilePath? = nil) throws(SystemCallError) {
    try retryingOnInterrupt("fsync", path) { fsync(file.rawValue) }
  }

  /// Syncs a directory (fsync(2)), so that a rename in it survives a power cut.
  public static func synchronizeDirectory(_ path: FilePath) throws(SystemCallError) {
    let directory = try open(path.isEmpty ? "." : path, .readOnly, options: .directory)
    defer { close(directory) }
    try synchronize(directory, path: path)
  }

  /// Copies `length` bytes from the current position of one file to the current position of another, in the kernel if
  /// possible (copy_file_range(2)), otherwise through a buffer. Throws `EIO` if the source ends early.
  public static func copyBytes(
    from source: FileDescriptor, to target: FileDescriptor, length: Int
  ) throws(SystemCallError) {
    var rest = length
    while rest > 0 {
      let count = kilt_copy_file_range(source.rawValue, target.rawValue, min(rest, 1 << 30))
      if count > 0 {
        rest -= count
      } else if count == 0 {
        return try copyThroughBuffer(from: source, to: target, length: rest)
      } else {
        let error = SystemCallError.current("copy_file_range")
        // Different file systems, old kernels, or kinds of files without such a copy.
        let unsupported: [CInt] = [EXDEV, EINVAL, ENOSYS, EOPNOTSUPP, EPERM, EBADF]
        if unsupported.contains(error.errno.rawValue) {
          return try copyThroughBuffer(from: source, to: target, length: rest)
        }
        if error.errno != .interrupted { throw error }
      }
    }
  }

  private static func copyThroughBuffer(
    from source: FileDescriptor, to target: FileDescriptor, length: Int
  ) throws(SystemCallError) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: min(length, 1 << 18), alignment: 4096)
    defer { buffer.deallocate() }
    var rest = length
    while rest > 0 {
      let count = try read(source, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(rest, buffer.count)]))
      if count == 0 { throw SystemCallError("copy", nil, .ioError) }
      try write(UnsafeRawBufferPointer(rebasing: buffer[..<count]), to: target)
      rest -= count
    }
  }

  /// Copies a file's bytes to a new file, atomically, sharing extents where the file system can (FICLONE of
  /// ioctl_ficlonerange(2)).
  public static func copyFile(
    _ source: FilePath, to path: FilePath, permissions: UInt32 = 0o644, durability: Durability = .atomic
  ) throws(SystemCallError) {
    let file = try open(source, .readOnly)
    defer { close(file) }
    let size = Int(try status(of: file).size)
    try replace(path, permissions: permissions, durability: durability) { target throws(SystemCallError) in
      if kilt_clone_file(target.rawValue, file.rawValue) == 0 { return }
      try copyBytes(from: file, to: target, length: size)
    }
  }
}
