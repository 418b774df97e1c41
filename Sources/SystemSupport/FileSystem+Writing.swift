internal import CSystemShims
internal import Glibc

/// How much a write must survive.
public enum Durability: Sendable {
  /// Readers see the old file or the new one, never a half; a power cut may lose both. For what is large and can be made
  /// again: some file systems (ext4, `auto_da_alloc`) begin to write a file out when it replaces another one by
  /// rename(2), which is waited for; here the two change places.
  case remakeable
  /// Readers see the old file or the new one, never a half; a power cut may lose the new one.
  case atomic
  /// And when the call returns, the new file survives a power cut: file and folder are synced.
  case durable
}

extension FileSystem {
  /// Writes a file through a temporary one beside it and rename(2): readers see the old content or the new.
  ///
  /// On an error nothing is left behind, and what was at the path is as it was.
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

  /// Lets `body` write a temporary file beside `path`, then renames it there. What `body` throws is passed on after
  /// the temporary file is removed.
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

  /// fsync(2) of a folder, so that a rename in it survives a power cut.
  public static func synchronizeDirectory(_ path: FilePath) throws(SystemCallError) {
    let directory = try open(path.isEmpty ? "." : path, .readOnly, options: .directory)
    defer { close(directory) }
    try synchronize(directory, path: path)
  }

  /// Copies `length` bytes from the current position of one file to that of another, in the kernel where it can
  /// (copy_file_range(2)), through a buffer where it cannot. A source that ends early gives `EIO`.
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
        // Different file systems, old kernels, files of a kind that has no such copy.
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
